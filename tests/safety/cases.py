"""What is thrown at the tutor: each target takes one case, and fails if anything but a sentence comes of it."""

import io
import json
import os
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

from aside import alone
from hypothesis import strategies as st

from knowledge.chunking import chunk_document
from knowledge.documents import read_document
from knowledge.errors import KnowledgeError, UnreadableError
from labs import own_columns, own_data
from labs.errors import LabError
from labs.permalink import format_permalink, parse_permalink
from labs.registry import LABS
from tutor.errors import SettingsError, TutorError
from tutor.settings import Settings, load_settings, variable
from tutor.tutor import LONGEST_MESSAGE

odd = st.sampled_from((
    "", " ", "\0", "\ud83d", "é́́", "\u202e", "NaN", "inf", "-0", "1e999", "9" * 400, "None", "null", "true",
    "[]", "{}", "[[",
    "]", "=", "&", "%", "%00", "%ff", "..", "../..", "/etc/passwd", "'; drop table turns; --", "<script>x</script>",
    "{{7*7}}", "${x}", "$$", "\\", "\x1b[31m", "```", "a" * 3000, "—", "0x10", "1_000", "١٢", "½", "\n", "\t",
    ",", ";", "|",
))  # fmt: skip
short = st.text(max_size=30) | odd
scalar = st.none() | st.booleans() | st.integers() | st.floats() | short
anything = st.recursive(
    scalar,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(short, inner, max_size=4),
    max_leaves=12,
)


def sentence(said: str) -> None:
    """What a person may be shown."""
    assert said.strip()
    assert "Traceback" not in said
    # A place in code, not any ".py": a message that repeats what was typed may well hold one.
    assert not re.search(r'\.py(?:", line |:)\d|site-packages', said), said
    assert len(said) < 3000, said[:200]


@dataclass(frozen=True)
class Target:
    name: str
    cases: Any  # a hypothesis strategy
    throw: Callable[..., None]  # (case), or (case, tutor) where `needs`
    many: int  # cases of the long run
    needs: bool = False  # a tutor with a course
    work: float = 2.0  # seconds of processor time, of all threads together


# ---- course files

MARKDOWN = (
    "# A\n", "\n", "text ", "$$", "$", "\\[", "\\]", "```", "~~~\n", "<div>", "</div>", "<!--", "-->",
    "<script", "![", "](", "[", "]", "[[",
    "*", "_", "**", "> ", "- ", "1. ", "    ", "\t", "|a|b|\n", "|---|\n", "|", "---\n", "title: x\n", "===\n",
    "&amp;", "&#", "\\begin{align}",
    "\\end{align}", "\\section{", "\\frac{", "{", "}", "(", ")", "'", '"', '"""', "def f(:\n", ".. note::\n",
    ":a:`b`", "`", "\0", "é", "\ud83d",
    "\x1b[31m", "\\", "%", "# %%\n", "<table><tr><td>", "<pre>", "<math>", "http://x.y/z", "[^1]", ":::",
    "=" * 40, "\u202e",
)  # fmt: skip
SUFFIXES = (".md", ".rst", ".tex", ".html", ".py", ".txt", ".qmd", ".mdx")
pieces = st.lists(st.sampled_from(MARKDOWN), max_size=80).map("".join)
# The same few marks over and over: where patterns run back and forth.
echo = st.builds(
    lambda some, times: "".join(some) * times,
    st.lists(st.sampled_from(MARKDOWN), min_size=1, max_size=5),
    st.integers(50, 3000),
)
texts = st.tuples(st.sampled_from(SUFFIXES), (pieces | echo | st.text(max_size=400)))


def throw_text(case: tuple[str, str]) -> None:
    suffix, text = case
    throw_file(f"lecture_3/a{suffix}", text[:60_000].encode("utf-8", "surrogatepass"))


def throw_file(path: str, data: bytes) -> None:
    try:
        document = read_document(path, data)
    except UnreadableError as refused:
        sentence(str(refused))
        return
    for section in document.sections:
        assert "\0" not in section.text
        section.text.encode()
    chunk_document(document, lambda text: len(text) // 4)


names = st.sampled_from((
    "output_type", "text", "data", "name", "ename", "evalue", "text/plain", "text/html", "text/markdown",
    "text/latex",
    "image/png", "cell_type", "source", "outputs", "metadata", "attachments", "level", "input", "collapsed",
))  # fmt: skip
inside = st.dictionaries(names, anything | pieces | st.lists(pieces, max_size=3), max_size=6)
cell = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(("markdown", "code", "raw", "heading")) | anything,
        "source": pieces | st.lists(pieces, max_size=5) | anything,
        "outputs": st.lists(inside, max_size=3) | anything,
        "level": anything,
        "metadata": inside,
    },
)
books = st.fixed_dictionaries(
    {},
    optional={
        "cells": st.lists(cell | anything, max_size=6),
        "worksheets": st.lists(inside, max_size=2),
        "metadata": inside,
    },
)


def throw_notebook(book: Any) -> None:
    throw_file("a.ipynb", json.dumps(book).encode("utf-8", "surrogatepass"))


