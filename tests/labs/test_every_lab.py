"""What every lab must keep, whatever it teaches."""

import json

import nbclient
import nbformat
import numpy as np
import pytest
from small import SMALL

from labs.base import Context
from labs.charts import alt_text, chart_keys
from labs.colours import DARK
from labs.errors import LabCancelled
from labs.notebook import to_notebook
from labs.permalink import parse_permalink
from labs.plotting import draw, png_bytes
from labs.registry import LABS

each_lab = pytest.mark.parametrize("lab", LABS.values(), ids=lambda lab: lab.id)
_results = {}


def result_of(lab):
    if lab.id not in _results:
        _results[lab.id] = lab.execute(SMALL[lab.id])
    return _results[lab.id]


@each_lab
def test_the_same_seed_gives_the_same_metrics_and_series(lab):
    again, first = lab.execute(SMALL[lab.id]), result_of(lab)
    assert again.metrics == pytest.approx(first.metrics, rel=0, abs=0, nan_ok=True)
    for key, values in first.series.items():
        np.testing.assert_array_equal(again.series[key], values)


@each_lab
def test_a_permalink_replays_to_the_same_metrics(lab):
    first = result_of(lab)
    lab_id, values = parse_permalink(first.permalink())
    assert lab_id == lab.id
    assert lab.execute(values).metrics == pytest.approx(first.metrics, rel=0, abs=0, nan_ok=True)


@each_lab
def test_a_result_is_json_safe_and_complete(lab):
    data = json.loads(json.dumps(result_of(lab).to_dict(), allow_nan=False))
    assert data["metrics"]
    assert set(data["parameters"]) == {info.name for info in lab.parameters}
    assert 1 <= len(data["notes"]) <= 5
    assert all(note.endswith((".", "!")) for note in data["notes"])
    known = {name.partition("[")[0] for name in data["metrics"]}
    assert known <= set(lab.metrics), "a metric without an explanation"


@each_lab
def test_every_chart_draws_from_its_series_and_can_be_read_aloud(lab):
    result = result_of(lab)
    assert result.charts
    for chart in result.charts:
        assert chart_keys(chart) <= set(result.series)
        assert png_bytes(result, chart, dpi=50).startswith(b"\x89PNG")
        assert draw(chart, result.series).get_figwidth() == 7
        assert len(alt_text(chart, result.series)) > len(chart.title)
        json.dumps(result.chart_data(chart.name), allow_nan=False)


@each_lab
def test_every_word_of_a_figure_can_be_read_on_a_dark_page(lab):
    from matplotlib.colors import to_rgb
    from matplotlib.text import Text

    def light(colour):  # relative luminance, WCAG 2.2
        return sum(
            share * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
            for share, c in zip((0.2126, 0.7152, 0.0722), to_rgb(colour), strict=True)
        )

    paper = light(DARK.paper) + 0.05
    for chart in result_of(lab).charts:
        figure = draw(chart, result_of(lab).series, DARK)
        on_colour = {text for axes in figure.axes if axes.images for text in axes.texts}
        words = [text for text in figure.findobj(Text) if text.get_text() and text not in on_colour]
        dim = [text.get_text() for text in words if (light(text.get_color()) + 0.05) / paper < 4.5]
        assert (chart.name, dim) == (chart.name, [])
        assert [to_rgb(axes.get_facecolor()) for axes in figure.axes] == [to_rgb(DARK.paper)] * len(
            figure.axes
        )


@each_lab
def test_a_lab_describes_itself(lab):
    assert lab.title
    assert lab.lectures
    assert lab.learn.endswith(".")
    assert lab.synonyms
    assert lab.topics
    assert lab.examples
    assert lab.exercises
    for info in lab.parameters:
        assert info.description, info.name
    assert lab.validate(lab.defaults).parameters == lab.defaults
    compile(lab.source(), lab.id, "exec")


@each_lab
def test_a_cancelled_lab_stops_at_its_first_report(lab):
    with pytest.raises(LabCancelled):
        lab.execute(SMALL[lab.id], Context(cancelled=lambda: True))


@each_lab
def test_progress_rises_to_one(lab):
    seen = []
    lab.execute(SMALL[lab.id], Context(on_report=lambda fraction, _: seen.append(fraction)))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@each_lab
def test_the_defaults_are_within_the_cost_limit(lab):
    assert lab.cost is None or lab.cost(lab.params()) <= lab.cost_limit


@each_lab
def test_a_sweep_over_the_seed_names_metrics_and_says_what_differed(lab):
    result = lab.execute({**SMALL[lab.id], "seed": [1, 2]})
    assert result.parameters["seed"] == [1, 2]
    assert all("seed=1]" in name or "seed=2]" in name for name in result.metrics)
    assert result.notes
    for chart in result.charts:
        assert png_bytes(result, chart, dpi=40).startswith(b"\x89PNG")


TRAINING = ("cnn", "language_model", "rnn", "dqn", "lstm_stock")  # labs whose notebook loads torch and trains


@pytest.mark.parametrize(
    "lab",
    [
        pytest.param(lab, id=lab.id, marks=[pytest.mark.slow] if lab.id in TRAINING else [])
        for lab in LABS.values()
    ],
)
def test_an_exported_notebook_runs_as_it_stands(lab, tmp_path):
    notebook = nbformat.reads(json.dumps(to_notebook(result_of(lab))), as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].source.startswith("# The parameters of the run")
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
