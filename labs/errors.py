"""Everything the lab engine can refuse or fail with.

    LabError                     a sentence that a student can act on
    ├── UnknownLabError          there is no such lab
    ├── BadParameterError        a name, a value, a combination or an amount that cannot be run
    ├── BadPermalinkError        a "lab:..." string that cannot be read
    ├── ClusterError             LABS_CLUSTER is set and cannot be used
    ├── LabCancelled             stopped on request
    ├── LabTimeout               over the time limit
    ├── LabOutOfMemory           over the memory limit
    └── LabCrashed               the run, or the process it lived in, broke

The first four are raised before anything runs; the others end a run that had started. Each message says what
was wrong, what was received, what is allowed and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class LabError(Exception):
    """Anything that a lab refuses or fails with; `str(error)` is fit for a student to read."""


class UnknownLabError(LabError):
    def __init__(self, lab_id: str, known: Iterable[str]) -> None:
        self.lab_id = lab_id
        super().__init__(f"There is no lab called {_shown(lab_id)}; try one of: {', '.join(sorted(known))}.")


class BadParameterError(LabError):
    """Says which field, what was received, and what is allowed; `field` is None for a whole combination."""

    def __init__(
        self, message: str, *, field: str | None = None, value: Any = None, allowed: str | None = None
    ) -> None:
        self.field, self.value, self.allowed = field, value, allowed
        super().__init__(message)

    @classmethod
    def out_of_range(
        cls, lab_id: str, field: str, value: Any, allowed: str, instead: str
    ) -> BadParameterError:
        message = (
            f"{field}={_shown(value)} does not fit the {lab_id} lab: it must be {allowed}; try {instead}."
        )
        return cls(message, field=field, value=value, allowed=allowed)


class BadPermalinkError(LabError):
    def __init__(self, text: str, why: str) -> None:
        super().__init__(
            f"{_shown(text)} is not a lab link, because {why}; write it like "
            f"lab:bandit?epsilons=[0,0.1]&seed=7."
        )


class ClusterError(LabError):
    pass


class LabCancelled(LabError):  # noqa: N818 - the end of a run, not a mistake
    def __init__(self, message: str = "The run was stopped before it finished.") -> None:
        super().__init__(message)


class LabTimeout(LabError):  # noqa: N818
    pass


class LabOutOfMemory(LabError):  # noqa: N818
    pass


class LabCrashed(LabError):  # noqa: N818
    pass


def _shown(value: Any) -> str:
    """A received value as it goes into a sentence: short, whatever was sent."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:56]}...{text[-1]}"
