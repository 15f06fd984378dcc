"""MDX -> Markdown: what Docusaurus and the courses of Hugging Face add to Markdown is taken out, the text stays.

That is statements (`import`, `export`), comments (`{/* … */}`), components (`<Tip>…</Tip>` leaves its content, and its
title as a bold line; `<Quiz … />` leaves nothing), the marks of Svelte (`{#if …}`), `[[open-in-colab]]` and the
anchors of headings (`# Trees[[trees]]`). Code and formulas stay as they are, but that a formula between doubled
backslashes gets dollars; HTML is left to the Markdown reader.
"""

from __future__ import annotations

import re
from textwrap import dedent, indent

from knowledge.markdown_text import bold
from knowledge.mdx_marks import MARK, NAME, end_of

MOST_OPEN = 100  # marks of a file that never end, each of which costs its length; what comes after them stays


def mdx_to_markdown(text: str) -> str:
    # "List<String>" and "<TOKEN>" are never closed: they are text.
    pairs = set(re.findall(f"<({NAME})", text)) & set(re.findall(f"</({NAME})", text))
    made: list[str] = []
    chunk: list[str] = []  # the text since the last tag that stood first on its line
    position = still_open = depth = 0
    inside, base = False, ""  # is the chunk inside a component, and how far is the outermost one indented
    while found := MARK.search(text, position):
        chunk.append(text[position : found.start()])
        position = found.end()
        if found["kept"] or found["mark"]:
            formula = found["formula"] and f"${found['formula'].strip()}$"
            chunk.append(formula or found["heading"] or found["kept"] or "")
            continue
        end, step, title = end_of(text, found) if still_open < MOST_OPEN else (0, 0, "")
        still_open += end < 0
        if end <= 0 or (step and found["name"] not in pairs):
            chunk.append(found[0])
            continue
        position, lead, depth_above = end, found["lead"], depth
        depth = max(0, depth + step)
        quoted = lead if lead and ">" in lead else ""
        if not step or lead is None:
            chunk.append(lead or "")
            continue
        made += [_set_back("".join(chunk), base if inside else None), quoted]
        if not depth_above:
            base = "" if quoted else lead
        if words := bold(title):
            made.append(f"\n{quoted or base}{words}\n{quoted}\n{quoted}")
        chunk, inside = [], depth > 0
    chunk.append(text[position:])
    return "".join([*made, _set_back("".join(chunk), base if inside else None)])


def _set_back(text: str, base: str | None) -> str:
    """What is indented below a tag is no listing, as it would be in Markdown; None: there is no tag around it."""
    return text if base is None else indent(dedent(text), base)
