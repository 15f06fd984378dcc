"""The rnn lab: what it measures, says and refuses (its cells are tested in test_rnn_cells.py)."""

import json
import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch

from labs.base import Context
from labs.codec import result_from_json, result_to_json
from labs.cores import rnn_fit
from labs.cores.rnn import fresh, gradient_through_time, read
from labs.cores.rnn_fit import gradient_back, learn, loss_by_characters_read, pieces
from labs.errors import BadParameterError, LabCancelled
from labs.reports.rnn import (
    counting_losses,
    facts,
    findings,
    kinds,
    largest_jump,
    longest_copy,
    notes,
    series,
    share,
)
from labs.reports.rnn_charts import ROUNDING, counted, printed
from labs.rnn import LAB, RnnParams
from labs.texts import load

V = len(set(load("notes").text))
QUICK = {"steps": 40, "hidden": 24}
OWN = load("notes").text[3000:3700].replace("\n", " ").strip().ljust(700, ".")


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def names(result):
    return {finding.name for finding in result.findings}


def evidence(result, name):
    return next(finding.evidence for finding in result.findings if finding.name == name)


@pytest.fixture(scope="module")
def quick():
    p = RnnParams(**QUICK)
    return p, learn(p, Context())


@pytest.fixture(scope="module")
def plain():
    return LAB.execute({"steps": 120})


# ------------------------------------------------------------------------------------------- what is measured


def test_pieces_are_evenly_spaced_and_reach_the_end():
    found = pieces(torch.arange(100), 9, 4)
    assert found[:, 0].tolist() == [0, 30, 60, 90]
    assert found[-1].tolist() == list(range(90, 100))
    assert pieces(torch.arange(11), 9, 50).tolist() == [list(range(10)), list(range(1, 11))]


def test_the_gradient_ratio_is_the_median_over_the_pieces(quick):
    p, story = quick
    T = p.sequence_length
    assert story.back_after[0] == 1.0
    assert len(story.back_after) == len(story.back_before) == T
    lengths = gradient_through_time(story.net, pieces(story.training, T, 128)).numpy()
    assert story.gradient_ratio == pytest.approx(float(np.median(lengths[:, 0] / lengths[:, -1])))
    assert gradient_back(story, T) == pytest.approx(story.back_after)


def test_a_network_without_memory_gains_nothing_from_having_read_more(quick):
    _, story = quick
    kept = story.net
    story.net = fresh("rnn", len(story.vocabulary), 16, 1, rng())
    story.net.W_y.data.normal_(generator=rng(2))
    story.net.layers[0]["W_h"].data.zero_()
    flat = loss_by_characters_read(story, 30)
    story.net = kept
    assert len(flat) == 30
    assert np.ptp(flat) < 0.02 * flat.mean()
    assert loss_by_characters_read(story, 30)[0] > loss_by_characters_read(story, 30)[-1] + 0.02


def test_counting_gives_the_losses_of_characters_and_of_pairs(quick):
    _, story = quick
    training, validation = load("notes").split()
    V = len(story.vocabulary)
    single, pairs, first = (
        Counter(training),
        Counter(pairwise(training)),
        Counter(training[:-1]),
    )
    by_hand = [
        -sum(math.log((single[b] + 0.1) / (len(training) + 0.1 * V)) for b in validation[1:]),
        -sum(math.log((pairs[a, b] + 0.1) / (first[a] + 0.1 * V)) for a, b in pairwise(validation)),
    ]
    assert counting_losses(story) == pytest.approx([total / (len(validation) - 1) for total in by_hand])


def test_the_excerpt_shows_what_the_network_gave_to_what_came(quick):
    p, story = quick
    shown = series(p, story)
    start, given = int(shown["excerpt"][0]), shown["excerpt_chance"]
    first = max(0, start - 200)
    for place in (0, 7, len(given) - 1):
        seen = story.validation[None, first : start + place]
        chances = torch.softmax(read(story.net, seen)[0][0, -1].double(), dim=0)
        assert given[place] == pytest.approx(chances[story.validation[start + place]].item(), rel=1e-4)
    assert shown["excerpt_hidden"].shape == (len(given), p.hidden)


def test_facts_of_a_text_are_what_they_are_called():
    told = facts("an owl\nis")
    assert told["spaces"].tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert told["vowels"].tolist() == [1, 0, 0, 1, 0, 0, 0, 1, 0]
    assert told["the length of the word so far"].tolist() == [1, 2, 0, 1, 2, 3, 0, 1, 2]
    assert np.expm1(told["the length of the line so far"]).round().tolist() == [1, 2, 3, 4, 5, 6, 0, 1, 2]
    assert "spaces" not in facts("abc")


