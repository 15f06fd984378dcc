"""What can go wrong in the tutor, sorted by who can put it right.

    TutorError
    ├── SettingsError            a setting has a bad value                    -> whoever set it
    ├── LibraryError             the course cannot be opened or built         -> the message
    ├── CourseError              the course cannot be changed in that way     -> the teacher
    ├── SessionError             a conversation cannot be named, read, saved  -> the message
    │   └── DatabaseAwayError    the database server does not answer          -> a moment's patience
    ├── BackupError              a back-up cannot be made, or not be restored -> the message
    ├── MessageError             a chat message is empty or far too long      -> the student
    ├── ClosingError             the tutor is ending and takes nothing new    -> the student
    └── ModelError               no answer can be had from the chat model
        ├── BadSpecError         the name of the model cannot be understood   -> whoever typed it
        ├── ModelUnavailable     a model on this computer cannot be loaded    -> the message
        └── ProviderError        a model behind a network address failed      -> the message
            └── MissingKeyError  no key for it was given

Every message is one clear sentence (two where the way out needs its own) that may be shown to a student as it
is. Where an arrow points to the message, the message says what to do. Vendors' exceptions are mapped in
the file of the vendor and kept as `__cause__`. A key never enters a message.
"""

from __future__ import annotations


class TutorError(Exception):
    """Base of everything that the tutor raises on purpose."""


class SettingsError(TutorError):
    """A setting has a value that cannot be used."""


class ModelError(TutorError):
    """The chat model cannot be had, or stopped in the middle."""


class BadSpecError(ModelError):
    """A model was named in a way that cannot be understood."""

    def __init__(self, received: str, problem: str = "does not name a model") -> None:
        super().__init__(
            f"{received!r} {problem}. Use openai:NAME, hf:ORG/NAME, hf:FOLDER, gguf:NAME, gguf:FILE, none "
            "or auto."
        )


class ModelUnavailable(ModelError):  # noqa: N818 - reads as the state it is
    """A model that runs on this computer is missing, damaged or too big."""


class ProviderError(ModelError):
    """A model server refused, failed or could not be reached."""


class MissingKeyError(ProviderError):
    """A model needs a key and none is set."""

    def __init__(self, provider: str, variable: str) -> None:
        super().__init__(f"{provider} needs an API key. Set {variable}, or pick another model.")


class BackupError(TutorError):
    """A back-up cannot be written, is damaged, or would overwrite what is there."""


class SessionError(TutorError):
    """A conversation cannot be named, read or saved."""


class DatabaseAwayError(SessionError):
    """The server that keeps the conversations cannot be reached, or went away in the middle."""

    def __init__(self) -> None:
        super().__init__(
            "The database that keeps the conversations does not answer just now. What was said before is safe there; "
            "wait a moment and try again."
        )


class MessageError(TutorError):
    """A chat message that cannot be worked on: empty or far too long."""


class ClosingError(TutorError):
    """The tutor is ending: what is under way is finished, and nothing new is begun."""

    def __init__(self) -> None:
        super().__init__(
            "The tutor is about to be restarted, so it begins nothing new. Wait a minute, then send this again."
        )


class LibraryError(TutorError):
    """The course's knowledge base cannot be opened, built or waited for."""


class CourseError(TutorError):
    """What a teacher asked for cannot be done to the course: a file or a folder that is of no use."""
