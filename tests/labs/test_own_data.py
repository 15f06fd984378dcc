"""A student's own CSV: how it is kept, what its columns become, and what is said about one that cannot be used."""

import csv
import datetime
import io
import json
import math

import nbformat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient

from labs.errors import BadParameterError
from labs.notebook import to_notebook
from labs.own_columns import fill, prepare, understand
from labs.own_data import MAX_ROWS, is_kept, keep, parse, read
from labs.own_prices import own_series
from labs.registry import LABS

MARKS = """id,name,hours,sleep,city,start,empty,mark
1,Ann,3,7.5,Leeds,2024-01-02,,55
2,Bob,5,6,York,2024-01-03,,64
3,Cy,1,8,Leeds,2024-01-02,,41
4,Dee,8,7,Bath,2024-01-05,,82
5,Ed,6,,York,2024-01-06,,70
6,Flo,2,5,Leeds,2024-01-07,,44
7,Gus,9,8,Bath,2024-01-08,,90
8,Hal,4,7,York,2024-01-08,,60
9,Ida,7,6.5,Leeds,2024-01-08,,75
10,Jo,3,7,Bath,2024-01-08,,53
11,Kit,5,5.5,York,2024-01-09,,
12,Lou,6,8,Leeds,2024-01-09,,71
"""


@pytest.fixture
def add(tmp_path, monkeypatch):
    """Writes a file and adds it; answers with the name that labs take."""
    monkeypatch.setenv("LABS_OWN_DATA", str(tmp_path / "own"))

    def write(text, name="marks.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return keep(path)

    return write


def table(text, name="marks-0123456789.csv"):
    return parse(text.encode(), name)


# --- keeping and reading ---------------------------------------------------------------------------------------------


def test_a_file_is_kept_under_its_name_and_hash_so_that_a_link_replays_the_same_rows(add, tmp_path):
    name = add(MARKS)
    assert name.startswith("marks-")
    assert is_kept(name)
    (tmp_path / "marks.csv").unlink()
    first = LABS["regression"].execute({"csv": name})
    again = LABS["regression"].execute(
        {"csv": add(MARKS, "other name.csv").replace("other-name", "other-name")}
    )
    assert first.metrics == again.metrics
    assert f"csv={name}" in first.permalink()


def test_changing_one_cell_gives_another_name(add):
    assert add(MARKS) != add(MARKS.replace("55", "56"))


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../marks-0123456789.csv", "marks.csv", "a/b-0123456789.csv"]
)
def test_no_value_of_a_parameter_opens_any_other_file(add, name):
    add(MARKS)
    with pytest.raises(BadParameterError, match="not the name of an added file"):
        read(name)
    with pytest.raises(BadParameterError):
        LABS["regression"].validate({"csv": name})


def test_a_file_that_is_gone_says_so(add, tmp_path):
    name = add(MARKS)
    (tmp_path / "own" / name).unlink()
    with pytest.raises(BadParameterError, match="not on this computer any more"):
        LABS["classification"].validate({"csv": name})


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "a.csv", "it is empty"),
        (";;\n;", "a.csv", "only separators"),
        (b"PK\x03\x04\0\0", "a.csv", "binary data"),
        (MARKS, "a.xlsx", "does not end in"),
        ("a,b\n1,2\n", "a.csv", "1 row of data"),
        ("1,2\n3,4\n5,6\n", "a.csv", "instead of the names"),
        ("a,b\n1,2\n3,4,5\n", "a.csv", "line 3 has 3 cells"),
        ('a,b\n1,"2\n3,4\n' + "x" * 200_000, "a.csv", "cannot be read"),
        ("a,b\n" + "1,2\n" * (MAX_ROWS + 1), "a.csv", "over the limit of 100,000"),
        (",".join(f"c{i}" for i in range(201)) + "\n", "a.csv", "201 columns"),
        (b"x" * 5_000_001, "a.csv", "up to 5 MB"),
    ],
)
def test_a_file_that_no_lab_could_use_is_refused_with_one_sentence(add, content, name, said):
    with pytest.raises(BadParameterError) as caught:
        add(content, name)
    assert said in str(caught.value)
    assert "; " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_separators_encodings_and_numbers_of_other_habits_are_read():
    text = "größe;preis\n" + "".join(f"{i},5;£1,{i:03d}.50\n" for i in range(10, 22))
    read_in = parse(text.encode("cp1252"), "a-0123456789.csv")
    size, price = understand(read_in)
    np.testing.assert_allclose(size.numbers, np.arange(10, 22) + 0.5)
    np.testing.assert_allclose(price.numbers, np.arange(10, 22) + 1000.5)
    assert any("Windows-1252" in remark for remark in read_in.remarks)
    assert any("semicolons" in remark for remark in read_in.remarks)
    assert parse(text.encode("utf-16"), "a-0123456789.csv").columns == ("größe", "preis")


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused_in_one_sentence(data):
    def refusal(act):
        try:
            act()
        except BadParameterError as error:
            return str(error)
        return ""

    said = refusal(lambda: parse(data, "junk-0123456789.csv"))
    assert "\n" not in said
    if said:
        return
    found = parse(data, "junk-0123456789.csv")
    assert all(len(row) == len(found.columns) for row in found.rows)
    assert all(len(refusal(lambda task=task: prepare(found, task))) < 1500 for task in ("number", "class"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=12, max_size=30, unique=True))
