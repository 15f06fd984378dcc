"""A neural network from scratch: every step forward beside its step back. NumPy only.

Each piece has `forward`, which keeps what the way back needs, and `backward`, which takes the derivative of
the loss L by its output and returns the derivative by its input: the chain rule, one link at a time. All
parameters live in one flat vector `theta`, of which the weights and biases are views, so an optimiser is a
formula over one array.

Sources: Goodfellow, Bengio & Courville, Deep Learning (2016), section 6.5, Algorithms 6.3 and 6.4; Nielsen,
Neural Networks and Deep Learning (2015), chapter 2, equations BP1-BP4. Left out: dropout, batch
normalisation, early stopping. Shapes: n examples, D inputs of a layer, H its units, K classes, P parameters
in all.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np


class Dense:
    """A fully connected layer, Z = X W + b. Here the gradients of the parameters are collected."""

    def __init__(self, W: np.ndarray, b: np.ndarray, dW: np.ndarray, db: np.ndarray) -> None:
        self.W, self.b = W, b  # (D, H), (H,)
        self.dW, self.db = dW, db  # the same shapes: ∂L/∂W and ∂L/∂b

    def forward(self, X: np.ndarray) -> np.ndarray:
        self.X = X  # (n, D)
        return X @ self.W + self.b  # (n, H)

    def backward(self, dZ: np.ndarray) -> np.ndarray:
        np.matmul(self.X.T, dZ, out=self.dW)  # ∂L/∂W = Xᵀ ∂L/∂Z        (Nielsen, BP4)
        np.add.reduce(dZ, axis=0, out=self.db)  # ∂L/∂b = Σ over examples  (Nielsen, BP3)
        return dZ @ self.W.T  # ∂L/∂X = ∂L/∂Z Wᵀ        (Nielsen, BP2)


class ReLU:
    """A = max(Z, 0). Its slope is 1 where the unit is on and 0 where it is off."""

    def forward(self, Z: np.ndarray) -> np.ndarray:
        self.A = np.maximum(Z, 0.0)
        return self.A

    def backward(self, dA: np.ndarray) -> np.ndarray:
        return dA * (self.A > 0)


class Tanh:
    """A = tanh(Z). Its slope 1 - A² is at most 1, and near 0 for a saturated unit."""

    def forward(self, Z: np.ndarray) -> np.ndarray:
        self.A = np.tanh(Z)
        return self.A

    def backward(self, dA: np.ndarray) -> np.ndarray:
        return dA * (1.0 - self.A**2)


class Sigmoid:
    """A = 1 / (1 + exp(-Z)). Its slope A (1 - A) is at most 1/4, so each layer shrinks the gradient."""

    def forward(self, Z: np.ndarray) -> np.ndarray:
        self.A = 0.5 * (1.0 + np.tanh(0.5 * Z))  # the same function, and exp cannot overflow
        return self.A

    def backward(self, dA: np.ndarray) -> np.ndarray:
        return dA * self.A * (1.0 - self.A)


class SoftmaxCrossEntropy:
    """Scores to probabilities, and the mean of -log P(right class): Goodfellow et al., equation 6.30."""

    def forward(self, Z: np.ndarray, y: np.ndarray) -> float:
        shifted = Z - Z.max(axis=1, keepdims=True)  # changes no probability and keeps exp finite
        E = np.exp(shifted)
        total = E.sum(axis=1, keepdims=True)  # (n, 1)
        self.P, self.y, self.rows = E / total, y, np.arange(len(y))  # P: (n, K)
        return float(np.mean(np.log(total[:, 0]) - shifted[self.rows, y]))

    def backward(self) -> np.ndarray:
        dZ = self.P.copy()
        dZ[self.rows, self.y] -= 1.0  # ∂L/∂Z = P - Y, with Y one-hot (Bishop, PRML, equation 4.109)
        return dZ / len(dZ)


class HalfSquaredError:
    """½ Σ (A - target)², the mean over examples: the loss of the oldest worked examples."""

    def forward(self, A: np.ndarray, target: np.ndarray) -> float:
        self.error = A - target
        return float(0.5 * np.sum(self.error**2) / len(A))

    def backward(self) -> np.ndarray:
        return self.error / len(self.error)


class Network:
    """Dense layers with an activation between them; `theta` holds all parameters, `grad` their gradients."""

    def __init__(self, sizes: tuple[int, ...], activation: str, rng: np.random.Generator) -> None:
        shapes = list(itertools.pairwise(sizes))  # (D, H) of each layer
        self.theta = np.zeros(sum((D + 1) * H for D, H in shapes))  # (P,)
        self.grad = np.zeros_like(self.theta)
        self.is_weight = np.zeros(len(self.theta), dtype=bool)  # biases are not penalised
        self.layers: list[Dense | ReLU | Tanh | Sigmoid] = []
        self.loss: SoftmaxCrossEntropy | HalfSquaredError = SoftmaxCrossEntropy()
        bends: dict[str, type[ReLU | Tanh | Sigmoid]] = {"relu": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}
        start = 0
        for D, H in shapes:
            W, b = slice(start, start + D * H), slice(start + D * H, start + (D + 1) * H)
            start = b.stop
            # He et al. (2015), section 2.2, for ReLU; Glorot & Bengio (2010), equation 12, for the others:
            # the signal
            # keeps its size from layer to layer, forward and back.
            variance = 2.0 / D if activation == "relu" else 2.0 / (D + H)
            self.theta[W] = rng.normal(0.0, np.sqrt(variance), D * H)
            self.is_weight[W] = True
            views = [v[s] for v in (self.theta, self.grad) for s in (W, b)]
            self.layers += [Dense(views[0].reshape(D, H), views[1], views[2].reshape(D, H), views[3])]
            self.layers += [bends[activation]()]
        self.layers.pop()  # after the last layer comes the loss, not an activation

    @property
    def dense(self) -> list[Dense]:
        return [layer for layer in self.layers if isinstance(layer, Dense)]

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Scores (n, K) of the examples X (n, D)."""
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, l2: float = 0.0) -> np.ndarray:
        """The gradient (P,) of the loss of the last `forward`, plus that of ½ l2 Σ W²."""
        d = self.loss.backward()
        for layer in reversed(self.layers):
            d = layer.backward(d)
        if l2:
            self.grad += l2 * self.theta * self.is_weight
        return self.grad

    def loss_and_gradient(self, X: np.ndarray, y: np.ndarray, l2: float = 0.0) -> tuple[float, np.ndarray]:
        """One pass forward and one back; the loss includes the penalty."""
        loss = self.loss.forward(self.forward(X), y)
        if l2:
            loss += 0.5 * l2 * float(np.sum(self.theta[self.is_weight] ** 2))
        return loss, self.backward(l2)