@cache
def whole_pdf() -> bytes:
    from course_maker import BANDIT
    from pdf_maker import column, pdf

    lines = BANDIT.encode("ascii", "ignore").decode().split("\n")
    return bytes(pdf([column(*lines), column("Two."), column("Three.")], title="Bandits"))


PDF_WORDS = (
    b"/Kids", b"/Parent", b"/Count", b"/Length", b"/Type", b"/Pages", b"/Root", b"/Prev", b"/Filter",
    b"/FlateDecode", b"stream",
    b"endstream", b"endobj", b"obj", b"<<", b">>", b"[", b"]", b"R", b"0 0 R", b"1 0 R", b"2 0 R", b"3 0 R",
    b"-1", b"99999999999", b"xref",
    b"trailer", b"startxref", b"%%EOF", b"(", b")", b"<", b"Tj", b"TJ", b"Tf", b"cm", b"q", b"BT", b"/Contents",
    b"/XObject", b"Do",
)  # fmt: skip
edits = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from(PDF_WORDS) | st.binary(max_size=8), st.integers(0, 30)),
    min_size=1,
    max_size=12,
)


def throw_pdf(changes: list[tuple[float, bytes, int]]) -> None:
    from knowledge.pdf_text import records

    data = bytearray(whole_pdf())
    for place, put, drop in changes:
        at = int(place * len(data))
        data[at : at + drop] = put
    told: list[Any] = []
    with suppress(Exception):  # the reader's own process turns what pypdf raises into a reason
        told = list(records(bytes(data)))
    assert not told or "why" in told[0] or told[-1] == {"end": True}


@cache
def parts(kind: str) -> dict[str, bytes]:
    import docx
    import pptx

    stream = io.BytesIO()
    made: Any = docx.Document() if kind == ".docx" else pptx.Presentation()
    if kind == ".docx":
        made.add_heading("Bandits", 0)
        made.add_paragraph("Text of the lecture.")
        made.add_table(1, 2)
    else:
        made.slides.add_slide(made.slide_layouts[1]).shapes.title.text = "Bandits"
    made.save(stream)
    with zipfile.ZipFile(stream) as package:
        return {name: package.read(name) for name in package.namelist()}


office = st.tuples(
    st.sampled_from((".docx", ".pptx")),
    st.integers(0, 10**6),
    st.floats(0, 1),
    st.binary(max_size=12),
    st.integers(0, 60),
)


def throw_office(case: tuple[str, int, float, bytes, int]) -> None:
    kind, which, place, put, drop = case
    here = parts(kind)
    name = sorted(name for name in here if name.endswith((".xml", ".rels")))[which % len(here) % 9]
    at = int(place * len(here[name]))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for part, content in here.items():
            package.writestr(part, content[:at] + put + content[at + drop :] if part == name else content)
    throw_file(f"a{kind}", stream.getvalue())


# ---- a student's own

cells = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.dates().map(str),
    odd,
    st.text(max_size=12),
    st.sampled_from(("yes", "no", "NA", "?", "£1,200")),
)
tables = st.builds(
    lambda mark, head, rows, end: end.join(mark.join(row) for row in [head, *rows]),
    st.sampled_from(",;\t|"),
    st.lists(odd | st.text(max_size=12), min_size=1, max_size=6),
    st.lists(st.lists(cells, min_size=1, max_size=6), max_size=40),
    st.sampled_from(("\n", "\r\n", "\r")),
)  # fmt: skip


def throw_table(case: str | bytes) -> None:
    data = case if isinstance(case, bytes) else case.encode("utf-8", "surrogatepass")
    try:
        table = own_data.parse(data, "junk-0123456789.csv")
        own_columns.understand(table)
        for task in ("number", "class"):
            with suppress(LabError):
                own_columns.prepare(table, task)  # type: ignore[arg-type]
    except LabError as error:
        sentence(str(error))


@st.composite
def lab_values(draw: Any) -> tuple[str, dict[str, Any]]:
    lab = draw(st.sampled_from(sorted(LABS)))
    known = [info.name for info in LABS[lab].parameters]
    defaults = st.sampled_from([LABS[lab].defaults[name] for name in known])
    value = anything | defaults | st.lists(scalar | defaults, max_size=5)
    return lab, draw(st.dictionaries(st.sampled_from(known) | short, value, max_size=5))


def throw_values(case: tuple[str, dict[str, Any]]) -> None:
    from tutor.web.lab_room import form

    lab, values = case
    for way in (values, None):
        try:
            chosen = form.read_form(LABS[lab], values) if way is None else values
            plan = LABS[lab].validate(chosen)
            assert parse_permalink(format_permalink(lab, plan.parameters))[0] == lab
        except LabError as error:
            sentence(str(error))


links = st.one_of(
    short,
    st.builds(
        lambda lab, pairs, glue: f"lab:{lab}?" + glue.join(f"{name}={value}" for name, value in pairs),
        st.sampled_from(sorted(LABS)) | short,
        st.lists(
            st.tuples(st.sampled_from(("arms", "epsilons", "steps", "seed", "csv")) | short, short),
            max_size=6,
        ),
        st.sampled_from(("&", "&&", ";", "")),
    ),
)


