"""What holds for every lecture that ships: its parts, its pictures, its labs and its notebook."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted((ROOT / "knowledge" / "lectures").glob("lecture_*"))
IDS = [folder.name for folder in FOLDERS]

TRAINED = "trained"  # tag of the cells whose numbers come from training a network
NUMBER = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.\d*)?(?:e[-+]?\d+)?")

every_lecture = pytest.mark.parametrize("folder", FOLDERS, ids=IDS)


def text_of(folder: Path) -> str:
    return (folder / "lecture.md").read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """Heading -> text of each second-level section."""
    parts = re.split(r"^## (.+)$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_lectures_2_and_9_are_there():
    assert {"lecture_02", "lecture_09"} <= set(IDS)


@every_lecture
def test_a_lecture_has_the_length_and_the_parts_of_the_course(folder):
    text = text_of(folder)
    assert 1800 <= len(text.split()) <= 3500
    assert text.startswith(f"# Lecture {int(folder.name[-2:])}: ")
    assert "**What you will be able to do:**" in text.split("\n## ")[0]
    headings = " | ".join(sections(text))
    for part in ("matter", "mistakes", "lab", "remember", "Exercises", "Glossary", "Further reading"):
        assert part in headings, part
    assert (
        len(re.findall(r"^\*Answer\.\*", text, re.M)) == len(re.findall(r"^\*\*\d+\.\*\*", text, re.M)) >= 3
    )


@every_lecture
def test_no_section_is_too_long_to_be_quoted(folder):
    long = {heading: len(text.split()) for heading, text in sections(text_of(folder)).items()}
    del long["Glossary"]  # its lines are quoted one by one
    assert max(long.values()) <= 260, long


@every_lecture
def test_headings_are_unique_since_they_become_citations(folder):
    headings = re.findall(r"^#+ (.+)$", text_of(folder), re.M)
    assert len(headings) == len(set(headings))


@every_lecture
def test_maths_is_closed_and_its_braces_balance(folder):
    text = text_of(folder)
    assert text.count("$$") % 2 == 0
    for line in text.splitlines():
        assert line.replace("$$", "").count("$") % 2 == 0, line
    for formula in re.findall(r"\$\$?(.+?)\$\$?", text):
        assert formula.count("{") == formula.count("}"), formula
        left, right = (re.findall(rf"\\{side}(?![a-z])", formula) for side in ("left", "right"))
        assert len(left) == len(right), formula


@every_lecture
def test_every_picture_is_used_has_words_and_is_there(folder):
    shown = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text_of(folder))
    assert {folder / path for _, path in shown} == set((folder / "images").iterdir())
    assert all(len(alt) >= 60 for alt, _ in shown)


@every_lecture
def test_the_pictures_are_what_their_script_draws(folder, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts" / "diagrams"))
    script, style = importlib.import_module(folder.name), importlib.import_module("style")
    try:
        drawn = style.draw_all(script.DRAWINGS, tmp_path)
    finally:
        for name in (folder.name, "style"):
            sys.modules.pop(name, None)
    assert {path.name for path in drawn} == {path.name for path in (folder / "images").iterdir()}
    for path in drawn:
        (words, numbers), (kept_words, kept_numbers) = shape(path), shape(folder / "images" / path.name)
        assert words == kept_words, f"{path.name}: draw it again with scripts/diagrams/{folder.name}.py"
        np.testing.assert_allclose(numbers, kept_numbers, atol=0.02, err_msg=path.name)


def shape(svg: Path) -> tuple[str, np.ndarray]:
    """An SVG as its text without numbers and ids, and its numbers (other processors round the last digit)."""
    number = r"-?\d+\.?\d*(?:e[-+]?\d+)?"
    text = re.sub(r'id="[^"]*"|#[\w-]+', "", svg.read_text(encoding="utf-8"))
    return re.sub(number, "0", text), np.array([float(found) for found in re.findall(number, text)])


@every_lecture
def test_lecture_and_labs_point_at_each_other(folder):
    from labs.registry import LABS

    text, number = text_of(folder), int(folder.name[-2:])
    for lab in LABS.values():
        assert (f"`{lab.id}`" in text.split("\n## ")[0]) == (number in lab.lectures), lab.id


@every_lecture
def test_the_lab_messages_of_a_lecture_set_what_they_say_to_legal_values(folder):
    """Each is read as the tutor would read it, and the lab then takes the values as they are, without a word."""
    from labs.registry import LABS
    from tutor.planning.router import Router

    router, messages = Router(LABS), set(re.findall(r"`(run the [^`]+)`", text_of(folder)))
    assert len(messages) >= 5
    for message in messages:
        plan = router.plan(message)
        assert (plan.intent, plan.alternative) == ("lab", None), message
        assert message.startswith(f"run the {plan.lab}"), message
        assert int(folder.name[-2:]) in LABS[plan.lab].lectures, message
        LABS[plan.lab].validate(plan.parameters)
        set_ = [value for value in plan.parameters.values() if not isinstance(value, bool)]
        said = re.findall(r"(?<![a-z])\d+(?:\.\d+)?", message)  # not the 2 of l2
        assert sorted(map(float, said)) == sorted(numbers_in(set_)), (message, plan.parameters)


def numbers_in(value: object) -> list[float]:
    if isinstance(value, list | tuple):
        return [number for part in value for number in numbers_in(part)]
    return [float(value)] if isinstance(value, int | float) else []


@every_lecture
def test_a_lecture_with_a_lab_has_a_section_on_what_to_try_in_it(folder):
    from labs.registry import LABS

    mine = [lab.id for lab in LABS.values() if int(folder.name[-2:]) in lab.lectures]
    (tried,) = [
        text for heading, text in sections(text_of(folder)).items() if heading == "What can I try in the lab?"
    ]
    assert mine
    assert {lab for lab in mine if f"`run the {lab}" in tried} == set(mine)


def test_every_lab_belongs_to_a_lecture():
    from labs.registry import LABS

    numbers = {int(name[-2:]) for name in IDS}
    assert {lab.id for lab in LABS.values() if not lab.lectures or not set(lab.lectures) <= numbers} == set()


@every_lecture
def test_a_notebook_is_valid_small_and_has_prose_between_its_code(folder):
    path = folder / "notebook.ipynb"
    assert path.stat().st_size < 60_000
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    kinds = [cell.cell_type for cell in notebook.cells]
    assert 15 <= len(kinds) <= 40
    assert kinds.count("markdown") >= 0.35 * len(kinds)
    assert len({cell.id for cell in notebook.cells}) == len(kinds)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type == "stream", cell.id
            assert len(output.text) < 1500, cell.id


LONG = (
    "lecture_07",
    "lecture_08",
    "lecture_10",
    "lecture_12",
)  # their notebooks train for 10 seconds and more


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(folder, id=name, marks=[pytest.mark.slow] if name in LONG else [])
        for folder, name in zip(FOLDERS, IDS, strict=True)
    ],
)
def test_a_notebook_runs_top_to_bottom_and_prints_what_it_printed(folder, monkeypatch):
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    stored = nbformat.read(folder / "notebook.ipynb", as_version=4)
    fresh = nbformat.read(folder / "notebook.ipynb", as_version=4)
    place = {"metadata": {"path": str(folder)}}
    NotebookClient(
        fresh, timeout=120, kernel_name="python3", resources=place
    ).execute()  # raises on a failed assert
    changed = {
        before.id: found
        for before, after in zip(stored.cells, fresh.cells, strict=True)
        if before.cell_type == "code" and (found := differences(before, after))
    }
    assert not changed, "run the notebook again and store what it prints"


def differences(before: nbformat.NotebookNode, after: nbformat.NotebookNode) -> list[str]:
    """How two outputs of one cell differ: in their words at all, in their numbers by more than `close` allows."""
    one, other = printed(before), printed(after)
    if words(one) != words(other):
        return [f"the words: {one!r} became {other!r}"]
    kept, new = NUMBER.findall(one), NUMBER.findall(other)
    if len(kept) != len(new):
        return [f"how many numbers: {kept} became {new}"]
    trained = TRAINED in before.metadata.get("tags", [])
    return [f"{a} became {b}" for a, b in zip(kept, new, strict=True) if not close(a, b, trained)]


def close(stored: str, fresh: str, trained: bool = False) -> bool:
    """Whether two printed numbers may come from the same code on two machines.

    Processors add up in another order, so the last printed place may change, and a little more where a solver stops
    early: one unit of that place, and 2% for what is not a whole number. Where a network is trained the small
    differences grow from step to step. Such cells have the tag `trained`, and only what is far off counts: a whole
    number (an epoch, say) within a factor of three, one with a power of ten within a factor of ten, others within 0.1
    and 30%. What must hold on every machine, the cell asserts itself.
    """
    a, b = (float(text.replace(",", "")) for text in (stored, fresh))
    whole = not re.search(r"[.e]", stored)
    small, large = sorted((abs(a), abs(b)))
    if not trained:
        return abs(a - b) <= 1.01 * last_place(stored) + (0 if whole else 0.02 * abs(a))
    if "e" in stored:
        return large <= 10 * small
    return large <= 3 * small + 3 if whole else abs(a - b) <= 0.1 + 0.3 * abs(a)


def last_place(number: str) -> float:
    """The worth of a number's last digit: 0.01 for "3.14", 1 for "250", 1e-19 for "2.6e-18"."""
    digits, _, power = number.partition("e")
    return 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))


