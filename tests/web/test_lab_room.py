"""The labs room without a browser: gallery, form and back, links, a run told to the page, and whose it is."""

from __future__ import annotations

import base64
import html
import re
import time
from html.parser import HTMLParser
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from labs.errors import BadPermalinkError
from labs.permalink import format_permalink
from labs.registry import LABS
from labs.runner import LabRunner
from tutor.lab_presets import common, presets
from tutor.models.base import no_model
from tutor.sessions import SessionStore
from tutor.tutor import Tutor
from tutor.web import looks
from tutor.web.lab_room import form, views
from tutor.web.lab_room.code import highlighted
from tutor.web.lab_room.room import EXPLAIN, LOST, LabDesk
from tutor.web.limits import Limits

ME, YOU = "me-0123456789abcdefgh", "you-0123456789abcdefg"
ALL = pytest.mark.parametrize("lab", LABS.values(), ids=lambda lab: lab.id)


class Tags(HTMLParser):
    """What a browser would make of it: every tag with its attributes, and whether each was closed."""

    VOID = ("input", "br", "img", "rect", "path", "image")

    def __init__(self, text):
        super().__init__()
        self.found, self._open = [], []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self._open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def of(self, tag, **wanted):
        return [a for name, a in self.found if name == tag and all(a.get(k) == v for k, v in wanted.items())]


def typed(lab, values):
    """What the room's script would send for a form filled with these values."""
    tags = Tags(form.form_html(lab, common(lab), values)).found
    sent, field = {}, {}
    for tag, attrs in tags:
        if "data-name" in attrs:
            several = "t-listing" in attrs.get("class", "")
            field = sent[attrs["data-name"]] = {"kind": attrs["data-kind"], "several": several, "value": ""}
            if field["kind"] == "choices":
                field["value"] = []
        elif tag == "input" and field.get("kind") == "choices":
            if "checked" in attrs:
                field["value"].append(attrs["value"])
        elif tag == "input" and attrs.get("class") == "t-list":
            if field["several"]:
                field["value"] = attrs["value"]
        elif field.get("several") or attrs.get("type") in ("range", "file"):
            continue
        elif tag == "input" and field:
            field["value"] = "checked" in attrs if attrs["type"] == "checkbox" else attrs["value"]
        elif tag == "option" and "selected" in attrs:
            field["value"] = attrs["value"]
        elif tag == "textarea":
            text = form.form_html(lab, common(lab), values).split(f'id="{attrs["id"]}"')[1]
            field["value"] = html.unescape(re.match(r"[^>]*>([^<]*)<", text)[1])
    return sent


# ---- the form


@ALL
def test_the_form_has_a_labelled_field_for_every_parameter(lab):
    tags = Tags(form.form_html(lab, common(lab), {}))
    named = [attrs["data-name"] for tag, attrs in tags.found if "data-name" in attrs]
    assert sorted(named) == sorted(info.name for info in lab.parameters)
    assert named[: len(common(lab))] == list(common(lab))
    labels = {attrs.get("for") for attrs in tags.of("label")}
    for info in lab.parameters:
        if not (info.kind == "list" and info.choices):
            assert f"lab-{info.name}" in labels
    for slider in tags.of("input", type="range"):
        info = lab.parameter(slider["data-for"].removeprefix("lab-"))
        assert float(slider["data-high"]) == info.maximum
        assert info.scale == "log" or float(slider["data-low"]) == info.minimum
        assert slider["aria-label"]


@ALL
def test_an_untouched_form_asks_for_the_defaults(lab):
    assert form.read_form(lab, typed(lab, {})) == {}


