"""The rnn lab's reference checks: ln V, PyTorch's own cells, finite differences, and closed forms.

With W_x, W_h and b set by hand the gradient through time is known exactly. Where nothing is read (W_x = 0,
b = 0) the plain RNN's state stays 0, tanh has slope 1 there, and ∂s_t/∂s_{t-1} is W_h itself. With every
weight 0 the GRU's gates are at 1/2, so half of the state stays, and of the LSTM's cell state the share
sigmoid(forget bias); on its way out of the last cell state the gradient meets the output gate, 1/2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from labs.base import Check
from labs.cores.rnn import Network, cross_entropy, fresh, gradient_through_time, mean_loss, read

CELLS = ("rnn", "gru", "lstm")


def verify() -> tuple[Check, ...]:
    """Published and derivable values for the loss, the cells and the gradient through time."""
    import torch

    from labs.texts import load

    corpus = load("notes")
    vocabulary = corpus.vocabulary()
    ids = torch.from_numpy(vocabulary.encode(corpus.split()[1]))
    generator = torch.Generator().manual_seed(0)
    before = mean_loss(fresh("rnn", len(vocabulary), 64, 1, generator), ids)
    exact = "closed form, from the chain rule"
    pascanu = "Pascanu, Mikolov & Bengio (2013), section 2: the powers of W_h"
    return (
        Check(
            "loss before training (nats)",
            "ln V: no character favoured",
            math.log(len(vocabulary)),
            before,
            0.01,
        ),
        *(
            Check(
                f"{cell}: largest difference of an output, state or gradient",
                f"torch.nn.{cell.upper()}, same weights",
                0.0,
                difference_from_torch(cell, layers=2),
                1e-6,
            )
            for cell in CELLS
        ),
        *(
            Check(
                f"{cell}: relative error of the gradient through time",
                "central finite differences",
                0.0,
                difference_from_finite_differences(cell),
                1e-6,
            )
            for cell in CELLS
        ),
        Check(
            "W_h = 0.5 I: what is left 10 characters back",
            pascanu,
            2.0**-10,
            left("rnn", 10, scale=0.5),
            1e-9,
        ),
        Check("W_h of spectral radius 1.1: the same", pascanu, 1.1**10, left("rnn", 10, scale=1.1), 1e-6),
        Check("GRU with both gates at 1/2: the same", exact, 2.0**-10, left("gru", 10), 1e-9),
        Check(
            "LSTM with a forget bias of 1: the same",
            exact,
            0.5 * (1 / (1 + math.exp(-1.0))) ** 10,
            left("lstm", 10),
            1e-9,
        ),
    )


def double(net: Network) -> Network:
    """The same network in double precision, so that differences are mistakes and not rounding."""
    for weight in net.weights:
        weight.data = weight.data.double()
    return net


def twin(net: Network) -> Any:
    """PyTorch's own module of that cell with the same weights; its second bias is 0 but for the GRU's b_n."""
    import torch

    H, V = net.W_y.shape[1], net.W_y.shape[0]
    kinds = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
    module = kinds[net.cell](V, H, len(net.layers), batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for k, p in enumerate(net.layers):
            getattr(module, f"weight_ih_l{k}").copy_(p["W_x"])
            getattr(module, f"weight_hh_l{k}").copy_(p["W_h"])
            getattr(module, f"bias_ih_l{k}").copy_(p["b"])
            getattr(module, f"bias_hh_l{k}").zero_()
            if "b_n" in p:
                getattr(module, f"bias_hh_l{k}")[2 * H :] = p["b_n"]
    return module


def difference_from_torch(cell: str, layers: int = 1, H: int = 12, V: int = 9, T: int = 30) -> float:
    """The largest difference from PyTorch's module: outputs, last states, and gradients of all weights."""
    import torch

    generator = torch.Generator().manual_seed(1)
    net = double(fresh(cell, V, H, layers, generator))
    for p in net.layers:  # a bias of zeros would hide a mistake in it
        for name in ("b", "b_n"):
            if name in p:
                p[name].data.uniform_(-1, 1, generator=generator)
    module = twin(net)
    ids = torch.randint(V, (4, T + 1), generator=generator)
    scores, states, out = read(net, ids[:, :-1])
    cross_entropy(scores, ids[:, 1:]).backward()
    theirs, last = module(torch.nn.functional.one_hot(ids[:, :-1], V).double())
    their_scores = theirs @ net.W_y.detach().T + net.b_y.detach()
    cross_entropy(their_scores, ids[:, 1:]).backward()
    pairs = [(out, theirs)]
    for part, values in enumerate(last if cell == "lstm" else (last,)):  # (layers, B, H)
        pairs += [(states[k][part], values[k]) for k in range(layers)]
    for k, p in enumerate(net.layers):
        for mine, name in ((p["W_x"], "weight_ih"), (p["W_h"], "weight_hh"), (p["b"], "bias_ih")):
            pairs.append((mine.grad, getattr(module, f"{name}_l{k}").grad))
        if "b_n" in p:
            pairs.append((p["b_n"].grad, getattr(module, f"bias_hh_l{k}").grad[2 * H :]))
    return max(float((a - b).detach().abs().max()) for a, b in pairs)


