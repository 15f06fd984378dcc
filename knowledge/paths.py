"""Where the knowledge base and the weights live when nobody says otherwise.

`TUTOR_HOME=<dir>` moves everything below one folder; `TUTOR_INDEX` moves the index alone. A `.env` file
in the current folder counts like the environment, which has the last word.

Several courses live side by side: the default one in the index folder itself, a course with a name in
`courses/NAME` below it (`TUTOR_COURSE`, `--course NAME`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from knowledge.errors import BadCourseNameError, UnknownCourseError

APP = "ml-tutor"
COURSE = Path(__file__).parent / "lectures"
COURSES = "courses"  # folder of the courses with a name
DEFAULT = "default"  # the course without one
_COURSE_NAME = re.compile(r"[^\W_](?:[\w .\-]{0,62}[^\W_])?")


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


def course_folder(index: Path, course: str | None) -> Path:
    """The index of one course; of the default course where none is named. Raises BadCourseNameError."""
    if not course or course == DEFAULT:
        return index
    if not _COURSE_NAME.fullmatch(course):
        raise BadCourseNameError(course)
    return index / COURSES / course


def course_names(index: Path) -> list[str]:
    """The courses that have been ingested, the default one first."""
    named = sorted(folder.parent.name for folder in (index / COURSES).glob("*/CURRENT"))
    return [*([DEFAULT] if (index / "CURRENT").is_file() else []), *named]


def known_course_folder(index: Path, course: str | None) -> Path:
    """As `course_folder`, for reading. Raises UnknownCourseError where no course of that name was ingested."""
    folder = course_folder(index, course)
    if folder != index and not (folder / "CURRENT").is_file():
        raise UnknownCourseError(str(course), course_names(index))
    return folder


def weights_folder(env: Mapping[str, str]) -> Path:
    return cache_folder(env) / "weights"


def _read_env_file(path: Path) -> dict[str, str]:
    from dotenv import dotenv_values  # the reader that pydantic-settings uses: both see the same file alike

    if not path.is_file():
        return {}
    return {name.upper(): value for name, value in dotenv_values(path).items() if value is not None}
