"""Recurrent networks that read a text character by character, every cell written out. PyTorch.

A cell has a state; each character changes it, and from the state the next character is predicted. The same
weights are used at every step. Shapes: B pieces of text side by side, T characters in each, V different
characters, H numbers in a state, D inputs of a layer (V for the first, H for those above).

Sources: Elman (1990), Finding structure in time; Hochreiter & Schmidhuber (1997), Long short-term memory,
and Gers, Schmidhuber & Cummins (2000) for its forget gate; Cho et al. (2014) for the GRU; Goodfellow, Bengio
& Courville, Deep Learning (2016), sections 10.2 (back-propagation through time), 10.7 (why its gradients
vanish or explode), 10.10 (gates) and 10.11.1 (clipping). Departures: the GRU resets after its matrix product,
as PyTorch's does, where Cho et al. reset before it; the forget gate starts at a bias of 1, as Jozefowicz,
Zaremba & Sutskever (2015) advise; the first layer starts with wider weights than PyTorch's. PyTorch is
imported inside functions, since it takes a second to load.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


def rnn_step(x: Any, state: tuple[Any, ...], p: dict[str, Any]) -> tuple[Any, ...]:
    """The plain RNN: h_t = tanh(W_x x_t + W_h h_{t-1} + b). `x` (B, H) is W_x x_t + b already."""
    (h,) = state  # (B, H)
    return ((x + h @ p["W_h"].T).tanh(),)


def gru_step(x: Any, state: tuple[Any, ...], p: dict[str, Any]) -> tuple[Any, ...]:
    """The GRU: two gates between 0 and 1 say what is forgotten and what stays. `x` is (B, 3 H)."""
    (h,) = state
    x_r, x_z, x_n = x.chunk(3, dim=1)
    h_r, h_z, h_n = (h @ p["W_h"].T).chunk(3, dim=1)
    r = (x_r + h_r).sigmoid()  # reset gate: how much of the old state the candidate sees
    z = (x_z + h_z).sigmoid()  # update gate: how much of the old state stays
    n = (x_n + r * (h_n + p["b_n"])).tanh()  # the candidate for a new state
    return ((1 - z) * n + z * h,)


def lstm_step(x: Any, state: tuple[Any, ...], p: dict[str, Any]) -> tuple[Any, ...]:
    """The LSTM: beside h a cell state c, which is only scaled and added to. `x` is (B, 4 H)."""
    h, c = state
    i, f, g, o = (x + h @ p["W_h"].T).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()  # forget gate, input gate, candidate
    h = o.sigmoid() * c.tanh()  # output gate
    return h, c


@dataclass
class Network:
    """Layers of one kind of cell, and a readout that turns the top layer's h into scores of characters."""

    cell: str
    layers: list[dict[str, Any]]  # of each: W_x (G H, D), W_h (G H, H), b (G H,); the GRU also b_n (H,)
    W_y: Any  # (V, H)
    b_y: Any  # (V,)

    @property
    def weights(self) -> list[Any]:
        return [w for layer in self.layers for w in layer.values()] + [self.W_y, self.b_y]

    def blank(self, B: int) -> list[tuple[Any, ...]]:
        """A state of zeros for each layer: nothing has been read yet."""
        H = self.W_y.shape[1]
        return [(self.W_y.new_zeros(B, H),) * (2 if self.cell == "lstm" else 1) for _ in self.layers]


def fresh(cell: str, V: int, H: int, layers: int, generator: Any, device: str = "cpu") -> Network:
    """An untrained network. Its readout is almost zero, so that it gives every character about 1/V."""
    import torch

    def uniform(*shape: int, width: float) -> Any:
        return torch.empty(shape).uniform_(-width, width, generator=generator).to(device)

    G = {"rnn": 1, "gru": 3, "lstm": 4}[cell]  # gates and candidates, one block of H rows each
    stack: list[dict[str, Any]] = []
    for k in range(layers):
        layer = {
            # A one-hot input switches on a single column, so the columns of the first layer are wide: from
            # ±1/√H a character is hardly noticed, and all three cells learn far more slowly.
            "W_x": uniform(G * H, V, width=3.0) if k == 0 else uniform(G * H, H, width=1 / math.sqrt(H)),
            "W_h": uniform(G * H, H, width=1 / math.sqrt(H)),  # PyTorch's own rule
            "b": torch.zeros(G * H, device=device),
        }
        if cell == "gru":
            layer["b_n"] = torch.zeros(H, device=device)
        if cell == "lstm":
            layer["b"][H : 2 * H] = 1.0  # the forget gate: sigmoid(1) = 0.73 of the cell state stays
        stack.append(layer)
    network = Network(cell, stack, uniform(V, H, width=0.01), torch.zeros(V, device=device))
    for weight in network.weights:
        weight.requires_grad_()
    return network


def read(net: Network, ids: Any, states: Any = None, watched: Any = None) -> tuple[Any, Any, Any]:
    """Read the characters `ids` (B, T), one after the other.

    Returns the scores (B, T, V) of the character after each, the state of every layer after the last one, and
    the top layer's h (B, T, H). Where `watched` is a list, what each layer hands on from each step to the next
    is put into it, one list per layer.
    """
    import torch

    step = {"rnn": rnn_step, "gru": gru_step, "lstm": lstm_step}[net.cell]
    states = list(states or net.blank(len(ids)))
    out: Any = None
    for k, p in enumerate(net.layers):
        W_x = p["W_x"]  # a character is a one-hot vector, and its W_x x_t a column of the first layer's W_x
        x = torch.nn.functional.embedding(ids, W_x.T) if k == 0 else out @ W_x.T  # (B, T, G H)
        hs, handed = [], []
        for x_t in (x + p["b"]).unbind(dim=1):
            states[k] = step(x_t, states[k], p)
            hs.append(states[k][0])
            if watched is not None:  # a copy, so that its gradient is that of the later steps alone
                states[k] = tuple(s.clone() for s in states[k])
                handed.append(states[k])
        if watched is not None:
            watched.append(handed)
        out = torch.stack(hs, dim=1)  # (B, T, H)
    return out @ net.W_y.T + net.b_y, states, out