class SGD:
    """θ ← θ - η g."""

    def __init__(self, learning_rate: float, size: int) -> None:
        self.rate = learning_rate

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        theta -= self.rate * grad


class Momentum:
    """v ← 0.9 v - η g, θ ← θ + v: a heavy ball (Polyak 1964; Goodfellow et al., equations 8.15 and 8.16)."""

    def __init__(self, learning_rate: float, size: int, keep: float = 0.9) -> None:
        self.rate, self.keep, self.v = learning_rate, keep, np.zeros(size)

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        self.v *= self.keep
        self.v -= self.rate * grad
        theta += self.v


class Adam:
    """A step size for each parameter, from running means of g and g² (Kingma & Ba 2015, Algorithm 1)."""

    def __init__(self, learning_rate: float, size: int, beta1: float = 0.9, beta2: float = 0.999) -> None:
        self.rate, self.beta1, self.beta2, self.t = learning_rate, beta1, beta2, 0
        self.m, self.v = np.zeros(size), np.zeros(size)

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        self.t += 1
        self.m += (1 - self.beta1) * (grad - self.m)  # = β₁ m + (1 - β₁) g
        self.v += (1 - self.beta2) * (grad * grad - self.v)
        # both means start at 0; dividing by 1 - βᵗ takes that bias out (section 3 of the paper)
        m_hat, v_hat = self.m / (1 - self.beta1**self.t), self.v / (1 - self.beta2**self.t)
        theta -= self.rate * m_hat / (np.sqrt(v_hat) + 1e-8)


