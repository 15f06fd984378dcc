"""What is in the index, how a refresh goes and what it did, and what a teacher has added. Pure functions to HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime

from knowledge.command import refused, scored, told_of
from knowledge.golden import Golden
from knowledge.refresh import ADDED, DUPLICATE, REMOVED, SKIPPED, UNCHANGED, UPDATED, IngestReport, Outcome
from tutor.course import About
from tutor.course_files import AddedFile, Kept
from tutor.refreshing import Refreshing

ROWS = 300  # of one kind in a report; the rest is counted
_WORDS = {
    ADDED: "added",
    UPDATED: "updated",
    REMOVED: "removed",
    SKIPPED: "left out",
    DUPLICATE: "there twice",
    UNCHANGED: "unchanged",
}


def about(known: About, course: str) -> str:
    """What the index holds, as a list of facts."""
    when = known.refreshed_at or known.built_at
    facts = [
        ("Course", course or "the course that ships, and what was added to it"),
        ("Files", f"{known.files:,}"),
        ("Passages that can be found and cited", f"{known.passages:,}"),
        ("Last refreshed", moment(when)),
        ("Last change", moment(known.built_at)),
        ("Model that compares meanings", known.embedder),
    ]
    rows = "".join(f"<div><dt>{name}</dt><dd>{html.escape(value)}</dd></div>" for name, value in facts)
    return _literal(f'<h1 tabindex="-1">About this course</h1><dl class="t-facts">{rows}</dl>')


def moment(iso: str) -> str:
    """ "22 November 2026, 21:25 UTC"; the text itself where it is no moment."""
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return iso or "not known"
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def progress(state: Refreshing) -> str:
    """How far a refresh is; what went wrong; nothing where none has been asked for."""
    if state.error:
        return _literal(f'<p class="t-notice t-error" role="alert">{html.escape(state.error)}</p>')
    if not state.running:
        return ""
    percent = round(100 * state.fraction)
    what = html.escape(state.what)
    return _literal(
        f'<div class="t-refreshing" role="status"><p>{what}… <span>{percent}%</span></p>'
        f'<progress max="100" value="{percent}" aria-label="{what}"></progress>'
        "<p>The chat goes on meanwhile, with the course as it was.</p></div>"
    )


def report(done: IngestReport | None) -> str:
    """What became of every file: what changed first, what did not change folded away."""
    if done is None:
        return ""
    counts = [
        f"{count} {word}"
        for count, word in (
            (done.added, "added"),
            (done.updated, "updated"),
            (done.removed, "removed"),
            (done.unchanged, "unchanged"),
            (len(done.skipped), "left out"),
        )
        if count
    ]
    title = "What the refresh did" if done.promoted else "What the refresh found"
    head = (
        f'<h2>{title}</h2><p role="status">{done.files:,} files, {done.chunks:,} passages, '
        f"{done.seconds:.1f} s: {', '.join(counts)}.</p>"
    )
    groups = [
        _group(word, [outcome for outcome in done.outcomes if outcome.outcome == word])
        for word in (ADDED, UPDATED, REMOVED, SKIPPED, DUPLICATE, UNCHANGED)
    ]
    golden = _golden(done.golden) if done.golden is not None else ""
    return _literal(f'<div class="t-report">{golden}{head}{"".join(groups)}</div>')


def _golden(golden: Golden) -> str:
    """What the course's golden questions say of the new index; first of all, where it was refused."""
    said = f'<p class="t-notice t-info" role="status">{html.escape(scored(golden))}.</p>'
    if not golden.promoted:
        said = f'<p class="t-notice t-error" role="alert">{html.escape(refused(golden))}</p>'
    which, missed = told_of(golden) or ("", ())
    rows = [f"<b>{html.escape(item.question)}</b>: {html.escape(item.why)}" for item in missed]
    wrong = [html.escape(sentence) for sentence in golden.wrong]
    for title, items in ((which, rows), ("Golden questions that cannot be used", wrong)):
        if items:
            shown = "".join(f"<li>{item}</li>" for item in items[:ROWS])
            said += f"<details open><summary>{title}: {len(items)}</summary><ul>{shown}</ul></details>"
    return said


def _group(word: str, outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return ""
    rows = "".join(
        f"<tr><td>{html.escape(outcome.path)}</td><td>{outcome.chunks or ''}</td>"
        f"<td>{html.escape(outcome.why)}</td></tr>"
        for outcome in outcomes[:ROWS]
    )
    more = f"<p>and {len(outcomes) - ROWS:,} more</p>" if len(outcomes) > ROWS else ""
    shown = " open" if word in (ADDED, UPDATED, REMOVED) or (word == SKIPPED and len(outcomes) <= 12) else ""
    return (
        f'<details{shown} data-outcome="{word}"><summary><b class="t-{word}">{_WORDS[word]}</b> '
        f"{len(outcomes):,} file{'s' * (len(outcomes) != 1)}</summary>"
        '<div class="t-scroll"><table><thead><tr><th scope="col">File</th><th scope="col">Passages</th>'
        f'<th scope="col">Why</th></tr></thead><tbody>{rows}</tbody></table></div>{more}</details>'
    )


def added(files: Sequence[AddedFile], folders: Sequence[str], shipped: str, may_drop: bool) -> str:
    """What the course is made of, and what can be taken out of it again."""
    rows = [
        _row(
            "The course that ships" if folder == shipped else folder,
            "folder",
            folder,
            may_drop and folder != shipped,
        )
        for folder in folders
    ]
    rows += [_row(file.name, _size(file.size), file.name, True, "data-course-remove") for file in files]
    if not rows:
        return ""
    return _literal(f'<h2>What the course is made of</h2><ul class="t-sources-list">{"".join(rows)}</ul>')


def _row(name: str, detail: str, value: str, removable: bool, what: str = "data-course-drop") -> str:
    button = (
        f'<button type="button" {what}="{html.escape(value)}" aria-label="Remove {html.escape(name)}">Remove</button>'
        if removable
        else ""
    )
    return f"<li><span>{html.escape(name)}</span><i>{html.escape(detail)}</i>{button}</li>"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(size // 1000, 1)} kB"


def kept(what: Kept) -> str:
    """Which files were taken in, and which were not and why."""
    names = ", ".join(what.names)
    said = f'<p class="t-notice t-info" role="status">Kept: {html.escape(names)}.</p>' if names else ""
    refused = "".join(
        f"<li><b>{html.escape(name)}</b>: {html.escape(why)}</li>" for name, why in what.refused
    )
    not_kept = (
        f'<div class="t-notice t-warning" role="alert">Not kept:<ul>{refused}</ul></div>' if refused else ""
    )
    return _literal(said + not_kept)


def _literal(text: str) -> str:
    """Gradio's HTML is a template: nothing in it may be taken for one."""
    return text.replace("{", "&#123;").replace("$", "&#36;")
