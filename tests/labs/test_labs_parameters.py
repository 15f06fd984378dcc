"""Values from anywhere: what is accepted, what is refused, and in which words."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small import SMALL
from toy_labs import TOYS

from labs.errors import BadParameterError, LabError, UnknownLabError
from labs.fields import as_text
from labs.permalink import parse_value
from labs.registry import LABS, get_lab

each_lab = pytest.mark.parametrize("lab", LABS.values(), ids=lambda lab: lab.id)
bandit, regression = LABS["bandit"], LABS["regression"]
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=6,
)


def allowed(info, largest=None):
    """A strategy for values that the description of a parameter allows."""
    if info.kind == "list" and info.item.kind == "text":
        return st.just(info.default)
    if info.kind == "list":
        low, high = max(1, info.min_items), min(info.max_items or 4, 4)
        values = st.lists(allowed(info.item), min_size=low, max_size=high, unique=True)
    elif info.kind == "choice":
        values = st.sampled_from(info.choices)
    elif info.kind == "bool":
        values = st.booleans()
    elif info.kind == "int":
        values = st.integers(info.minimum, min(info.maximum, largest or info.maximum))
    elif info.kind == "float":
        values = st.floats(info.minimum, info.maximum, exclude_min=info.above, exclude_max=info.below)
    else:
        return st.just(info.default)
    return values | st.none() if info.optional else values


def refusal(lab, values):
    """What a lab says against these values; nothing where it takes them."""
    try:
        plan = lab.validate(values)
    except BadParameterError as error:
        return str(error)
    assert set(plan.parameters) == set(lab.defaults)
    return ""


@each_lab
def test_what_the_description_allows_is_accepted_one_field_at_a_time(lab):
    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def check(data):
        info = data.draw(st.sampled_from(lab.parameters))
        value = data.draw(allowed(info))
        said = refusal(lab, {info.name: value})  # of a combination or a cost, never of this field's own range
        assert not said.startswith(f"{info.name}={value!r} does not fit")

    check()


@each_lab
def test_junk_is_accepted_or_refused_with_one_short_sentence_and_never_breaks(lab):
    @settings(max_examples=100, deadline=None)
    @given(st.sampled_from([*lab.defaults, "no_such_thing", ""]), junk)
    def check(name, value):
        said = refusal(lab, {name: value})
        assert "\n" not in said
        assert len(said) < 700

    check()


@each_lab
def test_out_of_range_names_the_field_the_value_the_range_and_what_to_do(lab):
    for info in lab.parameters:
        if info.kind in ("int", "float") and info.maximum is not None:
            beyond = info.maximum + 1
            with pytest.raises(BadParameterError) as caught:
                lab.validate({info.name: beyond})
            assert f"{info.name}={beyond}" in str(caught.value)
            assert info.allowed in str(caught.value)
            assert "; try" in str(caught.value)


@each_lab
def test_random_allowed_values_run_without_a_warning(lab):
    """Any few parameters at any allowed value: refused in a sentence, or run to a result that JSON can hold."""
    quick = SMALL[lab.id]
    examples = 25 if lab.id in ("bandit", "regression", "mdp") else 6

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data):
        infos = data.draw(
            st.lists(st.sampled_from(lab.parameters), min_size=1, max_size=4, unique_by=lambda i: i.name)
        )
        values = {**quick, **{info.name: data.draw(allowed(info, largest=24)) for info in infos}}
        try:
            plan = lab.validate(values)
        except BadParameterError:
            return
        if lab.cost is not None and sum(map(lab.cost, plan.params)) > 2.0:
            return
        json.dumps(lab.execute(plan).to_dict(), allow_nan=False)

    check()


def test_an_unknown_lab_lists_the_labs():
    with pytest.raises(UnknownLabError, match=r"bandit.*regression"):
        get_lab("bandits")


def test_an_unknown_parameter_lists_the_known_ones_and_guesses():
    with pytest.raises(BadParameterError, match=r"did you mean epsilons\?.*arms, steps, runs"):
        bandit.validate({"epsilon": 0.1})


def test_a_misspelt_choice_is_answered_with_the_closest():
    with pytest.raises(BadParameterError, match=r"one of gd, ols; try method=ols"):
        regression.validate({"method": "olss"})


@pytest.mark.parametrize(
    ("values", "field", "expected"),
    [
        ({"epsilons": 0.2}, "epsilons", [0.2]),
        ({"policies": "UCB"}, "policies", ["ucb"]),
        ({"policies": ["Thompson sampling", "eps greedy"]}, "policies", ["thompson", "epsilon_greedy"]),
        ({"step_size": "none"}, "step_size", None),
        ({"arms": "12"}, "arms", 12),
        ({"arms": 12.0}, "arms", 12),
        ({"epsilons": [0.1, 0.1]}, "epsilons", [0.1]),
    ],
)
def test_clear_values_are_forgiven_their_form(values, field, expected):
    assert bandit.validate(values).parameters[field] == expected


@pytest.mark.parametrize("value", [True, "ten", None, float("nan"), float("inf"), 1, 101, {}, 10.5])
def test_what_is_no_number_of_arms_is_refused(value):
    with pytest.raises(BadParameterError, match="whole number from 2 to 100"):
        bandit.validate({"arms": value})


def test_a_list_sweeps_one_parameter_and_no_second():
    plan = bandit.validate({"arms": [5, 10, 5]})
    assert (plan.swept, plan.values, plan.parameters["arms"]) == ("arms", (5, 10), [5, 10])
    assert bandit.validate({"arms": [7]}).swept is None
    with pytest.raises(BadParameterError, match="Only one parameter"):
        bandit.validate({"arms": [5, 10], "c": [1, 2]})
    with pytest.raises(BadParameterError, match="1 to 12"):
        bandit.validate({"arms": []})


def test_a_list_with_one_bad_value_is_refused():
    with pytest.raises(BadParameterError, match=r"arms=.*from 2 to 100"):
        bandit.validate({"arms": [5, 1000]})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"method": "ols", "regularisation": "lasso"}, "no closed form.*method=gd"),
        ({"dataset": "diabetes", "degree": 9}, "degree=9 on 10 features.*degree=3"),
        ({"samples": 5, "test_fraction": 0.1}, "test_fraction=0.1 would split 5 rows"),
    ],
)
def test_senseless_combinations_are_refused(values, words):
    with pytest.raises(BadParameterError, match=words):
        regression.validate(values)


def test_too_much_work_is_refused_with_the_estimate_and_the_nearest_that_fits():
    with pytest.raises(BadParameterError) as caught:
        TOYS["dear"].validate({"steps": 60_000})
    assert str(caught.value) == (
        "This run of the dear lab would take about 60 seconds (steps), over the limit of 10 seconds; "
        "the nearest that fits is steps=10000."
    )
    with pytest.raises(BadParameterError) as caught:
        bandit.validate({"runs": 20_000, "steps": 100_000})
    name, _, value = str(caught.value).rstrip(".").rpartition(" ")[2].partition("=")
    assert bandit.validate({"runs": 20_000, "steps": 100_000, name: parse_value(value)})


def test_a_sweep_pays_for_all_its_runs():
    dear = TOYS["dear"]
    assert dear.validate({"steps": 9_000})
    with pytest.raises(BadParameterError, match="about 18 seconds"):
        dear.validate({"steps": 9_000, "rate": [0.1, 0.2]})


@given(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_values_survive_being_typed(value):
    assert parse_value(as_text(value)) == value


def test_every_refusal_is_a_lab_error():
    assert issubclass(BadParameterError, LabError)
    assert issubclass(UnknownLabError, LabError)