def cross_entropy(scores: Any, following: Any) -> Any:
    """Mean of -ln P(the character that followed), in nats per character: scores (B, T, V), following (B, T)."""
    import torch

    return torch.nn.functional.cross_entropy(scores.flatten(0, 1), following.flatten())


def clip_gradient(weights: list[Any], clip: float) -> float:
    """Shorten the gradient to length `clip` where it is longer (0: never); returns its length before.

    The direction stays (Pascanu, Mikolov & Bengio 2013, Algorithm 1). An infinite or undefined length is
    returned as it is, with the gradient untouched.
    """
    norm = math.sqrt(sum(float(w.grad.double().pow(2).sum()) for w in weights))
    if clip and math.isfinite(norm) and norm > clip:
        for w in weights:
            w.grad *= clip / norm
    return norm


def train(
    net: Network, ids: Any, T: int, B: int, steps: int, learning_rate: float, clip: float, generator: Any
) -> Iterator[tuple[int, float, float]]:
    """Truncated back-propagation through time; yields (step, loss before it, gradient's length before clipping).

    `ids` (n,) is cut into B streams that are read side by side, T characters at a step. The state goes on from
    step to step, the gradient does not: it is cut off after T characters. Adam does the steps.
    """
    import torch

    rule = torch.optim.Adam(net.weights, lr=learning_rate, fused=True)
    length = (len(ids) - 1) // B  # of a stream
    streams = torch.stack([ids[k * length : (k + 1) * length + 1] for k in range(B)])  # (B, length + 1)
    place = length  # so that the first step starts a pass over the text
    states: Any = None
    for step in range(1, steps + 1):
        if (
            place + T > length
        ):  # a new pass, a few characters later or earlier, so that none is always left out
            place = int(torch.randint(length % T + 1, (1,), generator=generator))
            states = net.blank(B)
        piece = streams[:, place : place + T + 1]  # (B, T + 1)
        scores, states, _ = read(net, piece[:, :-1], states)
        states = [tuple(s.detach() for s in state) for state in states]  # here the gradient is cut off
        loss = cross_entropy(scores, piece[:, 1:])
        rule.zero_grad()
        loss.backward()
        norm = clip_gradient(net.weights, clip)
        rule.step()
        place += T
        yield step, float(loss.detach()), norm


def mean_loss(net: Network, ids: Any, stretch: int = 500) -> float:
    """Nats per character over a text (n,), in stretches of 500 characters or more that each start blank."""
    import torch

    B = max(1, (len(ids) - 1) // stretch)
    length = (len(ids) - 1) // B
    rows = torch.stack([ids[k * length : (k + 1) * length + 1] for k in range(B)])
    with torch.no_grad():
        return float(cross_entropy(read(net, rows[:, :-1])[0], rows[:, 1:]))


def gradient_through_time(net: Network, pieces: Any) -> Any:
    """How long the gradient of the last loss is at each step: lengths (B, T) for pieces (B, T + 1).

    L_T is the loss of predicting each piece's last character from the T before it. Entry t is |∂L_T/∂s_t|,
    where s_t is all that step t hands on: h_t, and for the LSTM c_t too, of every layer. At the last step,
    where nothing is handed on, it is |∂L_T/∂h_T| of the top layer.
    """
    import torch

    watched: list[Any] = []
    scores, _, out = read(net, pieces[:, :-1], watched=watched)
    T = scores.shape[1]
    loss = torch.nn.functional.cross_entropy(scores[:, -1], pieces[:, -1], reduction="sum")
    handed = [s for layer in watched for state in layer[:-1] for s in state]  # layer by layer, step by step
    *grads, last = torch.autograd.grad(loss, [*handed, out], allow_unused=True)
    squares = torch.zeros(len(pieces), T, dtype=torch.float64)
    squares[:, -1] = last[:, -1].double().pow(2).sum(dim=1)
    parts = len(watched[0][0])  # h alone, or h and c
    for place, g in enumerate(grads):
        squares[:, place // parts % (T - 1)] += 0 if g is None else g.double().pow(2).sum(dim=1).cpu()
    return squares.sqrt()


def generate(net: Network, start: Any, length: int, temperatures: list[float], generator: Any) -> Any:
    """`length` characters after `start` (n,), drawn one by one: ids (len(temperatures), length).

    The scores are divided by the temperature before the softmax: below 1 the likely characters get likelier
    still, above 1 all of them get more alike.
    """
    import torch

    rows = len(temperatures)
    divisor = torch.tensor(temperatures)[:, None]
    drawn = []
    with torch.no_grad():
        scores, states, _ = read(net, start.expand(rows, -1))
        for _ in range(length):
            chances = torch.softmax(scores[:, -1].double().cpu() / divisor, dim=1)  # (rows, V)
            drawn.append(torch.multinomial(chances, 1, generator=generator))
            scores, states, _ = read(net, drawn[-1].to(start.device), states)
    return torch.cat(drawn, dim=1)