def difference_from_finite_differences(cell: str, layers: int = 1, T: int = 6, h: float = 1e-6) -> float:
    """Relative error of |∂L_T/∂s_t| for every t: each number of each handed-on state is nudged both ways."""
    import torch

    generator = torch.Generator().manual_seed(2)
    V, H = 5, 4
    net = double(fresh(cell, V, H, layers, generator))
    net.W_y.data.uniform_(-1, 1, generator=generator)
    piece = torch.randint(V, (1, T + 1), generator=generator)
    told = gradient_through_time(net, piece)[0].numpy()  # (T,)
    found = np.zeros(T)

    def loss_from(states: Any, t: int) -> float:
        scores, _, _ = read(net, piece[:, t:-1], states)
        return float(torch.nn.functional.cross_entropy(scores[:, -1], piece[:, -1]))

    with torch.no_grad():
        for t in range(1, T):  # the states that are handed on from step t, read on from there
            _, states, out = read(net, piece[:, :t])
            slopes = []
            for k, state in enumerate(states):
                for part, values in enumerate(state):
                    for j in range(H):
                        ends = []
                        for sign in (1, -1):
                            nudged = [[s.clone() for s in layer] for layer in states]
                            nudged[k][part] = values.clone()
                            nudged[k][part][0, j] += sign * h
                            ends.append(loss_from([tuple(layer) for layer in nudged], t))
                        slopes.append((ends[0] - ends[1]) / (2 * h))
            found[t - 1] = np.linalg.norm(slopes)
        _, _, out = read(net, piece[:, :-1])
        last, slopes = out[:, -1], []
        for j in range(H):
            ends = []
            for sign in (1, -1):
                moved = last.clone()
                moved[0, j] += sign * h
                ends.append(
                    float(torch.nn.functional.cross_entropy(moved @ net.W_y.T + net.b_y, piece[:, -1]))
                )
            slopes.append((ends[0] - ends[1]) / (2 * h))
        found[-1] = np.linalg.norm(slopes)
    return float(np.max(np.abs(told - found) / found))


def left(cell: str, back: int, scale: float = 0.0) -> float:
    """|∂L_T/∂s_{T-back}| / |∂L_T/∂h_T| with every weight of the cell 0, but W_h = scale times a rotation."""
    import torch

    generator = torch.Generator().manual_seed(3)
    net = double(fresh(cell, 5, 8, 1, generator))
    net.W_y.data.uniform_(-1, 1, generator=generator)
    p = net.layers[0]
    p["W_x"].data.zero_()
    p["W_h"].data.zero_()
    if scale:
        rotation = torch.linalg.qr(torch.randn(8, 8, generator=generator, dtype=torch.float64))[0]
        p["W_h"].data.copy_(scale * (torch.eye(8) if scale == 0.5 else rotation))
    lengths = gradient_through_time(net, torch.randint(5, (3, back + 2), generator=generator))
    return float(lengths[0, 0] / lengths[0, -1])
