import socket
import stat
from types import SimpleNamespace

import pytest
from page_fakes import FakeModelHost, FakeTutor, build_page

from tutor.errors import SettingsError
from tutor.web import app, looks


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(cache_dir=tmp_path / "cache", host="127.0.0.1", port=0)


@pytest.fixture
def page(settings):
    return build_page(FakeTutor(), settings)


def test_a_port_that_is_taken_gives_one_sentence(settings, page):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SettingsError, match="--port"):
            app.launch(page, settings, port=other.getsockname()[1])


def test_the_folder_of_pictures_is_private_and_old_ones_are_swept(settings):
    settings.cache_dir.mkdir()
    gone = settings.cache_dir / "page-999999999-x"
    gone.mkdir()
    folder = app._private_folder(settings.cache_dir)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not gone.exists()


def test_programs_reach_what_is_meant_for_them_and_nothing_else(page):
    named = {"ask", "run_lab", "search", "list_labs"}
    assert set(page.get_api_info()["named_endpoints"]) == {f"/{name}" for name in named}
    assert page.get_api_info()["unnamed_endpoints"] == {}
    public = {fn.api_name for fn in page.fns.values() if fn.api_visibility != "private"}
    assert public == named


def test_the_looks_name_no_other_host():
    theme = looks.theme()
    assert all(type(font).__name__ == "Font" for font in [*theme._font, *theme._font_mono])
    files = [file for file in looks.ASSETS.rglob("*") if file.suffix in (".css", ".js", ".svg")]
    assert len(files) > 5
    for file in files:
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/", "").replace("// ", "")
        assert "//" not in text, file.name


def test_the_page_needs_the_model_for_nothing(settings):
    host = FakeModelHost("failed", message="No network: connect to it, then restart.")
    page = build_page(FakeTutor(), settings, host)
    assert "No network" in str(page.get_config_file())


def test_examples_come_from_the_course_and_the_labs():
    examples = app.default_examples()
    assert "Why do we decay epsilon?" in examples
    assert any("bandit" in example.lower() for example in examples)
