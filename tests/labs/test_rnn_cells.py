"""The recurrent cells, their training and their writing, against PyTorch, finite differences and closed forms."""

import math

import numpy as np
import pytest
import torch

from labs.checks.rnn import (
    CELLS,
    difference_from_finite_differences,
    difference_from_torch,
    double,
    left,
    twin,
)
from labs.cores.rnn import clip_gradient, fresh, generate, mean_loss, read, train
from labs.texts import load

OWN = load("notes").text[3000:3700].replace("\n", " ").strip().ljust(700, ".")


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


# ------------------------------------------------------------------------------------------- the cells


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 3])
def test_the_written_out_cells_equal_pytorchs_in_outputs_states_and_gradients(cell, layers):
    assert difference_from_torch(cell, layers) < 1e-12


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_the_gradient_through_time_agrees_with_finite_differences(cell, layers):
    assert difference_from_finite_differences(cell, layers) < 1e-6


@pytest.mark.parametrize("back", [1, 7, 30])
def test_half_the_unit_matrix_halves_the_gradient_at_each_step(back):
    assert left("rnn", back, scale=0.5) == pytest.approx(2.0**-back, rel=1e-12)


@pytest.mark.parametrize("radius", [0.9, 1.0, 1.1])
def test_a_rotation_times_a_number_multiplies_the_gradient_by_it(radius):
    assert left("rnn", 20, scale=radius) == pytest.approx(radius**20, rel=1e-10)