def printed(cell: nbformat.NotebookNode) -> str:
    return "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout")


def words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z]+", NUMBER.sub("", text))


def code_cell(text: str, *tags: str) -> nbformat.NotebookNode:
    output = nbformat.v4.new_output("stream", name="stdout", text=text)
    return nbformat.v4.new_code_cell(outputs=[output], metadata={"tags": list(tags)})


@pytest.mark.parametrize(
    ("stored", "fresh"),
    [
        ("1,233 parameters", "1,297 parameters"),  # counts are exact, but for one that rounding has moved
        ("loss 1.461", "loss 1.51"),
        ("skill -0.148", "skill 0.148"),
        ("left 9.5e-07", "left 9.5e-06"),
        ("[0.86, 0.424]", "[0.86]"),
        ("merge 1: es", "merge 1: st"),
        ("right on 49%", "right on 52%"),
    ],
)
def test_a_stored_output_that_has_gone_stale_is_seen(stored, fresh):
    assert differences(code_cell(stored), code_cell(fresh))
    assert differences(code_cell(stored), code_cell(stored)) == []


@pytest.mark.parametrize(
    ("stored", "fresh", "tags"),
    [
        ("loss 1.461, 57% of 250", "loss 1.462, 58% of 250", ()),
        ("error 348.54", "error 351.2", ()),
        ("0.000000 left", "0.000001 left", ()),
        ("skill -0.014 after epoch 10", "skill 0.02 after epoch 28", (TRAINED,)),
        ("ratio 2.6e-18", "ratio 9.1e-18", (TRAINED,)),
    ],
)
def test_what_another_processor_may_print_is_let_through(stored, fresh, tags):
    assert differences(code_cell(stored, *tags), code_cell(fresh, *tags)) == []


@pytest.mark.parametrize(
    ("stored", "fresh"), [("3.88 bits", "2.1 bits"), ("ratio 2.6e-18", "ratio 1.4e-05"), ("452", "37")]
)
def test_a_training_that_ends_elsewhere_is_seen(stored, fresh):
    assert differences(code_cell(stored, TRAINED), code_cell(fresh, TRAINED))


@every_lecture
def test_a_cell_with_the_wider_tolerance_asserts_what_must_hold(folder):
    for cell in nbformat.read(folder / "notebook.ipynb", as_version=4).cells:
        if TRAINED in cell.metadata.get("tags", []):
            assert re.search(r"^ *assert ", cell.source, re.M), cell.id
