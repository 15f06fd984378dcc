"""Every worked number of lecture 11, worked out again and looked for in the text."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

TEXT = "banana."
W_X, W_H = 1.0, 0.5  # of the unit worked by hand


def read(inputs: list[float], w_h: float = W_H, w_x: float = W_X) -> list[float]:
    """The states of a recurrent unit without a bias."""
    states = [0.0]
    for x in inputs:
        states.append(math.tanh(w_x * x + w_h * states[-1]))
    return states[1:]


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def softmax(scores: list[float]) -> np.ndarray:
    powers = np.exp(scores)
    return powers / powers.sum()


def triple(numbers: Any) -> str:
    return ",".join(f"{n:.3f}" for n in numbers)


def code_blocks(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)


def test_the_vocabulary_and_the_labels_of_banana_are_right(says):
    letters = sorted(set(TEXT))
    assert letters == [".", "a", "b", "n"]
    says(11, f"has $V={len(letters)}$, with the places 0 to {len(letters) - 1}")
    one_hot = ",".join(str(int(c == "b")) for c in letters)
    says(11, f"`b` is $({one_hot})$")
    says(11, "| input | " + " | ".join(TEXT[:-1]) + " |", "| label | " + " | ".join(TEXT[1:]) + " |")
    says(11, "think that `n` is three times `a`")
    assert letters.index("n") == 3 * letters.index("a")


def test_the_best_loss_without_a_memory_is_right(says):
    following = [b for a, b in pairwise(TEXT) if a == "a"]
    assert (following.count("n"), following.count(".")) == (2, 1)
    n, end = -math.log(2 / 3), -math.log(1 / 3)
    says(11, "answer `n` with probability $2/3$")
    says(11, f"$(2\\times{n:.4f}+{end:.4f})/6={(2 * n + end) / 6:.3f}$")


def test_the_weights_of_the_cell_and_the_readout_are_counted_right(says):
    D = V = 50
    H = 64
    says(11, "For $D=V=50$ and $H=64$")
    says(11, f"$64\\times50+64\\times64+64={H * D + H * H + H}$", f"$50\\times64+50={V * H + V}$")


def test_the_recurrent_steps_by_hand_are_right(says):
    h1, h2, h3 = read([1, 0, 0])
    says(11, "$w_x=1$, $w_h=0.5$, $b=0$. The inputs are $1, 0, 0$ (four decimals")
    says(11, f"$h_1=\\tanh(1\\times1+0.5\\times0)=\\tanh(1)={h1:.4f}$")
    says(11, f"$h_2=\\tanh(0+0.5\\times{h1:.4f})=\\tanh({0.5 * h1:.4f})={h2:.4f}$")
    says(11, f"$h_3=\\tanh(0+0.5\\times{h2:.4f})=\\tanh({0.5 * h2:.4f})={h3:.4f}$")
    for inputs in ([1, 0, 0], [0, 1, 0], [0, 0, 1]):
        says(11, f"| {', '.join(map(str, inputs))} | {read(inputs)[-1]:.4f} |")


def test_back_propagation_through_time_by_hand_is_right(says):
    import torch

    h1, h2, h3 = read([1, 0, 0])
    slope2, slope3 = 1 - h2**2, 1 - h3**2
    says(11, f"$1-{h2:.4f}^2={slope2:.4f}$ at step 2 and $1-{h3:.4f}^2={slope3:.4f}$ at step 3")
    late, early = slope3 * h2, slope3 * W_H * slope2 * h1
    says(11, f"${slope3:.4f}\\times h_2={slope3:.4f}\\times{h2:.4f}={late:.4f}$")
    says(11, f"${slope2:.4f}\\times h_1={slope2:.4f}\\times{h1:.4f}={slope2 * h1:.4f}$ moves $h_2$")
    says(11, f"${slope3:.4f}\\times0.5\\times{slope2 * h1:.4f}={early:.4f}$")
    says(11, f"${late:.4f}+{early:.4f}={late + early:.4f}$")
    weight = torch.tensor(W_H, dtype=torch.float64, requires_grad=True)
    h = torch.zeros((), dtype=torch.float64)
    for x in (1.0, 0.0, 0.0):
        h = torch.tanh(x + weight * h)
    h.backward()
    assert late + early == pytest.approx(float(weight.grad), rel=1e-12)
    up, down = read([1, 0, 0], w_h=0.51)[-1], read([1, 0, 0], w_h=0.49)[-1]
    says(11, f"$w_h=0.51$ gives $h_3={up:.6f}$ and $w_h=0.49$ gives ${down:.6f}$")
    says(11, f"${up - down:.6f}/0.02={(up - down) / 0.02:.5f}$")
    says(11, f"leave ${W_H * slope3:.3f}\\times{W_H * slope2:.3f}={W_H * slope3 * W_H * slope2:.3f}$")


def test_the_products_of_twenty_factors_are_right(says):
    says(11, f"$0.5^{{20}}={0.5**20:.8f}$", f"$1.5^{{20}}={1.5**20:.0f}$", f"$0.9^{{20}}={0.9**20:.2f}$")
    says(11, f"with 1.5 per step it grows to {1.5**20:.0f}, with 1.1 to {1.1**20:.1f}, with 1 it stays, ")
    says(11, f"with 1 it stays, with 0.9 it falls to {0.9**20:.2f} and with 0.5 to a millionth")
    assert round(1 / 0.5**20, -5) == 1_000_000
    says(11, f"of $0.95$ leaves $0.95^{{20}}={0.95**20:.2f}$ after 20 steps; $0.99$ leaves ${0.99**20:.2f}$")
    says(11, f"$\\sigma(0)={sigmoid(0)}$", f"$\\sigma(1)={sigmoid(1):.2f}$")


def test_the_slope_of_tanh_is_at_most_one(says):
    z = np.linspace(-5, 5, 1001)
    slope = 1 - np.tanh(z) ** 2
    says(11, "The slope $1-h_t^2$ is **at most 1**")
    assert slope.max() == 1
    assert slope.argmax() == 500  # at z = 0
    np.testing.assert_allclose(slope, np.gradient(np.tanh(z), z), atol=2e-3)


def test_clipping_is_worked_right(says):
    g, longest = np.array([3.0, 4.0]), 1.0
    length = np.linalg.norm(g)
    says(11, f"For $g=(3,4)$ and $c=1$: the length is ${length:g}$")
    says(11, f"$({','.join(f'{v:g}' for v in g * longest / length)})$")


def lstm(f: float | None = None) -> tuple[float, ...]:
    """Gates, new cell state and hidden state of the step worked by hand."""
    x, h, c = 1.0, 0.5, 0.8
    if f is None:
        f = sigmoid(0.5 * x + 1 * h + 1)
    i, g, o = sigmoid(x - h), math.tanh(x + h - 0.5), sigmoid(0.5 * x + h - 1)
    c = f * c + i * g
    return f, i, g, o, c, o * math.tanh(c)


def test_the_lstm_step_by_hand_is_right_and_is_that_of_pytorch(says):
    import torch

    f, i, g, o, c, h = lstm()
    says(11, "$x_t=1$, $h_{t-1}=0.5$, $c_{t-1}=0.8$")
    says(11, f"| forget | $0.5\\times1+1\\times0.5+1=2$ | $\\sigma(2)={f:.4f}$ |")
    says(11, f"| input | $1\\times1-1\\times0.5+0=0.5$ | $\\sigma(0.5)={i:.4f}$ |")
    says(11, f"| candidate | $1\\times1+1\\times0.5-0.5=1$ | $\\tanh(1)={g:.4f}$ |")
    says(11, f"| output | $0.5\\times1+1\\times0.5-1=0$ | $\\sigma(0)={o:g}$ |")
    says(11, f"$c_t={f:.4f}\\times0.8+{i:.4f}\\times{g:.4f}={f * 0.8:.4f}+{i * g:.4f}={c:.4f}$")
    says(
        11,
        f"keeps {f:.0%} of its load",
        f"$h_t=0.5\\times\\tanh({c:.4f})=0.5\\times{math.tanh(c):.4f}={h:.4f}$",
    )
    cell = torch.nn.LSTMCell(1, 1, dtype=torch.float64)  # its order: input, forget, candidate, output
    with torch.no_grad():
        for weight, values in (
            (cell.weight_ih, [1, 0.5, 1, 0.5]),
            (cell.weight_hh, [-1, 1, 1, 1]),
            (cell.bias_ih, [0, 1, -0.5, -1]),
            (cell.bias_hh, [0, 0, 0, 0]),
        ):
            weight.copy_(torch.tensor(values).reshape(weight.shape))
        x, old, load = (torch.tensor([[v]], dtype=torch.float64) for v in (1, 0.5, 0.8))
        theirs = cell(x, (old, load))
    assert (theirs[0].item(), theirs[1].item()) == pytest.approx((h, c), abs=1e-12)


def test_the_gru_example_and_its_formula_are_right(says):
    import torch

    u, n, h = 0.9, -1, 0.5
    says(11, "With $u=0.9$, $n=-1$ and $h_{t-1}=0.5$")
    says(11, f"$h_t=0.1\\times(-1)+0.9\\times0.5={(1 - u) * n + u * h:.2f}$")
    cell = torch.nn.GRUCell(3, 2, dtype=torch.float64)
    x, old = torch.rand(1, 3, dtype=torch.float64), torch.rand(1, 2, dtype=torch.float64)
    with torch.no_grad():  # the formulas as the lecture prints them, with PyTorch's weights
        W, U = cell.weight_ih.chunk(3), cell.weight_hh.chunk(3)
        b, b_old = cell.bias_ih.chunk(3), cell.bias_hh.chunk(3)
        r = torch.sigmoid(x @ W[0].T + old @ U[0].T + b[0] + b_old[0])
        update = torch.sigmoid(x @ W[1].T + old @ U[1].T + b[1] + b_old[1])
        candidate = torch.tanh(x @ W[2].T + b[2] + r * (old @ U[2].T + b_old[2]))
        torch.testing.assert_close((1 - update) * candidate + update * old, cell(x, old))
    says(11, "n=\\tanh\\bigl(W_n x_t+b_n+r\\odot(U_n h_{t-1}+b_n')\\bigr)", "(1-u)\\odot n+u\\odot h_{t-1}")


def test_the_parameters_are_those_of_the_formula_and_of_pytorch(says):
    import torch

    D, H = 50, 64
    by_hand = 4 * H * (D + H + 1)
    says(11, "$$4H(D+H+1)$$", "hence $4H(D+H+2)$")
    count = {
        name: sum(w.numel() for w in getattr(torch.nn, name)(D, H).parameters())
        for name in ("RNN", "GRU", "LSTM")
    }
    printed = f"{by_hand:,}".replace(",", "{,}")
    says(
        11,
        f"For $D=50$ inputs and $H=64$ units: $4\\times64\\times115={printed}$",
        f"PyTorch says ${count['LSTM']:,}$".replace(",", "{,}"),
    )
    says(11, f"$4H={4 * H}$ more")
    assert count["LSTM"] - by_hand == 4 * H
    for blocks, name in ((1, "RNN"), (3, "GRU"), (4, "LSTM")):
        assert count[name] == blocks * H * (D + H + 2)
        says(11, f"| `nn.{name}(50, 64)` | {blocks} | {count[name]:,} |")
    says(11, "A GRU has a quarter fewer parameters")
    assert count["GRU"] * 4 == count["LSTM"] * 3


def test_loss_bits_and_perplexity_are_right(says):
    p = np.array([1 / 2, 1 / 4, 1 / 2, 1 / 8])
    losses = -np.log(p)
    says(11, "\\frac12,\\frac14,\\frac12,\\frac18")
    J = losses.mean()
    says(
        11,
        f"{{{'+'.join(f'{v:.3f}' for v in losses)}}}{{4}}={J:.3f}\\text{{ nats}}",
        f"$J/\\ln2={J:.3f}/{math.log(2):.3f}={J / math.log(2):.2f}$",
    )
    says(
        11,
        f"$e^J=2^{{{J / math.log(2):.2f}}}={math.exp(J):.2f}$",
        f"between {math.exp(J):.2f} equally likely",
    )
    says(11, f"For $V=50$: ${math.log(50):.3f}$ nats, ${math.log2(50):.2f}$ bits")


def test_the_temperatures_are_right(says):
    says(11, f"Scores $2,1,0$ give ${triple(softmax([2, 1, 0]))}$ at $\\tau=1$")
    says(
        11,
        f"At $\\tau=0.5$ they become $4,2,0$, so ${triple(softmax([4, 2, 0]))}$",
        f"$\\tau=2$: ${triple(softmax([1, 0.5, 0]))}$",
    )


def test_the_code_of_lecture_11_runs_and_has_the_shapes_that_it_notes(lecture_text):
    import torch

    model_code, step_code = code_blocks(lecture_text(11))
    names: dict[str, Any] = {}
    exec(model_code, names)
    torch.manual_seed(0)
    V, B, T, H = 11, 3, 7, 64
    model = names["CharModel"](V)
    ids, labels = torch.randint(V, (B, T)), torch.randint(V, (B, T))
    scores, state = model(ids)
    assert scores.shape == (B, T, V)
    assert [tuple(s.shape) for s in state] == [(1, B, H)] * 2  # (layers, B, H)
    first = float(torch.nn.functional.cross_entropy(scores.flatten(0, 1), labels.flatten()).detach())
    assert first == pytest.approx(math.log(V), abs=0.15)
    names |= {"model": model, "ids": ids, "labels": labels, "state": None}
    names["optimizer"] = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):  # the state goes on, the gradient does not: otherwise the second step would raise
        exec(step_code, names)
    assert float(names["loss"].detach()) < 0.5 * first
    assert not any(s.requires_grad for s in names["state"])


def test_a_carried_state_that_is_not_detached_raises_as_the_lecture_says(says):
    import torch

    says(11, '"Trying to backward through the graph a second time"')
    net, x = torch.nn.RNN(2, 3, batch_first=True), torch.ones(1, 4, 2)
    out, state = net(x)
    out.sum().backward()
    carried = net(x, state)[0].sum()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        carried.backward()
    net(x, state.detach())[0].sum().backward()


def test_time_and_batch_can_be_swapped_without_an_error_as_the_lecture_says(says):
    import torch

    says(11, "does not complain if you mix them up: it reads across your examples")
    net = torch.nn.LSTM(4, 5)  # wants (T, B, D)
    batch = torch.rand(3, 7, 4)  # (B, T, D)
    with torch.no_grad():
        before = net(batch)[0]
        other = batch.clone()
        other[0] += 1  # another first example...
        assert not torch.allclose(net(other)[0][1], before[1])  # ...changes the answers for the second


def test_the_padded_batch_is_counted_right(says):
    lengths = {name: len(name) for name in ("Ada", "Grace", "Alan")}
    places, real = 3 * max(lengths.values()), sum(lengths.values())
    says(11, "Ada, Grace and Alan have 3, 5 and 4 letters: padded to 5 they fill")
    assert list(lengths.values()) == [3, 5, 4]
    says(
        11,
        f"fill {places} places, {real} of them real",
        f"a total loss of $6.0$, the mean is $6.0/{real}={6 / real:g}$",
    )
    says(11, f"dividing by all {places} would flatter it to ${6 / places:g}$")


def test_the_exercises_of_lecture_11_have_right_answers(says):
    h1, h2 = read([0.5, 0], w_h=-1, w_x=2)
    says(11, "$w_x=2$, $w_h=-1$, $b=0$. The inputs are $0.5, 0$")
    says(11, f"$h_1=\\tanh(1)={h1:.4f}$, $h_2=\\tanh(-{h1:.4f})={h2:.4f}$")
    says(11, f"$0.8^{{20}}={0.8**20:.4f}$ and $0.8^{{21}}={0.8**21:.4f}$: after 21")
    assert 0.8**21 < 0.01 < 0.8**20
    says(11, "a gradient by $0.8$. After how many steps is less than 1% left?")
    g = np.array([6.0, -8.0])
    says(11, "Clip $g=(6,-8)$ to length 5.", f"Its length is ${np.linalg.norm(g):g}$, so halve it: $(3,-4)$")
    np.testing.assert_allclose(g * 5 / np.linalg.norm(g), [3, -4])
    says(11, f"$4\\times2\\times(3+2+1)={4 * 2 * 6}$; PyTorch has $4\\times2={4 * 2}$ more, ${4 * 2 * 7}$")
    says(11, "an LSTM with $D=3$ and $H=2$", "let the forget gate be shut, $f=0$")
    *_, c, h = lstm(f=0.0)
    says(11, f"$c_t={c:.4f}$, $h_t=0.5\\times\\tanh({c:.4f})=0.5\\times{math.tanh(c):.4f}={h:.3f}$")
    says(11, "the right character the probability $0.5$ each time")
    says(11, f"$\\ln2={math.log(2):.3f}$ nats, 1 bit, perplexity 2.")


@pytest.mark.slow
def test_the_cells_compare_in_the_lab_as_the_lecture_says(says):
    from labs.registry import get_lab

    says(11, "over 39 characters the plain RNN keeps less than one hundred-millionth of the gradient")
    says(11, "the LSTM hundreds of times as much", "all three need about 3 bits per character")
    runs = {cell: get_lab("rnn").execute({"cell": cell}) for cell in ("rnn", "gru", "lstm")}
    left = {cell: run.metrics["gradient_ratio"] for cell, run in runs.items()}
    bits = {cell: run.metrics["bits_per_character"] for cell, run in runs.items()}
    assert runs["rnn"].parameters["sequence_length"] - 1 == 39
    assert left["rnn"] < 1e-8
    assert left["lstm"] > 200 * left["rnn"]
    assert all(2.7 < value < 3.3 for value in bits.values())
    assert bits["lstm"] == max(bits.values())
    says(11, "the LSTM a little more than the others: little beyond ten characters helps")
    for run in runs.values():
        by_read = run.series["loss_by_characters_read"]
        assert by_read[0] - by_read[9] > 0.8  # ten characters in place of one are worth much...
        assert by_read[9] - by_read[39] < 0.05  # ...and forty in place of ten next to nothing


def test_ten_steps_in_the_lab_are_as_few_as_the_lecture_says(says):
    from labs.registry import get_lab

    says(11, "after 10 it is still worse than counting pairs of characters")
    few, more = (get_lab("rnn").execute({"steps": steps}) for steps in (10, 100))
    assert few.metrics["loss_val"] > few.series["loss_letters"][1] > more.metrics["loss_val"]
