"""The progress room as HTML: tiles, bars and columns, each with its numbers in words. Pure functions."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from labs.registry import LABS
from tutor.progress import Due, LectureProgress, PredictionProgress

STRONG = 0.75  # mastery from which a lecture counts as known
AHEAD = 14  # days of reviews that are drawn
LISTED = 4  # due skills that are named
WAITING = '<p class="t-room-wait" role="status">Looking up your progress…</p>'


@dataclass(frozen=True)
class Known:
    """All that the room shows. `titles` has every lecture that has questions, in order."""

    lectures: tuple[LectureProgress, ...]
    coming: tuple[Due, ...]  # every skill that was ever asked, by its next review
    predictions: tuple[PredictionProgress, ...]
    titles: Mapping[int, str] = field(default_factory=dict)

    def due(self, now: datetime) -> list[Due]:
        return [card for card in self.coming if card.due <= now]

    def next_lecture(self) -> int | None:
        """The lecture to go on with: the weakest that is not strong yet, else the first that was never tried."""
        weak = [one for one in self.lectures if one.mastery < STRONG]
        if weak:
            return min(weak, key=lambda one: one.mastery).lecture
        tried = {one.lecture for one in self.lectures}
        return next((number for number in self.titles if number not in tried), None)


def room_html(known: Known, now: datetime | None = None) -> str:
    """The whole room. `now` decides what is due; by default the moment of the call."""
    now = now or datetime.now(UTC)
    if not known.lectures and not known.predictions:
        return _empty(known)
    parts = [_head(known), _tiles(known, now), _mastery(known, now)]
    if known.coming:
        parts.append(_reviews(known, now))
    if known.predictions:
        parts.append(_guesses(known.predictions))
    return f'<div class="t-sheet">{"".join(parts)}</div>'


def sentence_html(text: str) -> str:
    return f'<p class="t-room-wait" role="status">{_safe(text)}</p>'


# ---- the parts


def _empty(known: Known) -> str:
    first = next(iter(known.titles), 1)
    return (
        '<div class="t-sheet t-begin"><h2>Your progress starts with one answer</h2>'
        "<p>Answer a question in a quiz, or guess what a lab will show before it runs. From then on you see here what "
        "you know well, what is due for review, and what to do next. Only graded answers count; reading and asking "
        "never cost anything.</p>"
        f'<div class="t-acts">{_ask("Quiz me", "Start a quiz", True)}'
        f"{_ask(f'Quiz me on lecture {first}', f'Begin with lecture {first}')}</div></div>"
    )


def _head(known: Known) -> str:
    answered = sum(one.answered for one in known.lectures)
    right = sum(one.right for one in known.lectures)
    guesses = sum(one.count for one in known.predictions)
    said = f"{right} of {_count(answered, 'graded answer')} right" if answered else "No graded answer yet"
    if guesses:
        said += f", {_count(guesses, 'guess', 'guesses')} before runs"
    return f'<header class="t-sheet-head"><h2>Your progress</h2><p>{said}.</p></header>'


def _tiles(known: Known, now: datetime) -> str:
    """Strong, due, next: the three things that a student wants to know."""
    strong = [one for one in known.lectures if one.mastery >= STRONG]
    due, onward = known.due(now), known.next_lecture()
    best = max(known.lectures, key=lambda one: one.mastery, default=None)
    if strong:
        said = f"{_listed([_lecture(one.lecture) for one in strong], 3)}."
    elif best is not None and best.mastery > 0:
        said = f"Nothing yet. {_lecture(best.lecture)} is closest, at {_percent(best.mastery)}."
    else:
        said = "Nothing yet. A few right answers in a row change that."
    tiles = [_tile("strong", "Strong", str(len(strong)), said, "")]
    if due:
        said = f"{_listed([f'{card.skill} (lecture {card.lecture})' for card in due], LISTED)}."
        act = _ask("Quiz me on what is due", "Review what is due", True)
    elif known.coming:
        said, act = f"Nothing is due. The next review comes {_when(known.coming[0].due, now)}.", ""
    else:
        said, act = "Answered questions come back here just before you would forget them.", ""
    tiles.append(_tile("due", "Due now", str(len(due)), said, act))
    if onward is not None:
        said = f"{_title(onward, known.titles)}: {_why(onward, known)}"
        tiles.append(
            _tile(
                "next",
                "Next",
                f"Lecture {onward}",
                said,
                _ask(f"Quiz me on lecture {onward}", "Quiz me", not due),
            )
        )
    else:
        tiles.append(_tile("next", "Next", "All strong", "Keep it so: come back when a review is due.", ""))
    return f'<div class="t-tiles">{"".join(tiles)}</div>'


def _tile(kind: str, name: str, number: str, said: str, act: str) -> str:
    return (
        f'<section class="t-tile t-tile-{kind}"><h3>{name}</h3><strong>{_safe(number)}</strong>'
        f"<p>{_safe(said)}</p>{act}</section>"
    )


def _mastery(known: Known, now: datetime) -> str:
    by_number = {one.lecture: one for one in known.lectures}
    due = [card.lecture for card in known.due(now)]
    numbers = sorted({*known.titles, *by_number})
    rows = "".join(
        _row(number, known.titles, by_number.get(number), due.count(number), number == known.next_lecture())
        for number in numbers
    )
    return (
        '<section class="t-card"><h3>Mastery by lecture</h3><p class="t-note">From your newest eight answers to each '
        "lecture's questions; an answer that needed two hints counts half, and one right answer alone is no mastery "
        f'yet.</p><ul class="t-bars">{rows}</ul></section>'
    )


def _row(number: int, titles: Mapping[int, str], one: LectureProgress | None, due: int, onward: bool) -> str:
    title = _title(number, titles)
    if one is None:
        percent, said, detail = 0, "not tried yet", "not tried yet"
    else:
        percent = round(100 * one.mastery)
        detail = f"{one.right} of {one.answered} right"
        if one.skills and one.skills[0][1] < 1:
            detail += f" · weakest: {one.skills[0][0]}"
        said = f"mastery {percent}%, {detail.replace(' · ', ', ')}"
    tags = [("strong", "strong")] if one is not None and one.mastery >= STRONG else []
    tags += [("due", f"{due} due")] if due else []
    tags += [("next", "next")] if onward else []
    shown = "".join(f'<i class="t-tag t-tag-{kind}">{word}</i>' for kind, word in tags)
    value = f"{percent}%" if one is not None else "–"
    return (
        f'<li class="t-bar-row{"" if one else " t-untried"}"><div class="t-bar-words"><b>{_safe(title)}</b>'
        f"<small>{shown}{_safe(detail)}</small></div>"
        f'<div class="t-bar-line"><div class="t-track" role="img" aria-label="{_safe(f"{title}: {said}")}">'
        f'<span style="width:{percent}%"></span></div>'
        f'<output aria-hidden="true">{value}</output></div>'
        f"{_ask(f'Quiz me on lecture {number}', 'Quiz me', label=f'Quiz me on lecture {number}')}</li>"
    )


def _reviews(known: Known, now: datetime) -> str:
    """A column for each of the coming days; what is overdue counts as today."""
    counts = [0] * AHEAD
    for card in known.coming:
        at = max(0, (card.due.date() - now.date()).days)
        if at < AHEAD:
            counts[at] += 1
    later = len(known.coming) - sum(counts)
    words = [f"{n} {_day(at, now)}" for at, n in enumerate(counts) if n]
    said = (
        f"{_listed(words, AHEAD)}{f'; {later} later' if later else ''}."
        if words
        else f"All {later} come later."
    )
    return (
        '<section class="t-card"><h3>Reviews ahead</h3><p class="t-note">Each skill comes back a little later after '
        "every right answer, just before you would forget it.</p>"
        f"{_columns(counts, now, said)}"
        f'<p class="t-note">{_safe(said)}</p></section>'
    )


def _columns(counts: Sequence[int], now: datetime, said: str) -> str:
    """The counts as an SVG, 560 units wide; its colours are those of the page."""
    most, wide, high = max(max(counts), 1), 560 / len(counts), 124
    shapes = []
    for at, n in enumerate(counts):
        left, tall = at * wide, 80 * n / most
        kind = "t-col-none" if n == 0 else "t-col-today" if at == 0 else "t-col"
        shapes.append(
            f'<rect class="{kind}" x="{left + wide * 0.18:.1f}" '
            f'y="{high - 22 - max(tall, 2):.1f}" width="{wide * 0.64:.1f}" height="{max(tall, 2):.1f}" rx="3"/>'
        )
        middle = left + wide / 2
        if n:
            shapes.append(f'<text class="t-col-n" x="{middle:.1f}" y="{high - 26 - tall:.1f}">{n}</text>')
        day = now + timedelta(days=at)
        shapes.append(f'<text x="{middle:.1f}" y="{high - 6}">{"now" if at == 0 else f"{day:%a}"[:2]}</text>')
    return (
        f'<svg class="t-columns" viewBox="0 0 560 {high}" role="img" aria-label="{_safe(f"Reviews ahead: {said}")}">'
        f"{''.join(shapes)}</svg>"
    )


def _guesses(predictions: Sequence[PredictionProgress]) -> str:
    rows = "".join(map(_guess, predictions))
    return (
        '<section class="t-card"><h3>Your guesses before runs</h3><p class="t-note">How close your guesses came, from '
        f'0 to 100%. Being wrong before a run is how one learns from it.</p><ul class="t-bars">{rows}</ul></section>'
    )


def _guess(one: PredictionProgress) -> str:
    title, count, percent = lab_title(one.lab), _count(one.count, "guess", "guesses"), round(100 * one.mean)
    said = f"{title}: mean score {percent}% over {count}"
    return (
        f'<li class="t-bar-row"><div class="t-bar-words"><b>{_safe(title)}</b><small>{count}</small></div>'
        f'<div class="t-bar-line"><div class="t-track t-guess" role="img" aria-label="{_safe(said)}">'
        f'<span style="width:{percent}%"></span></div><output aria-hidden="true">{percent}%</output></div></li>'
    )


def lab_title(lab: str) -> str:
    """A lab's title; its name where the program has lost it."""
    return LABS[lab].title if lab in LABS else lab


