"""Pictures of runs: named so that nobody guesses them, drawn once; the dark twin only when a browser wants it."""

import io
from pathlib import Path

import pytest
from aside import alone
from page_fakes import bandit_result
from PIL import Image

from tutor.web.pictures import DarkWhenAsked, Pictures


def asked_for(pictures, path):
    """The path that the page behind the middleware is asked for."""
    seen = []

    async def page(scope, receive, send):
        seen.append(scope["path"])

    scope = {"type": "http", "method": "GET", "path": path}
    alone(DarkWhenAsked(page, pictures)(scope, None, None))
    return seen[0]


def opened(path):
    return Image.open(io.BytesIO(Path(path).read_bytes())).convert("RGB")


def corner(path):
    return opened(path).getpixel((2, 2))


def test_pictures_have_names_that_cannot_be_guessed_and_are_drawn_once(tmp_path):
    pictures, result = Pictures(tmp_path), bandit_result()
    first = pictures.draw("r", result)
    assert pictures.draw("r", result) is first
    assert len(first[0].path.rsplit("/", 1)[-1]) >= 32
    assert "epsilon 0.1" in first[0].alt
    Path(first[0].path).unlink()
    assert pictures.draw("r", result) != first


def test_the_dark_twin_is_drawn_when_a_browser_asks_for_it_and_not_before(tmp_path):
    pictures, result = Pictures(tmp_path), bandit_result()
    (picture,) = pictures.draw("r", result)
    assert corner(picture.path) == (255, 255, 255)
    assert [path.name for path in tmp_path.iterdir()] == [Path(picture.path).name]
    assert asked_for(pictures, f"/gradio_api/file={picture.path}") == f"/gradio_api/file={picture.path}"
    assert len(list(tmp_path.iterdir())) == 1
    assert asked_for(pictures, f"/gradio_api/file={picture.dark}") == f"/gradio_api/file={picture.dark}"
    assert corner(picture.dark) == (0x17, 0x1C, 0x2C)
    assert opened(picture.dark).size == (picture.width, picture.height)
    drawn = Path(picture.dark).stat().st_mtime_ns
    assert asked_for(pictures, picture.dark) == picture.dark
    assert Path(picture.dark).stat().st_mtime_ns == drawn
    assert len(list(tmp_path.iterdir())) == 2  # nothing half-written is left


@pytest.mark.parametrize("gone", [True, False], ids=["its conversation was closed", "nobody promised it"])
def test_where_there_is_no_dark_twin_the_light_picture_is_given(tmp_path, gone):
    pictures, result = Pictures(tmp_path), bandit_result()
    (picture,) = pictures.draw("r", result)
    del result
    dark = picture.dark if gone else f"{tmp_path}/other-dark.png"
    assert asked_for(pictures, dark) == (picture.path if gone else f"{tmp_path}/other.png")
    again = bandit_result()  # read back from the database
    assert pictures.draw("r", again) == (picture,)
    assert asked_for(pictures, picture.dark) == picture.dark
    assert corner(picture.dark) == (0x17, 0x1C, 0x2C)


def test_no_name_leads_out_of_the_folder(tmp_path):
    pictures = Pictures(tmp_path / "page")
    (tmp_path / "x-dark.png").write_bytes(b"mine")
    for name in ("../x-dark.png", "..%2fx-dark.png", "-dark.png"):
        assert not pictures.draw_twin(name)