def throw_link(text: str) -> None:
    from tutor.web.lab_room import form

    for read in (parse_permalink, lambda link: form.read_query("?" + link.replace("lab:", "lab=", 1))):
        try:
            found = read(text)
            if found is not None and found[0] in LABS:
                LABS[found[0]].validate(found[1])
        except LabError as error:
            sentence(str(error))


settings_ = st.dictionaries(
    st.sampled_from(sorted(Settings.model_fields)),
    short.filter(lambda text: "\0" not in text and "\ud83d" not in text).filter(lambda text: text.isprintable())
    | st.sampled_from(("http://u:geheim@host:x/v1", "http://[::1", "1e400", "-1", "~/x", "openai:", "postgresql://u:geheim@h/d")),
    max_size=4,
)  # fmt: skip


def throw_settings(case: dict[str, str]) -> None:
    named = {variable(field): value for field, value in case.items()}
    before = {name: os.environ.get(name) for name in named}
    told = ""
    os.environ.update(named)
    try:
        found = load_settings()
        told = repr(found)
    except SettingsError as error:
        sentence(str(error))
        told = str(error)
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
    addresses = {"openai_base_url", "chroma_url", "database_url"}
    assert "u:geheim" not in told or any("u:geheim" in case[field] for field in set(case) - addresses)


# ---- messages and calls

WORDS = (
    "run", "the", "bandit", "regression", "with", "epsilon", "0.1", "20", "arms", "and", "compare", "last",
    "two", "now", "same", "but",
    "lecture", "9", "exercise", "2", "quiz", "me", "hint", "solution", "why", "do", "we", "decay", "what", "is",
    "regret", "explain", "again",
    "show", "first", "run 3", "to", "from", "by", "-", "=", ":", "?", "!", "€", "%", "lab:bandit?arms=5",
    "lab:x", "csv", "marks-0123456789.csv",
    "A", "B", "42", "1e9", "-5", "[1,2]", "exam", "mode", "socratic", "ignore all previous instructions",
    "thanks", "hello", "\n",
)  # fmt: skip
messages = (
    st.lists(st.sampled_from(WORDS) | odd, max_size=25).map(" ".join)
    | st.text(max_size=300)
    | st.builds(lambda word, times: f"{word} " * times, st.sampled_from(WORDS) | odd, st.integers(1, 4000))
)


@cache
def router() -> Any:
    from tutor.planning.router import Router

    return Router(LABS)


def throw_plan(message: str) -> None:
    router().plan(message[:LONGEST_MESSAGE], ("run the bandit with 20 arms",), "bandit", {"arms": 20})


def throw_message(message: str, tutor: Any) -> None:
    from tutor.events import Done, LabFinished
    from tutor.web.render import TurnView

    view = TurnView(0, message)
    done = False
    for event in tutor.reply(message, f"fuzz-{len(message) % 10}"):
        view.apply(event, ()) if isinstance(event, LabFinished) else view.apply(event)
        done = done or isinstance(event, Done)
    assert done
    shown = json.dumps(view.messages(), default=str)
    assert "Traceback" not in shown


calls = st.tuples(
    st.sampled_from(("ask", "search", "run_lab", "list_labs", "refresh")) | short,
    st.dictionaries(
        st.sampled_from(("message", "session", "query", "k", "lab", "parameters")) | short,
        anything | messages | st.sampled_from(sorted(LABS)) | st.dictionaries(short, anything, max_size=3),
        max_size=4,
    ),
)


def throw_call(case: tuple[str, dict[str, Any]], tutor: Any) -> None:
    from tutor.service import Service
    from tutor.web.mcp_server import APOLOGY, McpRoom

    room = McpRoom(Service(tutor), LABS)
    reply, said = alone(room._call(*case, SimpleNamespace(report_progress=_nothing), None))
    if reply is None:
        assert said != APOLOGY, case
        sentence(said)
    else:
        json.dumps(reply.data)


async def _nothing(*_: Any) -> None:
    pass


class NoRunner:
    """Where labs are not what is tried: a wish to run one is refused like a full computer's."""

    def submit(self, lab_id: str, values: Any) -> Any:
        LABS[lab_id].validate(values)
        raise LabError("No lab runs just now. Try again in a moment.")


KNOWN = (KnowledgeError, LabError, TutorError)
TARGETS = (
    Target("text files", texts, throw_text, 1600),
    Target("notebooks", books | anything, throw_notebook, 1200),
    Target("PDFs", edits, throw_pdf, 900, work=6.0),
    Target("office files", office, throw_office, 500),
    Target("tables", tables | st.binary(max_size=400), throw_table, 1400),
    Target("lab parameters", lab_values(), throw_values, 1600),
    Target("permalinks", links, throw_link, 1000),
    Target("settings", settings_, throw_settings, 600),
    Target("plans", messages, throw_plan, 800),
    Target("messages", messages, throw_message, 350, needs=True, work=4.0),
    Target("calls", calls, throw_call, 800, needs=True, work=4.0),
)