# ---- words


def _why(number: int, known: Known) -> str:
    one = next((one for one in known.lectures if one.lecture == number), None)
    if one is None:
        return "you have not tried its questions yet."
    skill = one.skills[0][0] if one.skills else ""
    return f"mastery {_percent(one.mastery)}" + (f", weakest at {skill}." if skill else ".")


def _lecture(number: int) -> str:
    return f"Lecture {number}"


def _title(number: int, titles: Mapping[int, str]) -> str:
    name = titles.get(number, "")
    if not name or name.lower().startswith(("lecture", f"{number}")):
        return name or f"Lecture {number}"
    return f"Lecture {number} · {name}"


def _listed(items: Sequence[str], most: int) -> str:
    shown = list(dict.fromkeys(items))
    more = len(shown) - most
    return ", ".join(shown[:most]) + (f" and {more} more" if more > 0 else "")


def _when(due: datetime, now: datetime) -> str:
    if due - now < timedelta(hours=1):
        return "within the hour"
    return _day((due.date() - now.date()).days, now)


def _day(days: int, now: datetime) -> str:
    if days <= 1:
        return ("today", "tomorrow")[max(days, 0)]
    day = now + timedelta(days=days)
    return f"on {day:%A}" if days < 7 else f"on {day.day} {day:%B}"


def _percent(share: float) -> str:
    return f"{round(100 * share)}%"


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def _ask(message: str, words: str, main: bool = False, label: str = "") -> str:
    named = f' aria-label="{_safe(label)}"' if label else ""
    return (
        f'<button type="button" class="t-act{" t-main" if main else ""}" data-ask="{_safe(message)}"{named}>'
        f"{_safe(words)}</button>"
    )


def _safe(text: str) -> str:
    """For HTML, and for Gradio's templates, which read dollars and braces."""
    return html.escape(text, quote=True).replace("$", "&#36;").replace("{", "&#123;").replace("}", "&#125;")
