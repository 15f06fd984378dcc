"""The command line, called in this process: what it prints where, and its exit status."""

import json

import pytest

from tutor.cli import main
from tutor.commands.lab import parse_assignments
from tutor.commands.output import WrongCallError


@pytest.fixture
def run(capsys):
    def call(*arguments):
        try:
            status = main(list(arguments))
        except SystemExit as end:  # argparse ends --help and wrong calls this way
            status = end.code
        out, err = capsys.readouterr()
        return status, out, err

    return call


@pytest.fixture
def small_course(tmp_path, monkeypatch, minilm_dir):
    """An index of two short files, and the real weights where the command line looks for them."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "bandits.md").write_text(
        "# Bandits\n\n## Why do we decay epsilon?\n\nEarly on the estimates are poor, so exploring pays. Later every "
        "exploring pull wastes reward.\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("TUTOR_WEIGHTS", str(minilm_dir.parent))
    monkeypatch.setenv("TUTOR_INDEX", str(tmp_path / "index"))
    return folder


# --- wrong calls and bad input: status 2 and one sentence ------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("lab", "run", "bandits"), "There is no lab called 'bandits'"),
        (("lab", "run", "bandit", "arms=1"), "arms"),
        (("lab", "run", "bandit", "armz=3"), "armz"),
        (("lab", "run", "bandit", "arms"), "sets nothing"),
        (("lab", "run", "lab:bandit?arms"), "not a lab link"),
        (("lab", "show", "nothing"), "no lab called"),
        (("ask", "  ", "--model", "none"), "empty"),
        (("ask", "x" * 100_000, "--model", "none"), "100,000 characters"),
        (("ask", "hello", "--model", "bogus:model"), "bogus:model"),
        (("route",), "Nothing to work on"),
        (("route", "--file", "does/not/exist.jsonl"), "cannot be read"),
        (("ingest", "does/not/exist"), "does/not/exist"),
        (("serve", "--port", "99999", "--model", "none"), "TUTOR_PORT"),
        (("dance",), "invalid choice"),
        (("ask",), "required"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(run, arguments, said):
    status, out, err = run(*arguments)
    assert status == 2
    assert out == ""
    assert said in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


def test_a_setting_with_a_bad_value_names_its_variable(run, monkeypatch):
    monkeypatch.setenv("TUTOR_LAB_WORKERS", "many")
    status, _, err = run("doctor")
    assert status == 2
    assert "TUTOR_LAB_WORKERS" in err


@pytest.mark.weights
def test_an_index_of_another_version_is_built_again_or_the_fix_is_named(run, small_course, tmp_path):
    assert run("ingest", str(small_course))[0] == 0

    def of_another_version():
        manifest = sorted((tmp_path / "index").rglob("manifest.json"))[-1]
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema": 999}))

    of_another_version()
    assert run("search", "epsilon")[0] == 0
    of_another_version()
    small_course.rename(tmp_path / "elsewhere")  # what it was read from is not there any more
    status, _, err = run("search", "epsilon")
    assert status == 1
    assert "python ingest.py --rebuild" in err


@pytest.mark.parametrize(
    "line", ["not json", '{"id": 1}', "[1]", '{"id": 1, "turns": []}', '{"id": 1, "turns": [5]}']
)
def test_a_bad_line_of_a_file_is_named(run, tmp_path, line):
    file = tmp_path / "u.jsonl"
    file.write_text('{"id": "a", "turns": ["hello"]}\n' + line + "\n", encoding="utf-8")
    status, out, err = run("route", "--file", str(file), "--json")
    assert status == 2
    assert json.loads(out)["id"] == "a"  # what came before was answered
    assert err.strip()


# --- labs ------------------------------------------------------------------------------------------------------------


def test_help_lists_every_command(run):
    status, out, _ = run("--help")
    assert status == 0
    for command in ("serve", "ask", "search", "route", "lab", "model", "doctor", "ingest"):
        assert command in out


def test_a_lab_run_prints_one_json_object_and_saves_what_was_asked_for(run, tmp_path):
    notebook = tmp_path / "deep" / "run.ipynb"
    status, out, _ = run(
        "lab", "run", "bandit", "epsilons=[0,0.1]", "runs=50", "steps=100", "--json",
        "--out", str(tmp_path / "plots"), "--notebook", str(notebook),
    )  # fmt: skip
    result = json.loads(out)
    assert status == 0
    assert result["parameters"]["epsilons"] == [0, 0.1]
    assert "reward_final[epsilon_greedy, epsilon=0.1]" in result["metrics"]
    assert {"metrics", "tables", "notes", "parameters", "seconds", "figures"} <= result.keys()
    for path in result["figures"].values():
        with open(path, "rb") as file:
            assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    assert json.loads(notebook.read_text())["nbformat"] == 4


def test_a_link_replays_a_run_to_the_same_metrics(run):
    _, out, _ = run("lab", "run", "bandit", "epsilons=[0.1]", "runs=50", "steps=100", "seed=7", "--json")
    first = json.loads(out)
    _, out, _ = run("lab", "run", first["permalink"], "--json")
    assert json.loads(out)["metrics"] == first["metrics"]


def test_lab_list_and_show_name_labs_parameters_and_source(run):
    assert {"bandit", "regression"} <= {
        lab["id"] for lab in json.loads(run("lab", "list", "--json")[1])["labs"]
    }
    assert "epsilons" in run("lab", "show", "bandit")[1]
    assert "def " in run("lab", "show", "bandit", "--source")[1]


def test_assignments_are_read_as_json_where_they_are():
    assert parse_assignments(["a=1", "b=0.5", "c=[0,0.1]", "d=line", "e=[gd, ols]", "f=true", "g=none", "h=x=y"]) == {
        "a": 1, "b": 0.5, "c": [0, 0.1], "d": "line", "e": ["gd", "ols"], "f": True, "g": None, "h": "x=y",
    }  # fmt: skip
    with pytest.raises(WrongCallError, match="name=value"):
        parse_assignments(["=3"])


# --- ask, search, route ----------------------------------------------------------------------------------------------


@pytest.mark.weights
def test_ingest_then_search_then_ask_with_sources_as_json(run, small_course):
    status, out, _ = run("ingest", str(small_course), "--json")
    assert status == 0
    assert json.loads(out)["added"] == 1
    assert json.loads(run("ingest", str(small_course), "--json")[1])["unchanged"] == 1
    found = json.loads(run("search", "why decay epsilon", "-k", "1", "--json")[1])["chunks"]
    assert found[0]["path"] == "bandits.md"
    assert found[0]["heading"][-1] == "Why do we decay epsilon?"
    status, out, _ = run("ask", "why do we decay epsilon?", "--model", "none", "--json")
    answer = json.loads(out)
    assert status == 0
    assert {"answer", "intent", "sources", "labs", "abstained", "model", "seconds"} <= answer.keys()
    assert answer["sources"][0]["path"] == "bandits.md"
    assert not answer["abstained"]


@pytest.mark.weights
def test_ask_goes_on_with_a_session_and_gives_lab_results_with_figure_files(run, small_course):
    run("ingest", str(small_course))
    args = ("--session", "me", "--model", "none", "--json")
    run("ask", "run the bandit with epsilon 0.1, 50 runs and 100 steps", *args)
    answer = json.loads(run("ask", "now with 20 arms", *args)[1])
    assert answer["labs"][0]["parameters"]["arms"] == 20
    assert answer["labs"][0]["parameters"]["runs"] == 50
    assert answer["labs"][0]["figures"]


@pytest.mark.weights
def test_search_answers_a_file_line_by_line(run, small_course, tmp_path):
    run("ingest", str(small_course))
    file = tmp_path / "q.jsonl"
    file.write_text('{"id": "a", "question": "decay epsilon"}\n\n{"id": 2, "question": "estimates"}\n')
    lines = [json.loads(line) for line in run("search", "--file", str(file), "--json")[1].splitlines()]
    assert [line["id"] for line in lines] == ["a", 2]
    assert {"path", "text", "heading", "cell", "score"} <= lines[0]["chunks"][0].keys()


def test_route_answers_for_the_last_of_the_turns(run, tmp_path):
    file = tmp_path / "u.jsonl"
    turns = ["run the bandit with epsilon 0.1", "now with 20 arms"]
    file.write_text(json.dumps({"id": "x", "turns": turns}) + "\n")
    answer = json.loads(run("route", "--file", str(file), "--json")[1])
    assert answer == {
        "id": "x",
        "intent": "lab",
        "lab": "bandit",
        "parameters": {"epsilons": [0.1], "arms": 20},
    }
    alone = json.loads(run("route", "why do we decay epsilon?", "--json")[1])
    assert alone == {"intent": "question", "lab": None, "parameters": {}}


# --- doctor and models -----------------------------------------------------------------------------------------------


def test_doctor_names_each_fault_with_its_fix_and_prints_no_key(run, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-key")
    monkeypatch.setenv("TUTOR_OFFLINE", "1")
    status, out, err = run("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(out)["checks"]}
    assert status == 1  # no weights in an empty home
    assert not checks["embedding model"]["ok"]
    assert "tutor model pull" in checks["embedding model"]["fix"]
    assert checks["labs"]["ok"]
    assert checks["conversations"]["ok"]
    assert "OPENAI_API_KEY is set" in checks["chat model"]["detail"]
    assert "sk-very" not in out + err


def test_model_list_shows_every_model_of_the_store(run):
    rows = json.loads(run("model", "list", "--json")[1])["models"]
    assert {"qwen2.5-coder-1.5b", "all-minilm-l6-v2"} <= {row["name"] for row in rows}
    assert not any(row["here"] for row in rows)


def test_pulling_an_unknown_model_lists_the_known_ones(run):
    status, _, err = run("model", "pull", "gpt-17")
    assert status == 2
    assert "qwen2.5-coder-1.5b" in err


def test_pulling_without_a_network_is_one_sentence(run, monkeypatch):
    monkeypatch.setenv("TUTOR_OFFLINE", "1")
    status, _, err = run("model", "pull", "smollm2-135m")
    assert status == 1
    assert "Traceback" not in err
    assert err.strip()


# --- own files and comparisons ---------------------------------------------------------------------------------------


@pytest.fixture
def marks(tmp_path, monkeypatch):
    monkeypatch.setenv("LABS_OWN_DATA", str(tmp_path / "own"))
    path = tmp_path / "my marks.csv"
    path.write_text(
        "hours,mark\n" + "".join(f"{h},{40 + 5 * h + h % 3}\n" for h in range(12)), encoding="utf-8"
    )
    return path


def test_a_path_for_csv_is_kept_and_its_name_replays_the_run(run, marks):
    status, out, err = run("lab", "run", "regression", f"csv={marks}", "--json")
    assert status == 0
    first = json.loads(out)
    assert first["parameters"]["csv"].startswith("my-marks-")
    assert first["parameters"]["dataset"] == "own"
    assert "is kept as my-marks-" in err
    status, out, _ = run("lab", "run", first["permalink"], "--json")
    assert json.loads(out)["metrics"] == first["metrics"]
    status, _, err = run("lab", "run", "regression", "csv=no/such/file.csv")
    assert status == 2
    assert "no such file" in err


def test_two_runs_are_compared_from_a_link_and_from_a_folder(run, tmp_path):
    kept, out_dir = tmp_path / "kept", tmp_path / "both"
    assert run("lab", "run", "bandit", "arms=3", "runs=40", "steps=50", "--out", str(kept))[0] == 0
    assert (kept / "run.json").is_file()
    status, out, _ = run(
        "lab",
        "compare",
        str(kept),
        "lab:bandit?arms=6&runs=40&steps=50&seed=0",
        "--out",
        str(out_dir),
        "--json",
    )
    assert status == 0
    merged = json.loads(out)
    assert merged["parameters"]["arms"] == [3, 6]
    assert "arms=6" in merged["notes"][1]
    assert all((out_dir / f"{name}.png").is_file() for name in merged["figures"])


@pytest.mark.parametrize(
    ("first", "said"),
    [("nowhere", "neither a link"), ("lab:mdp?seed=0", "same lab"), ("lab:bandit?armz=1", "armz")],
)
def test_what_cannot_be_compared_is_said(run, first, said):
    status, _, err = run("lab", "compare", first, "lab:bandit?runs=20&steps=20&seed=0")
    assert status == 2
    assert said in err