def test_kinds_of_characters_cover_each_once():
    text = ["It is 3 o'clock", "Now then, you. "]
    found = kinds(text)
    assert sum(which.astype(int) for which in found.values()).tolist() == [[1] * 14] * 2
    assert found["space"][1].tolist() == [c == " " for c in text[1][1:]]
    assert found["first letter of a word"][0].nonzero()[0].tolist() == [2, 7, 9]  # i, o, c
    assert set(kinds(["ab", "cd"])) == {"later letter of a word"}


def test_a_run_goes_through_the_pipe_of_a_worker(plain):
    again = result_from_json(json.loads(json.dumps(result_to_json(plain))))
    assert again.metrics == pytest.approx(plain.metrics)
    assert set(again.series) == set(plain.series)


def test_the_longest_copy_is_that_found_by_trying_everything():
    text, sample = "the cat sat on the mat", "a cat sat in the hat on the mat"
    stretches = {sample[i:j] for i in range(len(sample)) for j in range(i + 1, len(sample) + 1)}
    assert longest_copy(sample, text) == max(len(s) for s in stretches if s in text) == 13  # "at on the mat"


def test_the_forget_gates_are_those_of_the_cell():
    p = RnnParams(cell="lstm", **QUICK)
    story = learn(p, Context())
    kept = series(p, story)["forget_gates"]
    H = p.hidden
    layer, h, c = story.net.layers[0], torch.zeros(1, H), torch.zeros(1, H)
    seen = []
    with torch.no_grad():
        for k in story.validation[: len(story.validation) // 8].tolist():  # the first of the stretches
            z = layer["W_x"][:, k] + h @ layer["W_h"].T + layer["b"]
            i, f, g, o = z.split(H, dim=1)
            seen.append(f.sigmoid().mean())
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
    assert kept.mean() == pytest.approx(float(torch.stack(seen[1:]).mean()), abs=0.02)


# ------------------------------------------------------------------------------------------- words


def test_shares_are_said_as_people_say_them():
    said = [share(r) for r in (0.314, 0.0123, 0.004, 4e-6, 1.6e-9, 3e-13, 1e-16, 0.0)]
    assert said == [
        *(
            "31%",
            "1%",
            "1 part in 250",
            "1 part in 250,000",
            "1 part in 620 million",
            "1 part in 3.3 trillion",
        ),
        *("less than 1 part in a million billion", "nothing"),
    ]
    assert [counted(1), counted(1200, "step"), printed("a\nb")] == ["1 character", "1,200 steps", "a↵b"]


def test_the_notes_say_what_was_read_and_how_much_of_it(plain):
    training, validation = load("notes").split()
    assert f"the first {len(training):,} characters of the course's lecture notes" in plain.notes[0]
    assert f"tested on the last {len(validation):,}" in plain.notes[0]
    bits = plain.metrics["bits_per_character"]
    assert f"{bits:.2f} bits, per character" in plain.notes[0]
    assert bits == pytest.approx(plain.metrics["loss_val"] / math.log(2))
    assert 2 <= len(plain.notes) <= 5


def test_it_learns_more_than_pairs_of_characters_and_less_than_its_training_text(plain):
    single, pairs = plain.series["loss_letters"]
    assert (
        plain.metrics["loss_train"]
        < plain.metrics["loss_val"]
        < pairs
        < single
        < plain.metrics["loss_before"]
    )
    steps = plain.series["checkpoint"]
    assert (steps[0], steps[-1]) == (0, 120)


def test_tables_show_the_writing_at_three_temperatures_and_while_learning(plain):
    while_learning, at_the_end = plain.tables[:2]
    assert [row[0] for row in while_learning.rows] == [0, 60, 120]
    assert [row[0] for row in at_the_end.rows] == [0.2, 0.8, 1.5]
    assert all(row[1].startswith("The ") and len(row[1]) == 244 for row in at_the_end.rows)
    assert len(LAB.execute({"steps": 2, "temperature": 1.5}).tables[1].rows) == 2


def test_a_comparison_of_cells_says_what_each_step_back_keeps():
    result = LAB.execute({**QUICK, "cell": ["rnn", "lstm"]})
    kept = [result.metrics[f"gradient_ratio[cell={cell}]"] ** (1 / 39) for cell in ("rnn", "lstm")]
    assert f"keeps {kept[0]:.0%} (plain RNN), {kept[1]:.0%} (LSTM) of the gradient" in result.notes[0]
    assert result.metrics["gradient_ratio[cell=lstm]"] > 100 * result.metrics["gradient_ratio[cell=rnn]"]


# ------------------------------------------------------------------------------------------- findings


def test_the_plain_rnn_loses_the_gradient_over_forty_characters_and_the_lstm_does_not(plain):
    assert "vanishing_gradient" in names(plain)
    assert plain.metrics["gradient_ratio"] < ROUNDING
    assert f"{plain.metrics['gradient_ratio']:.1e}" in evidence(plain, "vanishing_gradient")
    gated = LAB.execute({"cell": "lstm", "steps": 120})
    assert "vanishing_gradient" not in names(gated)
    assert gated.metrics["gradient_ratio"] > 1000 * plain.metrics["gradient_ratio"]


def test_steps_that_are_far_too_large_explode_and_diverge(plain):
    result = LAB.execute({"learning_rate": 1, "steps": 30})
    assert {"exploding_gradient", "divergence"} <= names(result)
    assert "guessing: 4.3" in evidence(result, "divergence")
    assert all(np.isfinite(value) for value in result.metrics.values())
    assert not {"exploding_gradient", "divergence"} & names(plain)


def test_the_largest_jump_is_against_the_steps_before_it():
    step, times = largest_jump([1.0, 1.0, 2.0, 1.0, 12.0, 1.0, 11.0])
    assert (step, times) == (4, 12.0)
    assert largest_jump([5.0, 0.1, 0.1])[1] < 1
    assert largest_jump([1.0]) == (0, 0.0)


def test_a_small_own_text_is_learned_by_heart(plain):
    result = LAB.execute({"text": OWN, "cell": "gru", "steps": 200, "learning_rate": 0.02})
    assert "overfitting" in names(result)
    assert "overfitting" not in names(plain)
    assert result.metrics["loss_train"] < 0.5 < 2 < result.metrics["loss_val"]
    assert "characters of your own text" in result.notes[0]


def test_too_few_steps_learn_no_more_than_pairs(plain):
    result = LAB.execute({"steps": 3})
    assert "underfitting" in names(result)
    assert "underfitting" not in names(plain)
    assert f"no better than {result.series['loss_letters'][1]:.2f}" in evidence(result, "underfitting")


def test_a_loss_that_stops_being_a_number_ends_the_run_with_the_last_good_network(monkeypatch):
    def breaking(net, *args):
        yield 1, 4.0, 1.0
        net.b_y.data.fill_(math.nan)
        yield 2, math.nan, math.inf

    monkeypatch.setattr(rnn_fit, "train", breaking)
    result = LAB.execute({"steps": 20})
    assert "divergence" in names(result)
    assert "at step 2" in result.title
    assert result.metrics["loss_val"] == pytest.approx(math.log(V), abs=0.1)
    assert all(np.isfinite(value) for value in result.metrics.values())


# ------------------------------------------------------------------------------------------- the request


def test_a_short_text_is_refused_before_anything_runs():
    with pytest.raises(BadParameterError, match="The text has 9 characters, and at least 500 are needed"):
        LAB.validate({"text": "too short"})


def test_pieces_longer_than_half_the_text_are_refused_with_what_fits():
    with pytest.raises(BadParameterError, match="take sequence_length=314 or less") as caught:
        LAB.validate({"text": OWN, "sequence_length": 400})
    assert caught.value.field == "sequence_length"
    LAB.validate({"text": OWN, "sequence_length": 314})


def test_the_smallest_run_and_stacked_layers_work():
    assert LAB.execute({"hidden": 1, "steps": 1, "sequence_length": 2}).charts
    result = LAB.execute({"hidden": 8, "layers": 2, "cell": "lstm", "steps": 2})
    assert result.metrics["parameters"] == 4 * (8 * V + 8 * 8 + 8) + 4 * (2 * 8 * 8 + 8) + V * 9


def test_the_number_of_threads_is_left_as_it_was():
    before = torch.get_num_threads()
    LAB.execute({"steps": 1})
    assert torch.get_num_threads() == before


def test_a_cancelled_run_stops_at_its_next_step():
    calls = []
    with pytest.raises(LabCancelled):
        learn(RnnParams(), Context(lambda *args: calls.append(args), lambda: len(calls) >= 4))
    assert len(calls) == 4


def test_a_run_of_an_hour_is_refused_with_what_fits():
    with pytest.raises(BadParameterError, match="over the limit"):
        LAB.validate({"cell": "lstm", "hidden": 512, "steps": 5000})


def test_the_cost_grows_with_every_size():
    small = LAB.cost(RnnParams())
    for change in ({"hidden": 128}, {"layers": 2}, {"sequence_length": 80}, {"steps": 600}, {"cell": "lstm"}):
        assert LAB.cost(RnnParams(**change)) > 1.2 * small, change


def test_every_reference_check_holds():
    checks = LAB.verify()
    assert len(checks) == 11
    assert [check.name for check in checks if not check.ok] == []


def test_findings_and_notes_are_made_from_the_numbers_alone(quick):
    p, story = quick
    shown = series(p, story)
    assert notes(p, story, shown) == notes(p, story, shown)
    story.back_after, kept = np.full_like(story.back_after, 0.5), story.back_after
    told, found = notes(p, story, shown), findings(p, story, shown)
    story.back_after = kept
    assert "50% reaches the state 39 characters earlier" in told[1]
    assert "vanishing_gradient" not in {finding.name for finding in found}
