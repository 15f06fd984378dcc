import re
from pathlib import Path

import pytest

from knowledge.paths import index_folder
from knowledge.weights import default_folder
from tutor.errors import SettingsError
from tutor.settings import Settings, load_settings, variable

EXAMPLE = Path(__file__).parent.parent / ".env.example"


def test_every_setting_is_in_the_example_and_nothing_else():
    written = re.findall(r"^#?([A-Z_]+)=", EXAMPLE.read_text("utf-8"), re.MULTILINE)
    assert sorted(written) == sorted(variable(field) for field in Settings.model_fields)


def test_every_line_of_the_example_is_a_value_that_can_be_used(monkeypatch):
    for name, value in re.findall(r"^#([A-Z_]+)=(.*)$", EXAMPLE.read_text("utf-8"), re.MULTILINE):
        monkeypatch.setenv(name, value)
    assert load_settings().port == 7860


def test_the_example_shows_the_defaults(monkeypatch):
    shown = dict(re.findall(r"^#([A-Z_]+)=(\S+)$", EXAMPLE.read_text("utf-8"), re.MULTILINE))
    for field in (
        "model",
        "tool_calls",
        "timeout",
        "offline",
        "host",
        "port",
        "lab_workers",
        "lab_time_limit",
    ):
        monkeypatch.setenv(variable(field), shown[variable(field)])
        set_so = getattr(load_settings(), field)
        monkeypatch.delenv(variable(field))
        assert set_so == getattr(load_settings(), field)


def test_one_variable_moves_everything(monkeypatch, tmp_path):
    monkeypatch.setenv("TUTOR_HOME", str(tmp_path))
    settings = load_settings()
    assert settings.index == tmp_path / "data" / "index" == index_folder({"TUTOR_HOME": str(tmp_path)})
    assert settings.weights == tmp_path / "cache" / "weights" == default_folder()
    assert settings.sessions_url == f"sqlite:///{tmp_path / 'data' / 'sessions.sqlite'}"


def test_the_index_and_the_weights_move_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("TUTOR_INDEX", str(tmp_path / "i"))
    monkeypatch.setenv("TUTOR_WEIGHTS", str(tmp_path / "w"))
    settings = load_settings()
    assert (settings.index, settings.weights) == (tmp_path / "i", tmp_path / "w")
    assert default_folder() == tmp_path / "w"


def test_without_any_variable_the_platforms_folders_are_used(monkeypatch):
    monkeypatch.delenv("TUTOR_HOME")
    settings = load_settings()
    assert settings.data_dir.name == "ml-tutor"
    assert settings.data_dir != settings.cache_dir


def test_a_env_file_in_the_current_folder_is_read_and_the_environment_wins(monkeypatch, tmp_path):
    monkeypatch.setitem(Settings.model_config, "env_file", ".env")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "TUTOR_PORT=8001\nTUTOR_MODEL=none\nOPENAI_API_KEY=sk-from-file\nOTHER=1\n"
    )
    monkeypatch.setenv("TUTOR_MODEL", "gguf:x")
    settings = load_settings()
    assert settings.port == 8001
    assert settings.model == "gguf:x"
    assert settings.openai_api_key.get_secret_value() == "sk-from-file"


def test_the_command_line_wins_and_none_means_not_given(monkeypatch):
    monkeypatch.setenv("TUTOR_PORT", "8001")
    assert load_settings(port=8002).port == 8002
    assert load_settings(port=None).port == 8001


def test_an_empty_value_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setenv("TUTOR_PORT", "")
    settings = load_settings()
    assert settings.openai_api_key is None
    assert settings.port == 7860


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TUTOR_PORT", "abc", "integer"),
        ("TUTOR_PORT", "70000", "65535"),
        ("TUTOR_TOOL_CALLS", "maybe", "'auto', 'yes' or 'no'"),
        ("TUTOR_OFFLINE", "perhaps", "boolean"),
        ("TUTOR_TIMEOUT", "-1", "greater than 0"),
        ("OPENAI_BASE_URL", "localhost:8000", "begins with http"),
        ("TUTOR_CONTEXT_TOKENS", "10", "1024"),
    ],
)
def test_a_bad_value_is_one_sentence_with_the_variable_and_the_value(monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    message = str(caught.value)
    assert message.startswith(f"{name} cannot be {value!r}: ")
    assert says in message
    assert "\n" not in message


def test_the_key_and_passwords_are_never_printed(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("TUTOR_DATABASE_URL", "postgresql://ann:hunter2@db/x")
    shown = repr(load_settings()) + str(load_settings())
    assert "very-secret" not in shown
    assert "hunter2" not in shown


def test_a_setting_that_does_not_exist_is_a_bug_of_the_caller():
    with pytest.raises(TypeError, match="no such setting: prot"):
        load_settings(prot=1)