@pytest.mark.parametrize(
    ("lab_id", "preset"),
    [(lab.id, preset) for lab in LABS.values() for preset in presets(lab)],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_form_filled_with_a_story_asks_for_that_story(lab_id, preset):
    lab = LABS[lab_id]
    chosen = form.read_form(lab, typed(lab, preset.values))
    assert lab.validate(chosen).parameters == lab.validate(preset.values).parameters


def test_a_refused_value_stays_in_its_field():
    lab = LABS["bandit"]
    sent = typed(lab, {"arms": 1000})
    assert sent["arms"]["value"] == "1000"
    assert form.read_form(lab, {"arms": {"value": "many"}}) == {"arms": "many"}
    assert form.read_form(lab, {"legs": {"value": "2"}}) == {"legs": "2"}


def test_what_a_link_or_a_file_says_never_becomes_markup():
    evil = '"><script>alert(1)</script>'
    lab = LABS["lstm_stock"]
    page = views.lab_html(lab, {"ticker": evil, "predict": evil, "csv": evil, "epochs": evil})
    assert "<script" not in page
    assert evil not in page
    assert Tags(page).of("script") == []
    assert "<script" not in views.gallery_html(LABS.values(), evil)


# ---- links


@ALL
def test_the_address_of_a_run_reads_back_as_the_run(lab):
    for preset in presets(lab):
        parameters = lab.validate(preset.values).parameters
        found, values = form.read_query(form.query(format_permalink(lab.id, parameters)))
        assert found == lab.id
        assert lab.validate(values).parameters == parameters


def test_addresses_that_name_no_lab_and_those_that_cannot_be_read():
    assert form.read_query("") is None
    assert form.read_query("?__theme=dark") is None
    assert form.read_query("?__theme=dark&lab=bandit&arms=20") == ("bandit", {"arms": 20})
    for search in ("?lab=bandit&arms", "?lab=bandit&arms=2&arms=3", "?lab=", "?lab=bandit&lab=mdp"):
        with pytest.raises(BadPermalinkError):
            form.read_query(search)


# ---- what is shown


@ALL
def test_each_card_has_a_picture_that_a_run_drew(lab):
    path = looks.ASSETS / "labs" / f"{lab.id}.svg"
    text = path.read_text(encoding="utf-8")
    assert 1000 < len(text.encode()) <= 25_000
    root = ElementTree.fromstring(text)
    assert {child.tag.rpartition("}")[2] for child in root.iter()} <= {"svg", "g", "path", "rect", "image"}
    assert re.findall(r'href="(?!data:image/png;base64,)', text) == []
    if "<path" in text or "<rect" in text:  # follows the theme, and stands by itself; pixels do neither
        assert re.search(r"var\(--t-\w+,#", text)
    card = Tags(views.gallery_html([lab])).of("button", **{"data-lab": lab.id})
    assert len(card) == 1


@ALL
def test_the_core_is_highlighted_and_nothing_of_it_is_lost(lab):
    shown = highlighted(lab.source())
    assert '<span class="t-k">def</span>' in shown
    assert html.unescape(re.sub(r"</?span[^>]*>", "", shown)) == lab.source()


def test_source_that_is_no_python_is_shown_as_it_is():
    assert highlighted("def (<b>") == "def (&lt;b&gt;"


def test_a_result_holds_its_words_and_a_place_for_each_figure():
    result = LABS["regression"].execute({"samples": 40, "epochs": 30, "learning_rate": 0.001})
    page = views.result_html(None, result, None)
    assert len(Tags(page).of("figure")) == len(result.charts)
    for note in result.notes:
        assert html.escape(note) in page
    assert html.escape(result.findings[0].evidence) in page
    charts = views.charts_json(result)
    line = next(layer for layer in charts[1]["panels"][0]["layers"] if layer["type"] == "line")
    assert line["y"][0] == pytest.approx(float(result.series["mse_train_by_epoch"][0]), rel=1e-4)
    assert charts[1]["alt"]


# ---- the desk


@pytest.fixture(scope="module")
def runner():
    with LabRunner(workers=1, time_limit=120) as made:
        yield made


@pytest.fixture
def site(runner, tmp_path):
    from tutor.web.live import Conversations
    from tutor.web.pictures import Pictures

    store = SessionStore(f"sqlite:///{tmp_path / 'sessions.sqlite'}")
    tutor = Tutor(SimpleNamespace(ready=None), runner, SimpleNamespace(current=no_model()), store)
    conversations = Conversations(tutor, Pictures(tmp_path))
    yield SimpleNamespace(tutor=tutor, conversations=conversations, limits=Limits())
    store.close()


@pytest.fixture
def desk(site):
    return LabDesk(site)


def ask(desk, what, session=ME, **more):
    return desk.answer({"do": what, "session": session, **more})


def run(desk, lab, values, session=ME, **more):
    sent = {name: {"value": value} for name, value in values.items()}
    started = ask(desk, "start", session, lab=lab, form=sent, **more)
    assert "said" not in started, started
    while (state := ask(desk, "state", session))["state"] == "running":
        time.sleep(0.02)
    return started, state


def test_a_call_without_a_session_or_a_meaning_is_refused_in_words(desk):
    assert desk.answer(None) == {"said": LOST}
    assert desk.answer({"do": "gallery", "session": "short"}) == {"said": LOST}
    assert ask(desk, "dance") == {"said": LOST}
    assert "There is no lab called 'nonsense'" in ask(desk, "open", lab="nonsense")["said"]
    assert "There is no lab called" in ask(desk, "code", lab={"a": 1})["said"]


def test_a_link_opens_the_form_as_it_was_and_runs_nothing(desk):
    opened = ask(desk, "link", search="?lab=bandit&epsilons=[0,0.3]&arms=[5,20]")
    assert (opened["lab"], opened["refusal"], opened["running"]) == ("bandit", "", False)
    tags = Tags(opened["html"])
    assert tags.of("input", id="lab-epsilons")[0]["value"] == "0, 0.3"
    assert tags.of("input", id="lab-arms-list")[0]["value"] == "5, 20"
    assert ask(desk, "state") == {"state": "none"}


def test_a_bad_link_gets_one_sentence(desk):
    assert "There is no lab called &#x27;nonsense&#x27;" in ask(desk, "link", search="?lab=nonsense")["html"]
    refused = ask(desk, "link", search="?lab=bandit&arms=1000")
    assert "from 2 to 100" in refused["refusal"]
    assert Tags(refused["html"]).of("input", id="lab-arms")[0]["value"] == "1000"
    assert "has no parameter 'legs'" in ask(desk, "link", search="?lab=bandit&legs=2")["refusal"]
    assert ask(desk, "link", search="?__theme=dark") == {}


def test_a_run_from_the_form_to_its_files(desk):
    started, state = run(desk, "regression", {"samples": "30", "epochs": "20", "degree": "1"})
    assert started["link"] == "?lab=regression&epochs=20&samples=30&seed=0"
    assert (state["state"], state["run"]) == ("done", started["run"])
    told = ask(desk, "result", run=state["run"], fill=True)
    assert len(told["charts"]) == len(Tags(told["html"]).of("figure"))
    assert told["link"] == started["link"]
    assert state["run"] in told["history"]
    assert Tags(told["fields"]).of("input", id="lab-samples")[0]["value"] == "30"
    table = ask(desk, "file", runs=[state["run"]], kind="csv")
    assert table["name"] == "regression.csv"
    assert table["text"].count("\n") > 20
    assert '"nbformat"' in ask(desk, "file", runs=[state["run"]], kind="notebook")["text"]
    assert ask(desk, "file", runs=[state["run"]], kind="png", chart="loss")["base64"].startswith(
        "iVBORw0KGgo"
    )
    assert "not part of this run" in ask(desk, "file", runs=[state["run"]], kind="png", chart="../x")["said"]


def test_a_figure_as_a_file_is_drawn_where_all_pictures_are(desk, site):
    drawn = []
    site.conversations.pictures.png = lambda result, chart: drawn.append((result.lab, chart.name)) or b"drawn"
    _, state = run(desk, "regression", {"samples": 30})
    told = ask(desk, "file", runs=[state["run"]], kind="png", chart="loss")
    assert (told["name"], told["base64"]) == ("regression-loss.png", "ZHJhd24=")
    assert drawn == [("regression", "loss")]


def test_nobody_sees_the_runs_of_another_session(desk):
    _, state = run(desk, "mdp", {})
    for what, more in (
        ("result", {"run": state["run"]}),
        ("file", {"runs": [state["run"]], "kind": "csv"}),
        ("keep", {"run": state["run"]}),
        ("compare", {"runs": [state["run"], state["run"] + "x"]}),
    ):
        assert "not kept" in ask(desk, what, YOU, **more)["said"]
    assert ask(desk, "open", YOU, lab="mdp")["history"] == ""
    assert state["run"] in ask(desk, "open", ME, lab="mdp")["history"]


def test_a_run_is_handed_to_the_chat_and_stays_when_the_conversation_goes(desk, site):
    _, state = run(desk, "mdp", {"gamma": "0.5"})
    assert site.conversations.get(ME).turns == []
    assert ask(desk, "keep", run=state["run"]) == {"ask": EXPLAIN}
    assert len(site.conversations.get(ME).turns) == 1
    assert site.tutor.history(ME)[0].runs[0].chosen == {"gamma": 0.5}
    _, other = run(desk, "mdp", {"gamma": "0.6"})
    site.conversations.forget(ME, 1.0)
    assert ask(desk, "result", run=other["run"])["title"]


def test_a_guess_is_asked_for_and_told(desk):
    form_sent = {"gamma": {"value": "0.5, 0.9", "several": True}}
    asked = ask(desk, "predict", lab="mdp", form=form_sent)["html"]
    assert len(Tags(asked).of("button", **{"class": "t-answer"})) == 3
    assert "no guess" in ask(desk, "start", lab="mdp", form=form_sent, guess="bananas")["said"]
    started = ask(desk, "start", lab="mdp", form=form_sent, guess="B")
    while ask(desk, "state")["state"] == "running":
        time.sleep(0.02)
    told = ask(desk, "result", run=started["run"])["html"]
    assert "t-right" in told
    assert "Well guessed" in told


def test_two_runs_in_one_figure(desk):
    ids = [
        run(desk, "regression", {"epochs": "20", "learning_rate": rate})[1]["run"] for rate in ("0.01", "0.2")
    ]
    compared = ask(desk, "compare", runs=ids)
    labels = {
        layer.get("label") for chart in compared["charts"] for p in chart["panels"] for layer in p["layers"]
    }
    assert {"learning_rate=0.01", "learning_rate=0.2"} <= labels
    assert "tick 2 to 6" in ask(desk, "compare", runs=ids[:1])["said"]


def test_a_file_of_ones_own_gets_a_name_that_the_lab_takes(desk, tmp_path, monkeypatch):
    monkeypatch.setenv("LABS_OWN_DATA", str(tmp_path / "own"))
    rows = "hours,mark\n" + "".join(f"{n},{2 * n + n % 3}\n" for n in range(30))
    data = base64.b64encode(rows.encode()).decode()
    kept = ask(desk, "own", name="../../marks.csv", data=data)["csv"]
    assert re.fullmatch(r"marks-[0-9a-f]{10}\.csv", kept)
    assert LABS["regression"].validate({"csv": kept}).parameters["dataset"] == "own"
    assert "does not end in" in ask(desk, "own", name="marks.exe", data=data)["said"]
    assert "did not arrive whole" in ask(desk, "own", name="marks.csv", data="§")["said"]
