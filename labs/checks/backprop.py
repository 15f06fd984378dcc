"""The backprop lab's reference checks: a worked example, finite differences, and PyTorch."""

from __future__ import annotations

import numpy as np

from labs.base import Check
from labs.cores.backprop import (
    HalfSquaredError,
    Network,
    Sigmoid,
    make_points,
    numeric_gradient,
    relative_error,
)


def mazur() -> Network:
    """The network of Mazur's "A Step by Step Backpropagation Example" (2015): 2-2-2, sigmoids throughout."""
    net = Network((2, 2, 2), "sigmoid", np.random.default_rng(0))
    net.layers.append(Sigmoid())  # his outputs are sigmoids too, under a squared error
    net.loss = HalfSquaredError()
    first, second = net.dense
    first.W[:], first.b[:] = [[0.15, 0.25], [0.20, 0.30]], 0.35  # W[i, j]: from input i to unit j
    second.W[:], second.b[:] = [[0.40, 0.50], [0.45, 0.55]], 0.60
    return net


def verify() -> tuple[Check, ...]:
    """Mazur's worked example; finite differences; and PyTorch's gradients for the same network."""
    net = mazur()
    X, target = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
    error, gradient = net.loss_and_gradient(X, target)
    net.theta -= 0.5 * gradient
    source = "Mazur (2015), A Step by Step Backpropagation Example"
    worst = max(_compare_with_finite_differences(name) for name in ("relu", "tanh", "sigmoid"))
    return (
        Check("error before the step", source, 0.298371109, error, 5e-10),
        Check("w1 after the step", source, 0.149780716, float(net.dense[0].W[0, 0]), 5e-10),
        Check("w5 after the step", source, 0.35891648, float(net.dense[1].W[0, 0]), 5e-9),
        Check("relative error of the gradients", "central finite differences", 0.0, worst, 1e-6),
        Check("largest difference of a gradient", "PyTorch autograd", 0.0, compare_with_torch(), 1e-10),
    )


def _compare_with_finite_differences(activation: str) -> float:
    rng = np.random.default_rng(1)
    net = Network((2, 16, 16, 3), activation, rng)
    X, y = make_points("spiral", 60, 0.2, rng)
    analytic = net.loss_and_gradient(X, y, 0.01)[1].copy()
    numeric = numeric_gradient(net, X, y, np.arange(len(net.theta)), 0.01)
    smooth = np.isfinite(numeric)
    return relative_error(analytic[smooth], numeric[smooth])


def compare_with_torch(activation: str = "relu", sizes: tuple[int, ...] = (2, 16, 16, 3)) -> float:
    """The largest difference between this network's gradients and those of PyTorch's autograd, same weights
    and data.
    """
    import torch

    rng = np.random.default_rng(2)
    ours = Network(sizes, activation, rng)
    X, y = make_points("spiral", 90, 0.2, rng)
    bend = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid}[activation]
    layers: list[torch.nn.Module] = []
    for dense in ours.dense:
        linear = torch.nn.Linear(dense.W.shape[0], dense.W.shape[1], dtype=torch.float64)
        linear.weight.data = torch.from_numpy(dense.W.T.copy())  # PyTorch keeps (H, D)
        linear.bias.data = torch.from_numpy(dense.b.copy())
        layers += [linear, bend()]
    theirs = torch.nn.Sequential(*layers[:-1])
    torch.nn.functional.cross_entropy(theirs(torch.from_numpy(X)), torch.from_numpy(y)).backward()
    ours.loss_and_gradient(X, y)
    linears = [layer for layer in theirs if isinstance(layer, torch.nn.Linear)]
    return max(
        float(np.abs(mine - other).max())
        for dense, linear in zip(ours.dense, linears, strict=True)
        for mine, other in ((dense.dW, linear.weight.grad.T.numpy()), (dense.db, linear.bias.grad.numpy()))  # type: ignore[union-attr]
    )
