"""The title in the front matter of a Markdown file: YAML between `---`, TOML between `+++`."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from knowledge.markdown_text import plain_heading

_YAML = re.compile(
    r"\A\s*^---[ \t]*\n(?=(?:#[^\n]*\n|\s)*[\w\-]+[ \t]*:)(.{0,20000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)",
    re.S | re.M,
)
_TOML = re.compile(
    r"\A\s*^\+\+\+[ \t]*\n(?=(?:#[^\n]*\n|\s)*[\w\-.\"\[]+[ \t]*[=\]])(.{0,20000}?)\n\+\+\+[ \t]*(?:\n|\Z)",
    re.S | re.M,
)
_FIELD = re.compile(r"^title[ \t]*[:=][ \t]*(\S.*?)[ \t]*$", re.M | re.I)


def front_title(text: str) -> tuple[str, str]:
    """The title in a file's front matter ("" where there is none), and the text without it."""
    for pattern, read in ((_YAML, _yaml_title), (_TOML, _toml_title)):
        if front := pattern.match(text):
            try:
                title = read(front[1])
            except (ValueError, RecursionError):  # as in "title: Trees: an introduction", which is no YAML
                found = _FIELD.search(front[1])
                title = found[1].strip("\"'") if found else ""
            return plain_heading(" ".join(title.split())), text[front.end() :]
    return "", text


def _yaml_title(source: str) -> str:
    import yaml

    try:
        # The tree alone: nothing is built from what a file says, and a title stays as it was typed.
        root = yaml.compose(source, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    fields = root.value if isinstance(root, yaml.MappingNode) else []
    return next(
        (
            value.value
            for key, value in fields
            if str(key.value).lower() == "title" and isinstance(value, yaml.ScalarNode)
        ),
        "",
    )


def _toml_title(source: str) -> str:
    fields: dict[str, Any] = tomllib.loads(source)
    title = next((value for key, value in fields.items() if key.lower() == "title"), "")
    return title if isinstance(title, str) else str(title)
