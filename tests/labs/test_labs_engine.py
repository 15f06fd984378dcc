"""Links, sweeps, comparisons, drawing and notebooks, on labs small enough to see through."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_labs import TOYS

from labs.base import Context, Finding, LabResult
from labs.charts import (
    Arrows,
    Band,
    Bars,
    Chart,
    Contour,
    Heatmap,
    Images,
    Line,
    Panel,
    Rule,
    Scatter,
    Segments,
    Words,
    alt_text,
    chart_data,
    json_safe,
)
from labs.errors import BadParameterError, BadPermalinkError, LabCancelled
from labs.layout import apart
from labs.notebook import to_notebook, write_notebook
from labs.permalink import format_permalink, parse_permalink, parse_value
from labs.plotting import draw, save_png
from labs.registry import LABS
from labs.sweep import _merge, compare

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True), values | st.lists(values, max_size=3), max_size=4
    )
)
def test_a_link_reads_back_what_was_written(parameters):
    lab_id, found = parse_permalink(format_permalink("toy", parameters))
    assert lab_id == "toy"
    normal = json.loads(json.dumps(parameters))
    assert (
        json.dumps(found).replace("null", '"none"') == json.dumps(normal).replace("null", '"none"')
        or found == normal
    )


def test_a_link_is_short_and_readable():
    parameters = {**LABS["bandit"].defaults, "epsilons": [0.1], "policies": ["ucb", "thompson"], "seed": 7}
    assert (
        format_permalink("bandit", parameters) == "lab:bandit?policies=[ucb,thompson]&epsilons=[0.1]&seed=7"
    )
    assert parse_permalink("lab:bandit?epsilons=[0,0.1]&seed=7") == (
        "bandit",
        {"epsilons": [0, 0.1], "seed": 7},
    )


@pytest.mark.parametrize(
    "text",
    ["bandit", "lab:", "lab:bandit?epsilons", "lab:bandit?a=1&a=2", "lab:x?=3", "lab:x?a=" + "1" * 5000],
)
def test_a_bad_link_says_how_a_link_looks(text):
    with pytest.raises(BadPermalinkError, match="write it like lab:bandit"):
        parse_permalink(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        ("[0, 0.1]", [0, 0.1]),
        ("[gd,ols]", ["gd", "ols"]),
        ("ols", "ols"),
        ("none", None),
        ("true", True),
        ("[]", []),
        ("[", "["),
    ],
)
def test_typed_values_are_read_as_a_person_means_them(text, value):
    assert parse_value(text) == value


def test_a_sweep_overlays_the_runs_and_says_what_differed():
    result = TOYS["count"].execute({"steps": [2, 5]})
    assert result.metrics["total[steps=2]"] == 1.0
    assert result.metrics["total[steps=5]"] == 2.5
    assert result.notes[0] == "Total is 2.5 with steps=5 and 1 with steps=2: 1.5 more (150%)."
    line = result.chart("line")
    assert [layer.label for layer in line.panels[0].layers] == ["steps=2", "steps=5"]
    np.testing.assert_array_equal(result.series[line.panels[0].layers[1].y], np.arange(5) * 0.5)
    assert result.findings[0].evidence.startswith("steps=2: ")
    assert result.tables[0].rows[1][:2] == ("steps=5", 2.5)


def test_a_sweep_reports_progress_over_all_its_runs():
    seen = []
    TOYS["count"].execute({"steps": [2, 3]}, Context(on_report=lambda f, message: seen.append((f, message))))
    assert [f for f, _ in seen] == sorted(f for f, _ in seen)
    assert any(message.startswith("steps=3: ") and f >= 0.5 for f, message in seen)


def test_two_runs_are_compared_by_what_differs():
    lab = TOYS["count"]
    merged = compare(lab, lab.execute({"steps": 4}), lab.execute({"steps": 4, "rate": 1.0}))
    assert merged.metrics["total[rate=1]"] == 4.0
    assert merged.parameters["rate"] == [0.5, 1.0]
    assert merged.notes[0] == "Total is 4 with rate=1 and 2 with rate=0.5: 2 more (100%)."
    with pytest.raises(BadParameterError, match="same lab"):
        compare(lab, lab.execute({}), LABS["regression"].execute({}))


def test_runs_on_different_data_are_compared_with_a_caution():
    lab = LABS["regression"]
    merged = lab.execute({"samples": 40}).compare(lab.execute({"samples": 40, "dataset": "curve"}))
    assert merged.notes[0].startswith("The two runs used different data (dataset)")
    assert "dataset=line" in merged.notes[1]


@pytest.mark.parametrize("order", [(1.0, 0.5), (0.5, 1.0)])
def test_advice_of_a_comparison_names_no_value_that_fails_in_it(order):
    lab = TOYS["count"]
    advice = {1.0: "Try rate=0.5.", 0.5: "Try rate=0.25."}
    runs = [
        replace(lab.execute({"rate": rate}), findings=(Finding("divergence", "It grew.", advice[rate]),))
        for rate in order
    ]
    assert compare(lab, *runs).findings[0].suggestion == "Try rate=0.25."


def test_a_metric_that_is_not_a_number_is_told_as_that():
    lab = TOYS["count"]
    runs = [lab.execute({"steps": steps}) for steps in (2, 3, 4)]
    lost = [replace(run, metrics={**run.metrics, "total": float("nan")}) for run in runs]
    told = _merge(lab, ["a", "b", "c"], [runs[0], lost[1], lost[2]], {}, None).notes[0]
    assert told == "Total is 1 with a, and not a number elsewhere."
    assert _merge(lab, ["a", "b"], [runs[0], lost[1]], {}, None).notes[0] == (
        "Total is 1 with a, and not a number with b."
    )
    assert _merge(lab, ["a", "b"], lost[:2], {}, None).notes == ()


def test_three_runs_are_told_by_the_ends():
    notes = TOYS["count"].execute({"steps": [2, 5, 3]}).notes
    assert notes[0] == "Total is highest with steps=5 (2.5) and lowest with steps=2 (1)."


def test_a_result_compares_itself_with_another_of_the_registry():
    lab = LABS["regression"]
    merged = lab.execute({"method": "ols"}).compare(lab.execute({"noise": 2}))
    assert merged.parameters["method"] == ["ols", "gd"]
    assert "mse_test[method=ols, noise=1]" in merged.metrics


def test_a_part_of_a_context_maps_its_fractions_and_passes_the_cancel_on():
    seen, stop = [], []
    part = Context(lambda f, m: seen.append((f, m)), lambda: bool(stop)).part(0.5, 1.0, "b: ")
    part.report(0.5, "half")
    assert seen == [(0.75, "b: half")]
    stop.append(1)
    with pytest.raises(LabCancelled):
        part.report(0.6, "more")


@pytest.fixture(scope="module")
def everything():
    """One chart with every kind of layer."""
    rng = np.random.default_rng(0)
    x = np.linspace(1, 10, 30)
    series = {
        "x": x,
        "y": x**2,
        "low": x**2 - 5,
        "high": x**2 + 5,
        "bad": np.where(x > 5, np.nan, np.exp(x)),
        "bars": np.array([0.2, -0.4, 2000.0]),
        "z": rng.normal(size=(3, 4)),
        "surface": np.add.outer(x**2, x**2),
        "images": rng.random((5, 8, 8)),
    }
    panels = (
        Panel(
            "x",
            "y",
            (
                Band("x", "low", "high", "band"),
                Line("x", "y", "square"),
                Rule(50, label="fifty"),
                Rule(5, "x", "five"),
            ),
        ),
        Panel(
            "x",
            "y",
            (
                Scatter("x", "y", "points"),
                Segments("x", "low", "high"),
                Words(5, 25, "here"),
                Line("x", "bad", "broken"),
            ),
            y_scale="log",
        ),
        Panel("", "", (Bars(("a", "b", "c"), "bars", horizontal=True),)),
        Panel(
            "",
            "share",
            (Bars(("a", "b", "c"), "bars", "one"), Bars(("a", "b", "c"), "bars", "two")),
            percent=True,
        ),
        Panel(
            "",
            "",
            (
                Heatmap(
                    "z", ("p", "q", "r", "s"), ("u", "v", "w"), "{:.1f}", diverging=True, colour_label="value"
                ),
            ),
        ),
        Panel(
            "x",
            "x",
            (Contour("x", "x", "surface", log_levels=True), Arrows("x", "x", "low", "high")),
            equal=True,
        ),
        Panel("", "", (Images("images", ("a", "b", "c", "d", "e")),)),
    )
    return Chart("all", "Every kind of layer in one chart " * 4, panels, columns=2), series


def test_every_kind_of_layer_draws(everything, tmp_path):
    chart, series = everything
    result = LabResult("toy", "t", {}, 0, {}, (chart,), series)
    assert save_png(result, chart, tmp_path / "new" / "all.png").read_bytes().startswith(b"\x89PNG")
    assert len(draw(chart, series).axes) == len(chart.panels)


def test_a_drawn_line_holds_the_numbers_of_its_series(everything):
    chart, series = everything
    (line,) = [line for line in draw(chart, series).axes[0].lines if line.get_label() == "square"]
    np.testing.assert_array_equal(line.get_ydata(), series["y"])


def test_a_chart_is_told_in_words_and_as_data(everything):
    chart, series = everything
    told = alt_text(chart, series)
    assert "square goes from 1 to 100" in told
    assert "a reference line, fifty, at 50" in told
    data = chart_data(chart, series, max_points=10)
    json.dumps(data, allow_nan=False)
    assert len(data["panels"][0]["layers"][1]["y"]) == 10
    assert None in data["panels"][1]["layers"][3]["y"]


def test_labels_are_pushed_apart_and_stay_below_the_top():
    places = apart([0.5, 0.5, 0.51, 0.99, 1.0], 0.1)
    assert (np.diff(places) >= 0.0999).all()
    assert places.max() <= 1.0


def test_what_is_not_finite_becomes_null():
    dirty = {"a": float("nan"), "b": [float("inf"), 1], "c": np.float32(0.5), "d": np.array([1, 2])}
    assert json_safe(dirty) == {"a": None, "b": [None, 1], "c": 0.5, "d": [1, 2]}


def test_a_notebook_starts_with_the_parameters_of_the_run_and_holds_the_core():
    result = LABS["bandit"].execute({"runs": 20, "steps": 30, "arms": [3, 4]})
    cells = ["".join(cell["source"]) for cell in to_notebook(result)["cells"]]
    assert "runs = 20" in cells[0]
    assert "arms = 3" in cells[0]
    assert "compared 3, 4" in cells[0]
    assert any("def play(" in cell for cell in cells)
    assert result.permalink() in cells[1]


def test_a_written_notebook_leaves_nothing_else_behind(tmp_path):
    path = write_notebook(LABS["regression"].execute({}), tmp_path / "deep" / "run.ipynb")
    assert json.loads(path.read_text(encoding="utf-8"))["nbformat"] == 4
    assert [p.name for p in path.parent.iterdir()] == ["run.ipynb"]