def train(
    net: Network,
    X: np.ndarray,
    y: np.ndarray,
    optimizer: str,
    learning_rate: float,
    epochs: int,
    batch_size: int,
    l2: float,
    rng: np.random.Generator,
) -> Iterator[int]:
    """Minibatch gradient descent (Goodfellow et al., Algorithm 8.1): yields each finished epoch's number.

    X is (n, D) and y the classes (n,), 0 to K - 1. Each epoch sees every example once, in a new order.
    """
    rule = {"sgd": SGD, "momentum": Momentum, "adam": Adam}[optimizer](learning_rate, len(net.theta))
    for epoch in range(1, epochs + 1):
        order = rng.permutation(len(X))
        X_shuffled, y_shuffled = X[order], y[order]
        for start in range(0, len(X), batch_size):
            batch = slice(start, start + batch_size)
            _, gradient = net.loss_and_gradient(X_shuffled[batch], y_shuffled[batch], l2)
            rule.step(net.theta, gradient)
        yield epoch


def numeric_gradient(
    net: Network, X: np.ndarray, y: np.ndarray, which: np.ndarray, l2: float = 0.0, h: float = 1e-5
) -> np.ndarray:
    """∂L/∂θ by central differences, (L(θ + h) - L(θ - h)) / 2h, for the parameters numbered `which`.

    Knows nothing of the chain rule, which is what makes it a check. NaN where the step pushes a ReLU over its
    kink: there the two sides have different slopes, and a difference across it is no derivative.
    """
    numeric = np.full(len(which), np.nan)
    for place, i in enumerate(which):
        kept, losses, patterns = net.theta[i], [], []
        for value in (kept + h, kept - h):
            net.theta[i] = value
            loss = net.loss.forward(net.forward(X), y)
            losses.append(loss + 0.5 * l2 * float(np.sum(net.theta[net.is_weight] ** 2)))
            patterns.append([layer.A > 0 for layer in net.layers if isinstance(layer, ReLU)])
        net.theta[i] = kept
        if all(np.array_equal(a, b) for a, b in zip(*patterns, strict=True)):
            numeric[place] = (losses[0] - losses[1]) / (2 * h)
    return numeric


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """|a - b| / (|a| + |b|), lengths of vectors: 0 when they agree, 1 when they have nothing in common."""
    total = float(np.linalg.norm(a) + np.linalg.norm(b))
    return float(np.linalg.norm(a - b)) / total if total > 0 else 0.0


def make_points(
    dataset: str, samples: int, noise: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Points (samples, 2) and their classes (samples,), as even in number as they can be.

    The spiral is that of Stanford's CS231n notes (three arms, the radius from 0 to 1, four radians to an
    arm); the moons and rings have scikit-learn's shapes, the rings with radii 1 and 0.4; XOR has its four
    corners at ±1.
    """
    classes = 3 if dataset == "spiral" else 2
    y = np.arange(samples) % classes
    position = rng.random(samples)  # along the arm, the moon or the ring
    jitter = rng.normal(0.0, noise, (samples, 2)) if noise else np.zeros((samples, 2))
    if dataset == "spiral":
        angle = 4.0 * (position + y) + jitter[:, 0]
        return position[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1), y
    if dataset == "moons":
        angle = np.pi * position
        upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        lower = np.stack([1.0 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
        return np.where(y[:, None] == 0, upper, lower) - [0.5, 0.25] + jitter, y
    if dataset == "circles":
        angle, radius = 2 * np.pi * position, np.where(y == 0, 1.0, 0.4)
        return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1) + jitter, y
    side = np.where(position < 0.5, -1.0, 1.0)  # of the first axis; the second follows from the class
    return np.stack([side, np.where(y == 0, side, -side)], axis=1) + jitter, y