def test_numbers_come_back_as_they_were_written(values):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["a", "target"])
    writer.writerows([[repr(v), repr(2 * v)] for v in values])
    got = prepare(table(out.getvalue()), "number")
    np.testing.assert_array_equal(got.X[:, 0], values)


# --- what columns become ---------------------------------------------------------------------------------------------


def test_each_column_is_told_apart_by_its_cells():
    kinds = {column.name: column.kind for column in understand(table(MARKS))}
    assert kinds == {
        "id": "row number", "name": "text", "hours": "number", "sleep": "number", "city": "category",
        "start": "date", "empty": "empty", "mark": "number",
    }  # fmt: skip


def test_categories_become_indicators_and_rows_without_a_target_are_left_out():
    got = prepare(table(MARKS), "number")
    assert got.target == "mark"
    assert got.names == ("hours", "sleep", "city=Leeds", "city=York")
    assert got.X.shape == (11, 4)
    assert got.X[:, 2].tolist() == [1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1]
    assert any("1 row without a value for mark" in remark for remark in got.remarks)
    fates = {name: fate for name, _, fate in got.columns}
    assert fates["mark"] == "what is predicted"
    assert fates["id"].startswith("left out")


def test_gaps_are_filled_with_the_median_of_the_training_rows_alone():
    X = np.array([[1.0, 5.0], [np.nan, 7.0], [3.0, np.nan], [100.0, np.nan]])
    train = np.array([True, True, True, False])
    np.testing.assert_array_equal(fill(X, train), [[1, 5], [2, 7], [3, 6], [100, 6]])
    assert np.isnan(X[1, 0])


def test_ordinary_least_squares_on_an_own_file_agrees_with_scikit_learn(add):
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 3))
    y = X @ [1.0, -2.0, 0.5] + 4 + 0.1 * rng.normal(size=40)
    rows = "\n".join(",".join(map(repr, [*map(float, row), float(v)])) for row, v in zip(X, y, strict=True))
    name = add(f"a,b,c,y\n{rows}\n")
    metrics = LABS["regression"].execute({"csv": name, "method": "ols", "test_fraction": 0}).metrics
    theirs = LinearRegression().fit(X, y)
    assert metrics["intercept"] == pytest.approx(theirs.intercept_, abs=1e-10)
    assert [metrics[f"weight[{c}]"] for c in "abc"] == pytest.approx(theirs.coef_.tolist(), abs=1e-10)


def test_target_and_features_are_found_in_any_case_and_refused_with_the_names(add):
    name = add(MARKS)
    regression = LABS["regression"]
    chosen = regression.execute({"csv": name, "target": "Hours", "features": ["MARK"]})
    assert set(chosen.metrics) >= {"weight[mark]"}
    for values, said in (
        ({"target": "marc"}, "did you mean mark"),
        ({"target": "city"}, "classification lab"),
        ({"features": ["mark"]}, "is the target"),
        ({"features": ["start"]}, "a date is not a quantity"),
    ):
        with pytest.raises(BadParameterError, match=said):
            regression.validate({"csv": name, **values})


def test_own_without_a_file_and_a_target_without_own_are_refused():
    with pytest.raises(BadParameterError, match="dataset=own needs a file"):
        LABS["regression"].validate({"dataset": "own"})
    with pytest.raises(BadParameterError, match="go with your own file"):
        LABS["classification"].validate({"target": "x"})


