import time

import pytest

from knowledge.documents import read_document
from knowledge.duplicates import _RANK
from knowledge.files import READ
from knowledge.mdx import mdx_to_markdown
from knowledge.mdx_marks import LONGEST
from knowledge.reading import _WITH_PICTURES
from tutor.course import _kind


def markdown(text: str) -> str:
    """What is left, without the empty lines at its ends."""
    return mdx_to_markdown(text).strip()


def paragraphs(text: str) -> list[str]:
    return [part.strip() for part in markdown(text).split("\n\n") if part.strip()]


@pytest.mark.parametrize(
    "statement",
    [
        "import Tabs from '@theme/Tabs';",
        'import "./style.css"',
        "import Tabs, {Item} from '@theme/Tabs'",
        'import * as All from "all";',
        'import type { Props } from "all";',
        "import {\n  Tip,\n  Note as Other,\n} from 'boxes';",
        "export const rate = 3",
        "export default Layout;",
        "export { rate } from './rates';",
        "export * from './rates';",
        "export const meta = {\n  title: 'It {is}',\n\n  rows: [1, 2],\n};",
        "export function Box({children}) {\n  return <b>don't {children}</b>;\n}",
        "export default ({children}) => (\n  <div>\n    {children}\n\n  </div>\n)",
        "export class Box extends Base {\n  a = 1\n\n}",
        "export type Rate = {\n  a: number\n\n}",
        "export interface Props {\n  a: number\n\n}",
        "export const Green = () => <b>x</b>",
        "export const Red = ({children}) =>\n  <b>{children}</b>",
    ],
)
def test_statements_are_left_out_to_their_last_line(statement):
    assert markdown(f"Before.\n\n{statement}\n\nAfter.").split() == ["Before.", "After."]


@pytest.mark.parametrize(
    "prose",
    [
        "import duties rise\nwith trade",
        'import quotas, or "tariffs", from abroad',
        "export earnings = exports times price",
        "export default settings (see below) first",
        "export function of the program (and more)",
        "exporter = 'a'",
        "We import x from 'y'",
    ],
)
def test_prose_that_begins_with_the_word_of_a_statement_stays(prose):
    assert markdown(prose) == prose


def test_a_statement_ends_with_its_line_though_text_stands_below_it():
    assert markdown("export const a = [1]\nText.") == "Text."


def test_a_statement_that_never_ends_stays():
    long = f"export const a = {{{' ' * LONGEST}}}\n\nText."
    assert markdown(long) == long
    assert markdown("export const a = {\n\nText.") == "export const a = {\n\nText."


def test_comments_over_lines_are_left_out_and_one_that_never_ends_stays():
    assert markdown("A {/* <Tip> } \n\n more */} B") == "A  B"
    assert markdown("A {/* B") == "A {/* B"
    long = f"{{/* {' ' * LONGEST} */}}"
    assert markdown(long) == long


def test_a_component_that_closes_itself_is_left_out_with_all_its_braces_and_quotes():
    quiz = """<Question
    choices={[
        {text: "a > b } ]", explain: 'it\\'s } so',

         correct: `}
x`, shown: <b>don't</b>},
    ]}
    name='a "b" > c'
    {...rest}
    wide
/>"""
    assert paragraphs(f"Before.\n\n{quiz}\n\nAfter.") == ["Before.", "After."]
    assert markdown("An <Icon.Star /> here") == "An  here"
    assert markdown("""<Quiz a={'} /> x'} b={`} /> y`} c={"} /> z"} />""") == ""


def test_the_content_of_a_component_stays_in_paragraphs_of_its_own():
    text = "Before.\n<Tip warning={true}>\nMind **this**.\n</Tip>\nAfter."
    assert paragraphs(text) == ["Before.", "Mind **this**.", "After."]
    assert markdown("<Tabs.Item>a</Tabs.Item>") == "a"


@pytest.mark.parametrize(
    ("tag", "title"),
    [
        ('<Admonition type="note" title="The gap">', "The gap"),
        ("<Tip title='The gap'>", "The gap"),
        ("<Tip title={`The gap`}>", "The gap"),
        ('<TabItem value="py" label="In Python" default>', "In Python"),
        ('<Details summary="More">', "More"),
        ('<hfoption value="tgi" label="TGI">', "TGI"),
    ],
)
def test_the_title_of_a_box_is_a_bold_line(tag, title):
    name = tag[1:].split()[0]
    assert paragraphs(f"A.\n\n{tag}\nB.\n</{name}>") == ["A.", f"**{title}**", "B."]


def test_a_box_in_a_quotation_leaves_the_quotation_whole():
    lines = markdown('> A\n> <Tip title="T">\n> B\n> </Tip>\n> C').split("\n")
    assert [line for line in lines if line.strip("> ")] == ["> A", "> **T**", "> B", "> C"]
    assert all(line.startswith(">") for line in lines)


def test_what_is_indented_inside_a_component_is_no_listing():
    text = "<Tabs>\n    <Tab>\n\n    Text.\n\n    ```python\n    if x:\n        y\n    ```\n    </Tab>\n</Tabs>\n"
    blocks = read_document("a.mdx", text.encode()).sections[0].blocks
    assert [(block.kind, block.text) for block in blocks] == [("prose", "Text."), ("code", "if x:\n    y")]


def test_lists_in_a_component_keep_their_depth_around_components_inside_a_line():
    text = "<Tip>\n  - a <Key>x</Key> b\n    - c\n    <Icon /> d\n    - e\n</Tip>"
    assert markdown(text) == "- a x b\n  - c\n   d\n  - e"