def test_an_lstm_that_reads_nothing_keeps_what_its_forget_gate_says():
    assert left("lstm", 15) == pytest.approx(0.5 / (1 + math.exp(-1)) ** 15, rel=1e-12)
    assert left("gru", 15) == pytest.approx(2.0**-15, rel=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_before_training_the_loss_is_the_logarithm_of_the_vocabulary(cell):
    for corpus in (load("notes"), load(OWN)):
        vocabulary = corpus.vocabulary()
        ids = torch.from_numpy(vocabulary.encode(corpus.text[-2000:]))
        before = mean_loss(fresh(cell, len(vocabulary), 64, 1, rng()), ids)
        assert before == pytest.approx(math.log(len(vocabulary)), abs=0.01)


def test_the_forget_gate_starts_with_a_bias_of_one_and_nothing_else_has_a_bias():
    p = fresh("lstm", 9, 5, 1, rng()).layers[0]
    assert p["b"].tolist() == [0] * 5 + [1] * 5 + [0] * 10
    assert fresh("rnn", 9, 5, 1, rng()).layers[0]["b"].tolist() == [0] * 5


@pytest.mark.parametrize(("cell", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_the_number_of_parameters_is_that_counted_by_hand(cell, gates):
    V, H = 75, 64
    count = (
        gates * (H * V + H * H + H) + gates * (2 * H * H + H) + V * H + V + (2 * H if cell == "gru" else 0)
    )
    assert sum(w.numel() for w in fresh(cell, V, H, 2, rng()).weights) == count


def test_reading_on_from_a_state_is_reading_in_one_go():
    for cell in CELLS:
        net = fresh(cell, 7, 6, 2, rng())
        ids = torch.randint(7, (3, 20), generator=rng(1))
        whole = read(net, ids)[0]
        first, states, _ = read(net, ids[:, :8])
        second = read(net, ids[:, 8:], states)[0]
        assert torch.allclose(torch.cat([first, second], dim=1), whole, atol=1e-6)


# ------------------------------------------------------------------------------------------- training


@pytest.mark.parametrize("clip", [0.0, 0.05, 100.0])
def test_clipping_is_pytorchs(clip):
    net = fresh("gru", 7, 6, 1, rng())
    mine = [torch.randn(w.shape, generator=rng(k)) for k, w in enumerate(net.weights)]
    for w, g in zip(net.weights, mine, strict=True):
        w.grad = g.clone()
    norm = clip_gradient(net.weights, clip)
    clipped = [w.grad.clone() for w in net.weights]
    for w, g in zip(net.weights, mine, strict=True):
        w.grad = g.clone()
    theirs = torch.nn.utils.clip_grad_norm_(net.weights, clip or math.inf)
    assert norm == pytest.approx(float(theirs), rel=1e-6)
    for a, w in zip(clipped, net.weights, strict=True):
        assert torch.allclose(a, w.grad, rtol=1e-5)
    length = math.sqrt(sum(float(g.pow(2).sum()) for g in clipped))
    assert length == pytest.approx(min(norm, clip) if clip else norm, rel=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_training_is_truncated_backpropagation_with_pytorchs_own_module(cell):
    """Six steps: two passes of three pieces, the state carried within a pass and cut off from the gradient."""
    V, H, T, B, n = 7, 6, 5, 2, 2 * 15 + 1
    ids = torch.randint(V, (n,), generator=rng(3))
    net = double(fresh(cell, V, H, 1, rng()))
    module, readout = twin(net), torch.nn.Linear(H, V, dtype=torch.float64)
    readout.weight.data, readout.bias.data = net.W_y.detach().clone(), net.b_y.detach().clone()
    told = list(train(net, ids, T, B, 6, 0.01, 0.5, rng()))
    # PyTorch's second bias only doubles the first, but for the GRU's candidate
    free = [w for name, w in module.named_parameters() if not name.startswith("bias_hh") or cell == "gru"]
    weights = [*free, *readout.parameters()]
    rule = torch.optim.Adam(weights, lr=0.01)
    rows = torch.stack([ids[:16], ids[15:31]])
    for step in range(6):
        if step % 3 == 0:
            state = None
        x, y = rows[:, step % 3 * T :][:, :T], rows[:, step % 3 * T + 1 :][:, :T]
        out, state = module(torch.nn.functional.one_hot(x, V).double(), state)
        state = tuple(s.detach() for s in state) if cell == "lstm" else state.detach()
        loss = torch.nn.functional.cross_entropy(readout(out).flatten(0, 1), y.flatten())
        rule.zero_grad()
        loss.backward()
        if cell == "gru":  # of the second bias only the candidate's part is ours
            module.bias_hh_l0.grad[: 2 * H] = 0
        norm = torch.nn.utils.clip_grad_norm_(weights, 0.5)
        rule.step()
        assert told[step] == (
            step + 1,
            pytest.approx(loss.item(), rel=1e-6),
            pytest.approx(float(norm), rel=1e-6),
        )
    assert torch.allclose(net.layers[0]["W_h"], module.weight_hh_l0, atol=1e-6)


def test_the_loss_of_a_readout_without_a_network_is_the_entropy_of_the_characters():
    text = OWN * 3
    vocabulary = load(text).vocabulary()
    ids = vocabulary.encode(text)
    chance = np.bincount(ids[1:], minlength=len(vocabulary)) / (len(ids) - 1)
    net = double(fresh("rnn", len(vocabulary), 4, 1, rng()))
    net.W_y.data.zero_()
    net.b_y.data = torch.from_numpy(np.log(np.maximum(chance, 1e-12)))
    entropy = -sum(p * math.log(p) for p in chance if p)
    assert mean_loss(net, torch.from_numpy(ids), stretch=10**6) == pytest.approx(entropy, rel=1e-9)


# ------------------------------------------------------------------------------------------- writing


def test_characters_are_drawn_as_often_as_the_softmax_at_that_temperature_says():
    net = fresh("rnn", 4, 3, 1, rng())
    net.W_y.data.zero_()
    net.b_y.data = torch.tensor([0.0, 1.0, 2.0, -1.0])
    temperatures = [0.5, 1.0, 2.0]
    drawn = generate(net, torch.tensor([0]), 4000, temperatures, rng(5)).numpy()
    for row, temperature in zip(drawn, temperatures, strict=True):
        wanted = torch.softmax(net.b_y.detach() / temperature, dim=0).numpy()
        assert np.bincount(row, minlength=4) / 4000 == pytest.approx(wanted, abs=0.03)


def test_a_temperature_near_zero_takes_the_likeliest_character_each_time():
    net = fresh("gru", 6, 8, 1, rng())
    net.W_y.data.uniform_(-1, 1, generator=rng(1))
    (row,) = generate(net, torch.tensor([2, 3]), 12, [1e-4], rng()).numpy()
    ids = [2, 3]
    for _ in range(12):
        ids.append(int(read(net, torch.tensor([ids]))[0][0, -1].argmax()))
    assert row.tolist() == ids[2:]
