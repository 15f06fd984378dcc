"""Where the knowledge base and the weights live when nobody says otherwise.

`TUTOR_HOME=<dir>` moves everything below one folder; `TUTOR_INDEX` moves the index alone. A `.env` file
in the current folder counts like the environment, which has the last word.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs

APP = "ml-tutor"
COURSE = Path(__file__).parent / "lectures"


def environment(folder: Path | None = None) -> dict[str, str]:
    """The `TUTOR_*` variables of `.env` in `folder` (default: the current one), under the real ones."""
    values = _read_env_file((folder or Path.cwd()) / ".env")
    values.update({name.upper(): value for name, value in os.environ.items()})
    return {name: value for name, value in values.items() if name.startswith("TUTOR_") and value}


def data_folder(env: Mapping[str, str]) -> Path:
    if home := env.get("TUTOR_HOME"):
        return Path(home).expanduser() / "data"
    return Path(platformdirs.user_data_dir(APP, appauthor=False))


def cache_folder(env: Mapping[str, str]) -> Path:
    if home := env.get("TUTOR_HOME"):
        return Path(home).expanduser() / "cache"
    return Path(platformdirs.user_cache_dir(APP, appauthor=False))


def index_folder(env: Mapping[str, str]) -> Path:
    if index := env.get("TUTOR_INDEX"):
        return Path(index).expanduser()
    return data_folder(env) / "index"


def weights_folder(env: Mapping[str, str]) -> Path:
    return cache_folder(env) / "weights"


def _read_env_file(path: Path) -> dict[str, str]:
    from dotenv import dotenv_values  # the reader that pydantic-settings uses: both see the same file alike

    if not path.is_file():
        return {}
    return {name.upper(): value for name, value in dotenv_values(path).items() if value is not None}
