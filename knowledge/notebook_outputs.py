"""What a notebook's cell gave back -> blocks: short results and tables, the ends of long logs; no pictures, no bars."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from knowledge.documents import OUTPUT, PROSE, TABLE, Block
from knowledge.markdown_reader import TITLE_MARK, clean, read_markdown, without_base64

OUTPUT_LINES = 14  # a table of describe() has nine lines; a training log is cut to its ends
OUTPUT_CHARS = 900
OUTPUT_LINE = 200
OUTPUTS = 10  # of one cell
SHOWN_CHARS = 4000  # of text that a cell shows as text

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\))")
_NO_RESULT = re.compile(
    r"^[\s\[({]*<[^>]*(?: at 0x[0-9a-f]+|Figure size|Axes|object|module)[^>]*>[\s\S]*$"
    r"|^\s*\[?Text\(-?[\d.]+, -?[\d.]+, '.*'\)\]?\s*$|^\(array\([\s\S]*<(?:BarContainer object|a list of \d)"
)
_ADDRESS = re.compile(r"^\s*<[\w.]{1,100}(?: object)? at 0x[0-9A-Fa-f]{1,16}>\s*$")  # a line of one
# A slider or a bar of ipywidgets, which says nothing on paper.
_WIDGET = re.compile(
    r"^\s*(?:HBox|VBox|Box|Tab|Accordion|Output|interactive|\w*(?:Slider|Progress|Text|Button|Dropdown))\("
)
_WIDGET_DATA = "application/vnd.jupyter.widget-view+json"
_PROGRESS = re.compile(r"\d+%\|.*\||[━█=]{5,}|\bETA\b|it/s\]")
# Keras: "1875/1875 [=====] - 2s 1ms/step - loss: 0.29" says how the epoch ended.
_EPOCH = re.compile(r"\s*(\d{1,9}/\d{1,9}) [\[━=>.\] ]{5,200}.{0,60}?/(?:step|epoch|sample) - (\w.*)")
_RULE = re.compile(r"[\s─━═│┃┌┐└┘├┤┬┴┼┏┓┗┛┡┩╇╞╪╡+=_-]+")  # drawn lines of a table: no words in them
_BOX = re.compile(r"[│┃║]")
_FORMULA = re.compile(r"\s*(?:\$|\\\[|\\begin\{(?:equation|align|gather|multline|math|displaymath)\*?\})")
_NO_TEXT = re.compile(r"<(?:script|iframe|svg|canvas|video|audio|form|object|embed)\b", re.I)


def outputs_of(cell: dict[str, Any]) -> list[Block]:
    """The blocks of a cell's outputs; of very many, the first and the last."""
    blocks = [block for output in _joined_streams(cell.get("outputs")) for block in _blocks(output)]
    if len(blocks) > OUTPUTS:
        return [*blocks[: OUTPUTS - 3], Block(OUTPUT, "…", "text"), *blocks[-2:]]
    return blocks


def _joined_streams(outputs: Any) -> Iterator[dict[str, Any]]:
    """The outputs, without warnings; what was printed piece by piece is one output."""
    printed: list[str] = []
    for output in outputs if isinstance(outputs, list) else []:
        if not isinstance(output, dict) or output.get("name") == "stderr" or output.get("stream") == "stderr":
            continue
        if output.get("output_type") == "stream":
            printed.append(joined(output.get("text", "")))
            continue
        if printed:
            yield {"output_type": "stream", "text": "".join(printed)}
            printed = []
        yield output
    if printed:
        yield {"output_type": "stream", "text": "".join(printed)}


def _blocks(output: dict[str, Any]) -> Iterator[Block]:
    if output.get("output_type") in ("error", "pyerr"):
        text = f"{str(output.get('ename', 'Error'))[:200]}: {str(output.get('evalue', ''))[:5000]}"
        yield Block(OUTPUT, shortened(text), "text")
        return
    data = output.get("data")
    data = data if isinstance(data, dict) else {}
    if _WIDGET_DATA in data:
        return
    plain = shortened(joined(data["text/plain"]) if "text/plain" in data else joined(output.get("text", "")))
    if output.get("output_type") == "stream":
        plain = "\n".join(line for line in plain.split("\n") if not _ADDRESS.match(line))
    elif _NO_RESULT.match(plain) or _WIDGET.match(plain):
        plain = ""
    latex = joined(data.get("text/latex"))
    if _FORMULA.match(latex) and len(latex) <= SHOWN_CHARS:
        yield Block(PROSE, clean(latex))
    elif plain:
        # Kernels of R and Julia send a table in every format there is: the plain one reads best.
        yield Block(OUTPUT, without_base64(plain), "text")
    elif markdown := joined(data.get("text/markdown")):
        yield from text_blocks(_beginning(markdown))
    else:
        yield from _html(joined(data.get("text/html"))[:20_000])


def _html(html: str) -> Iterator[Block]:
    if "<table" in html:
        if text := shortened(clean(html)):
            yield Block(TABLE, text)
    elif not _NO_TEXT.search(html) and (text := _beginning(clean(html))):
        yield Block(PROSE, text)


def text_blocks(source: str) -> Iterator[Block]:
    """What a cell shows as Markdown. A heading in it is in bold: it heads nothing but itself."""
    sections = read_markdown(source)
    before: tuple[str, ...] = ()
    for section in sections:
        names = "\n\n".join(
            f"**{name.removeprefix(TITLE_MARK)}**" for name in section.heading if name not in before
        )
        first, *rest = section.blocks
        if names and first.kind == PROSE:
            first = replace(first, text=f"{names}\n\n{first.text}")
        elif names:
            yield Block(PROSE, names)
        yield from (first, *rest)
        before = section.heading
    if not sections and (text := clean(source)):  # a heading alone
        yield Block(PROSE, text)


def _beginning(text: str) -> str:
    """A text up to its last paragraph that fits."""
    if len(text) <= SHOWN_CHARS:
        return text
    cut = text.rfind("\n\n", SHOWN_CHARS // 2, SHOWN_CHARS)
    return f"{text[: cut if cut > 0 else SHOWN_CHARS].rstrip()}\n\n…"


def joined(value: Any) -> str:
    """The text of a field that the format allows to be a string or a list of lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def shortened(text: str) -> str:
    """The ends of a long output; progress bars, colours and overwritten lines are dropped."""
    if len(text) > 40_000:
        text = text[:20_000] + "\n" + text[-20_000:]
    # A line that was written over leaves what was written last; Windows ends its lines in \\r itself.
    lines = [line.rstrip("\r").rsplit("\r", 1)[-1].rstrip() for line in _ANSI.sub("", text).split("\n")]
    lines = [f"{found[1]} - {found[2]}" if (found := _EPOCH.match(line)) else line for line in lines]
    lines = [
        _BOX.sub("|", line)
        for line in lines
        if not _PROGRESS.search(line[:500]) and not _RULE.fullmatch(line)
    ]
    lines = [line if len(line) <= OUTPUT_LINE else f"{line[: OUTPUT_LINE - 1]}…" for line in lines]
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) > OUTPUT_LINES:
        lines = [*lines[: OUTPUT_LINES // 2], "…", *lines[-OUTPUT_LINES // 2 + 1 :]]
    while sum(map(len, lines)) > OUTPUT_CHARS and len(lines) > 3:
        middle = len(lines) // 2
        lines = [*lines[: middle - 1], "…", *lines[middle + 2 :]] if lines[middle] == "…" else [
            *lines[:middle], "…", *lines[middle + 1 :]]  # fmt: skip
    return "\n".join(lines)
