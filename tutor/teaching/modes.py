"""How the tutor teaches in one session: explain, Socratic or exam; and whether it asks for a guess before a run.

The choice belongs to the session and is kept in its settings. The chat ("exam mode please"), the command line
(`tutor ask --mode exam`) and the page's settings all come here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tutor.errors import MessageError
from tutor.sessions import SessionStore

EXPLAIN, SOCRATIC, EXAM = "explain", "socratic", "exam"
_MODE, _PREDICT = "mode", "predict"  # the names of the settings


@dataclass(frozen=True)
class Mode:
    """One way to teach. `line` says in one sentence what a student gets."""

    id: str
    title: str
    line: str


MODES: tuple[Mode, ...] = (
    Mode(
        EXPLAIN,
        "Explain",
        "I answer straight away, from the lectures, with hints and worked solutions on request.",
    ),
    Mode(
        SOCRATIC, "Socratic", "I ask you a small question first, and tell you the answer after your attempt."
    ),
    Mode(EXAM, "Exam", "No worked solutions and one nudge at most; a quiz shows your marks at the end."),
)
_BY_ID = {mode.id: mode for mode in MODES}

_NAMES = {
    EXPLAIN: r"explain(?:ing|ation)?|normal|default|standard|usual|teach(?:ing)?",
    SOCRATIC: r"socrat(?:ic|es)|sokratic|socractic|question(?:ing)?",
    EXAM: r"exam(?:ination)?|test",
}
_POLITE = r"(?:(?:please|ok|okay|now|hey|can|could|may|we|i|you|us|me|let's|lets|the|a|an|to|in|into|on|back|want|would|like|use|using|turn|switch|go|change|set|start|begin|enter|put|be|be in|try|my|mode|it|make|activate|do)\s+)*"  # noqa: E501 - one list of words
_TAIL = r"(?:\s+(?:please|now|on|again|from now on|thanks|thank you))*"
_WANTED = {
    mode: re.compile(rf"{_POLITE}(?:{names})[\s-]*(?:mode|style|way|conditions)?{_TAIL}", re.IGNORECASE)
    for mode, names in _NAMES.items()
}
_LEAVES = re.compile(
    r"(?:please\s+)?(?:leave|quit|exit|stop|end|finish|turn off|switch off|no more|no|get out of|out of)\s+"
    r"(?:the\s+|this\s+)?(?:exam|socratic|test)(?:[\s-]*mode)?"
    rf"{_TAIL}|(?:the\s+)?exam is over",
    re.IGNORECASE,
)
_PREDICT_ON = re.compile(
    r"(?:please\s+)?(?:always\s+)?(?:let me|i want to|i would like to|i'd like to|can i|may i)\s+(?:always\s+)?"
    r"(?:predict|guess)(?:\s+(?:first|before (?:each|every|a) run|before (?:you|we) run(?: it| them)?"
    r"|every time|always))*"
    r"|(?:turn|switch) (?:on )?(?:the )?(?:predictions?|guess(?:es|ing)?)(?: mode)?(?: on)?"
    r"|predict first|predict before (?:each|every) run|predict(?:ion)? mode(?: on)?(?: please)?",
    re.IGNORECASE,
)
_PREDICT_OFF = re.compile(
    r"(?:please\s+)?(?:(?:turn|switch) (?:off )?(?:the )?(?:predictions?|predicting|guess(?:es|ing)?)"
    r"(?: mode)?(?: off)?"
    r"|(?:stop|no more|don't|do not|no)\s+(?:asking\s+(?:me\s+)?(?:for\s+)?(?:to\s+)?)?(?:my\s+|the\s+)?"
    r"(?:predict(?:ions?|ing)?|guess(?:es|ing)?)(?:\s+first)?(?: mode)?|just run (?:it|them|things) from now on)"
    r"(?:\s+please)?",
    re.IGNORECASE,
)


def get_mode(sessions: SessionStore, session_id: str) -> str:
    """The id of the session's mode; "explain" where none was chosen."""
    chosen = sessions.settings_of(session_id).get(_MODE)
    return chosen if chosen in _BY_ID else EXPLAIN


def set_mode(sessions: SessionStore, session_id: str, mode: str) -> Mode:
    """Keep a mode for the session and return it.

    Raises
    ------
    MessageError
        For an id that names no mode; the message lists those that there are.
    """
    chosen = _BY_ID.get(mode.strip().lower())
    if chosen is None:
        have = ", ".join(one.id for one in MODES)
        raise MessageError(f"There is no mode called {mode!r}. Choose one of {have}.")
    sessions.choose(session_id, _MODE, chosen.id)
    return chosen


def get_predict(sessions: SessionStore, session_id: str) -> bool:
    """Whether the tutor asks for a guess before each run of this session."""
    return sessions.settings_of(session_id).get(_PREDICT) is True


def set_predict(sessions: SessionStore, session_id: str, on: bool) -> None:
    sessions.choose(session_id, _PREDICT, bool(on))


def mode_wanted(message: str) -> Mode | None:
    """The mode that a message asks to switch to ("use socratic mode", "exam mode please", "leave exam mode")."""
    plain = _plain(message)
    if _LEAVES.fullmatch(plain):
        return _BY_ID[EXPLAIN]
    if "mode" not in plain.lower() and "style" not in plain.lower() and "way" not in plain.lower():
        return _BY_ID[SOCRATIC] if re.fullmatch(r"(?:be |go )?socratic(?: please)?", plain, re.I) else None
    return next((_BY_ID[mode] for mode, pattern in _WANTED.items() if pattern.fullmatch(plain)), None)


def predict_wanted(message: str) -> bool | None:
    """True and False for a wish to guess before runs, or no longer to; None for any other message."""
    plain = _plain(message)
    if _PREDICT_OFF.fullmatch(plain):
        return False
    return True if _PREDICT_ON.fullmatch(plain) else None


def _plain(message: str) -> str:
    return " ".join(message.replace("’", "'").replace(",", " ").split()).strip(" .!?")