def test_a_tag_that_closes_nothing_does_not_count():
    assert paragraphs("<Tip>\na\n</Tip>\n\n</Tip>\n<Tip>\n\n    b\n</Tip>") == ["a", "b"]
    assert "\nb" in markdown("<Tip>\na\n</Tip>\n\n</Tip>\n<Tip>\n\n    b\n</Tip>")


def test_a_box_in_a_list_stays_in_the_list():
    text = '1. Step.\n\n    <Tip title="T">\n    Inside.\n    </Tip>\n\n    More.\n\n2. Next.\n'
    (block,) = read_document("a.mdx", text.encode()).sections[0].blocks
    assert [line for line in block.text.split("\n") if line] == [
        "1. Step.",
        "    **T**",
        "    Inside.",
        "    More.",
        "2. Next.",
    ]


def test_marks_of_svelte_and_of_notebooks_are_left_out():
    text = "{#if fw === 'pt'}\nA\n{:else if x}\nB\n{:else}\nC\n{/if}\n[[open-in-colab]]\nD {#iff} {x}"
    assert markdown(text).split("\n") == ["A", "", "B", "", "C", "", "", "D {#iff} {x}"]


def test_a_heading_loses_its_anchor():
    assert markdown("# The [API](a) of `x`[[the-api]]\n\nA [[wiki]]") == "# The [API](a) of `x`\n\nA [[wiki]]"


@pytest.mark.parametrize(
    "code",
    [
        "```js\nimport A from 'a'\n<Tip>\n{/* b */}\n[[open-in-colab]]\n```",
        "~~~\n<Icon />\n\n<Icon />\n~~~",
        "~~~\n```\n<Icon />\n~~~",
        "> ````\n> ```\n> <Icon />\n> ````",
        "1. ```jsx\n\n  <Icon />\n  ```",
        "Write `<Icon />` or `` `<Icon /> ``.",
        "```\n<Icon /> never closed",
        "Write \\<Icon /> and \\{/* a */}",
    ],
)
def test_code_stays_as_it_is(code):
    assert markdown(code) == code
    assert markdown(f"{code}\n\n~~~\n~~~\n").startswith(code)


def test_after_code_the_rest_is_read_on():
    assert markdown("`a`<Icon />b ``` <Icon />\n\n```\nx\n```\n<Icon />") == "`a`b ``` \n\n```\nx\n```"


@pytest.mark.parametrize(
    "formula", ["$a <B/> c$", "$$\na <B />\n\n{/* x */}\n$$", "$a\n<B /> \\$ c$", "$x {/* a */}$"]
)
def test_in_formulas_nothing_is_left_out(formula):
    assert markdown(f"So {formula} holds") == f"So {formula} holds"


def test_prices_are_no_formula():
    assert markdown("It is $5 <Icon /> or $6.") == "It is $5  or $6."
    assert markdown("A $B\n\n<Icon /> c$") == "A $B\n\n c$"


def test_a_formula_between_doubled_backslashes_gets_dollars():
    assert markdown("The size \\\\( l_{1} \\times <B/> \\\\) and \\\\(p") == (
        "The size $l_{1} \\times <B/>$ and \\\\(p"
    )


@pytest.mark.parametrize(
    "text",
    [
        "where x <Y and z > 3",
        "if A <B and C> D holds",
        "a List<String> or <TOKEN>",
        "1 < Tip and </ Tip>",
        "<div class='a'>text</div> <br/> <hfoptionals/>",
        "<Tip and. so on> </Tipp>",
        "<Quiz choices={[ 1, 2\n\nText",
        "</Tip> alone",
    ],
)
def test_what_is_no_tag_or_never_closed_stays(text):
    assert markdown(text) == text


def test_a_tag_longer_than_the_limit_is_none():
    short, long = (f'<Quiz a={{"{"x" * length}"}} b="y" />' for length in (LONGEST - 100, LONGEST))
    assert markdown(short) == ""
    assert markdown(long) == long
    assert markdown(f'<Quiz b="{"x" * LONGEST}" />') != ""


@pytest.mark.parametrize(
    "marks",
    ["<A {", "<A b={'", "{/*", "{/* */", "<A ", "export const a = {\n", "import {", "\\\\(", "$a ", "# [["],
)
def test_marks_that_never_end_cost_no_more_than_the_length(marks):
    start = time.process_time()
    mdx_to_markdown(marks * (300_000 // len(marks)))
    assert time.process_time() - start < 4


def test_an_mdx_file_is_read_as_a_markdown_file_is():
    text = "---\ntitle: 'Trees: <T>'\n---\nimport A from 'a'\n\n## Splits\n\n<A>\n\nThe text.\n\n</A>\n"
    document = read_document("week_2/a.MDX", text.encode())
    assert (document.title, document.lecture) == ("Trees: <T>", 2)
    assert [(section.heading, section.text) for section in document.sections] == [(("Splits",), "The text.")]


def test_only_mdx_files_are_read_as_mdx():
    assert "import A from 'a'" in read_document("a.md", b"# T\n\nimport A from 'a'\n").sections[0].text


def test_every_list_of_formats_knows_mdx():
    assert READ[".mdx"] == READ[".md"]
    assert _RANK[".md"] < _RANK[".mdx"] < _RANK[".pdf"]
    assert ".mdx" in _WITH_PICTURES
    assert _kind("a.mdx") == "Text"