def test_classes_of_an_own_file_are_named_and_too_rare_ones_refused(add):
    rows = "".join(f"{i % 7},{(i * 3) % 5},{'cat' if i % 2 else 'dog'}\n" for i in range(40))
    result = LABS["classification"].execute({"csv": add(f"a,b,animal\n{rows}"), "models": ["tree", "knn"]})
    assert result.tables[1].rows[0][0] in ("cat", "dog")
    with pytest.raises(BadParameterError, match="fewer than 4 rows"):
        LABS["classification"].validate({"csv": add(f"a,b,animal\n{rows}1,2,owl\n")})


def test_a_column_that_is_the_target_again_is_called_leakage(add):
    rows = "".join(f"{i},{(i * 7) % 11},{3 * i + 2}\n" for i in range(30))
    found = LABS["regression"].execute({"csv": add(f"dose,noise,target\n{rows}")}).findings
    assert [f.name for f in found if "dose" in f.evidence] == ["leakage"]
    clean = LABS["regression"].execute({"csv": add(MARKS)}).findings
    assert "leakage" not in [f.name for f in clean]


@pytest.mark.parametrize("lab", ["regression", "classification"])
def test_the_notebook_of_an_own_file_needs_no_other_file(add, lab, tmp_path, monkeypatch):
    rows = "".join(f"{i % 9},{(i * 3) % 5},{i % 3}\n" for i in range(45))
    values = {"csv": add(f"a,b,target\n{rows}")} | ({"models": ["tree"]} if lab == "classification" else {})
    result = LABS[lab].execute(values)
    monkeypatch.setenv("LABS_OWN_DATA", str(tmp_path / "elsewhere"))
    notebook = nbformat.reads(json.dumps(to_notebook(result)), as_version=4)
    NotebookClient(notebook, timeout=100, kernel_name="python3").execute()
    printed = "".join(
        o.text for c in notebook.cells for o in c.get("outputs", []) if o.output_type == "stream"
    )
    key = "accuracy" if lab == "classification" else "mse_train"
    shown = f"{result.metrics[key]:.1%}" if lab == "classification" else f"{result.metrics[key]:.6g}"[:6]
    assert shown in printed


# --- a series for the forecast ---------------------------------------------------------------------------------------


def series_csv(days=400, header="date,close", written="%Y-%m-%d"):
    day, rows = datetime.date(2021, 1, 4), [header]
    for i in range(days):
        rows.append(
            f"{(day + datetime.timedelta(days=i)).strftime(written)},{100 + 10 * math.sin(i / 9):.3f}"
        )
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("written", ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%Y/%m/%d 00:00"])
def test_days_are_read_however_they_are_written_and_put_in_order(add, written):
    lines = series_csv(60, written=written).strip().split("\n")
    shuffled = "\n".join([lines[0], *reversed(lines[1:])]) + "\n"
    dates, closes, name, _remarks = own_series(add(shuffled))
    assert dates[0] == np.datetime64("2021-01-04")
    assert (np.diff(dates).astype(int) == 1).all()
    assert closes[0] == 100.0
    assert name == "marks.csv (close), your own file"


def test_a_day_that_comes_twice_and_a_gap_are_said(add):
    text = series_csv(30) + "2021-01-05,50\n2021-01-06,\n"
    dates, closes, _name, remarks = own_series(add(text))
    assert len(dates) == 30
    assert closes[1] == 50.0
    assert "1 row without a day or a value" in remarks
    assert "1 day came twice" in remarks


def test_the_stock_lab_forecasts_an_own_series_and_does_not_call_its_units_dollars(add):
    result = LABS["lstm_stock"].execute(
        {"csv": add(series_csv()), "epochs": 2, "lookback": 10, "predict": "price"}
    )
    assert "close" in result.notes[0]
    said = [
        result.title,
        *result.notes,
        *(f.evidence for f in result.findings),
        *(c.title for c in result.charts),
    ]
    assert not any("dollar" in text for text in said)
    assert result.parameters["start"] is None


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        ("a,b\n1,2\n3,4\n5,7\n", {}, "no column of days"),
        (series_csv(40), {}, "too few for windows of 50 days"),
        (series_csv(), {"target": "open"}, "not a column of numbers"),
        (series_csv().replace("2021-01-07", "2021-02-31"), {}, "no day of the calendar"),
    ],
)
def test_a_series_that_cannot_be_forecast_is_refused(add, text, values, said):
    with pytest.raises(BadParameterError, match=said):
        LABS["lstm_stock"].validate({"csv": add(text), **values})
