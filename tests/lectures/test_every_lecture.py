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
    long = {h: len(s.split()) for h, s in sections(text_of(folder)).items() if len(s.split()) > 260}
    assert not long


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
def test_the_lab_messages_of_a_lecture_name_real_labs_and_parameters(folder):
    from labs.registry import LABS

    messages = re.findall(r"`(run the [^`]+)`", text_of(folder))
    assert len(messages) >= 5
    for message in messages:
        lab = next((lab for lab in LABS.values() if message.startswith(f"run the {lab.id}")), None)
        assert lab is not None, message
        known = {word for info in lab.parameters for word in (info.name.replace("_", " "), *info.synonyms)}
        rest = message.removeprefix(f"run the {lab.id}").removeprefix(" with ")
        assert not rest or any(word in rest for word in known), message


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


@every_lecture
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
    for before, after in zip(stored.cells, fresh.cells, strict=True):
        if before.cell_type == "code":
            assert words(after) == words(before), before.id


def words(cell: nbformat.NotebookNode) -> list[str]:
    """What a cell prints, with its numbers left out: those may differ slightly on another machine."""
    printed = "".join(
        output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout"
    )
    return re.findall(r"[A-Za-z]+", re.sub(r"[-+]?\d[\d.,]*(e[-+]?\d+)?", "", printed))
