"""Every setting, with its default: read from the environment, then from `.env` in the current folder.

`load_settings()` is called by the two files that construct things (`tutor/cli.py`, `tutor/web/app.py`);
everything else is handed a `Settings`. What each one means to a user is written in `.env.example`, and a test
keeps the two in step. An empty value counts as not set.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from knowledge.errors import BadCourseNameError
from knowledge.paths import DEFAULT, cache_folder, course_folder, data_folder, index_folder, weights_folder
from tutor.errors import SettingsError


def _below(home: Path | None) -> dict[str, str]:
    """The environment that `knowledge.paths` takes the default folders from."""
    return {} if home is None else {"TUTOR_HOME": str(home)}


class Settings(BaseSettings):
    """All settings. Frozen: to change one, call `load_settings` with it."""

    model_config = SettingsConfigDict(
        env_prefix="TUTOR_",
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    # Where things are kept
    home: Path | None = None
    index: Path = Field(default_factory=lambda data: index_folder(_below(data.get("home"))))
    course: str | None = None  # one of several that live beside each other; None: the one without a name
    weights: Path = Field(default_factory=lambda data: weights_folder(_below(data.get("home"))))
    database_url: str | None = Field(None, repr=False)  # may hold a password
    chroma_url: str | None = Field(None, repr=False)  # these two may, too

    # The chat model
    model: str = "auto"
    openai_api_key: SecretStr | None = Field(None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(None, validation_alias="OPENAI_BASE_URL", repr=False)
    openai_model: str | None = None
    tool_calls: Literal["auto", "yes", "no"] = "auto"
    context_tokens: int | None = Field(None, ge=1024, le=1_048_576)
    threads: int | None = Field(None, ge=1, le=256)
    model_slots: int | None = Field(None, ge=1, le=1024)
    timeout: float = Field(60.0, gt=0, le=3600)
    offline: bool = False

    # The page
    host: str = "127.0.0.1"
    port: int = Field(7860, ge=0, le=65535)
    open: bool = False  # whether others may reach a page that has no passwords
    auth_file: Path | None = None
    messages_per_minute: int = Field(60, ge=0, le=100_000)
    runs_per_minute: int = Field(30, ge=0, le=100_000)
    uploads_per_minute: int = Field(20, ge=0, le=100_000)
    teachers: str = ""  # names, with commas between them, that may change the course once they have signed in

    # Operation
    log: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    metrics: Literal["off", "local", "on"] = "local"
    shutdown_seconds: float = Field(30.0, ge=0, le=3600)
    report: Literal["off", "on"] = "off"

    # Lab runs
    lab_workers: int = Field(1, ge=1, le=64)
    lab_time_limit: float = Field(300.0, gt=0, le=86_400)
    lab_memory_mb: int = Field(4096, ge=256)
    labs_cluster: str | None = Field(None, validation_alias="LABS_CLUSTER")

    @field_validator("home", "index", "weights", "auth_file")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @field_validator("course")
    @classmethod
    def _name(cls, value: str | None) -> str | None:
        try:
            course_folder(Path(), value)
        except BadCourseNameError as error:
            raise ValueError(str(error).partition(": ")[2].rstrip(".")) from None
        return None if value == DEFAULT else value

    @field_validator("openai_base_url", "chroma_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not value.lower().startswith(("http://", "https://")):
            raise ValueError("an address begins with http:// or https://")
        if value is not None:
            try:
                usable = urlsplit(value).hostname and urlsplit(value).port != 0
            except ValueError:
                usable = False
            if not usable:
                raise ValueError("an address names a computer, as in http://localhost:8000/v1")
        return value

    @property
    def data_dir(self) -> Path:
        """For what cannot be fetched again: sessions and the index."""
        return data_folder(_below(self.home))

    @property
    def course_index(self) -> Path:
        """The folder of the knowledge base of the chosen course."""
        return course_folder(self.index, self.course)

    @property
    def teacher_names(self) -> frozenset[str]:
        return frozenset(name.strip() for name in self.teachers.split(",") if name.strip())

    @property
    def cache_dir(self) -> Path:
        """For what can be fetched or made again: model weights, pictures."""
        return cache_folder(_below(self.home))

    @property
    def sessions_url(self) -> str:
        """The database of sessions: the one that was set, else a file in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir / 'sessions.sqlite'}"


def variable(field: str) -> str:
    """The environment variable that sets `field`."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"TUTOR_{field.upper()}"


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; `overrides` (from the command line) win, and None among them means "not given".

    Raises
    ------
    SettingsError
        One sentence that names the variable, what it holds and what is allowed. Keys are not shown.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    unknown = sorted(given.keys() - Settings.model_fields.keys())
    if unknown:
        raise TypeError(f"no such setting: {', '.join(unknown)}")
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None
    except UnicodeDecodeError as error:
        raise SettingsError("The file .env is not UTF-8 text. Save it as UTF-8, or remove it.") from error


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    place = str(first["loc"][0]) if first["loc"] else ""
    fields = Settings.model_fields
    field = next((name for name in fields if place in (name, variable(name))), place)
    message = first["msg"].removeprefix("Value error, ")
    problem = message[:1].lower() + message[1:]
    shown = variable(field) if field in fields else place
    # A name and a password in an address are not shown, nor is anything of a key.
    given = re.sub(r"//[^/\s]*@", "//…@", str(first["input"]))
    received = "" if "key" in field else f" {given[:200]!r}"
    return f"{shown} cannot be{received}: {problem}. Correct it in the environment or in .env."
