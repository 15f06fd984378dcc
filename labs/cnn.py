"""A convolutional network reads handwritten digits (lecture 7).

The networks, their training and Grad-CAM are in `labs.cores.cnn`, the MNIST files in `labs.mnist`, what is
drawn and said of a run in `labs.reports.cnn`. The digits of 8 by 8 pixels are scikit-learn's.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from labs import mnist
from labs.base import Context, Lab, LabParams, LabResult, Metric
from labs.checks.cnn import verify
from labs.cores.cnn import build, predict, train
from labs.fields import param

TEST_SHARE = 0.25  # of scikit-learn's digits; MNIST comes with its own test images
DIGITS = 1797


class CnnParams(LabParams):
    dataset: Literal["digits", "mnist"] = param(
        "digits",
        "Images to read: scikit-learn's 1,797 digits of 8 by 8 pixels, or MNIST's 70,000 of 28 by 28.",
        synonyms=("data", "data set", "dataset", "images"),
        choice_synonyms={
            "digits": ("small digits", "sklearn digits", "8x8 digits", "scikit-learn digits"),
            "mnist": ("mnist digits", "mnist data", "the mnist"),
        },
    )
    architecture: Literal["simple", "lenet", "vgg", "resnet"] = param(
        "simple",
        "How the layers are put together.",
        synonyms=("network", "model", "net", "architectures"),
        choice_synonyms={
            "simple": (
                "simple architecture",
                "simple network",
                "simple model",
                "basic architecture",
                "simple one",
                *("simple cnn", "plain cnn", "basic cnn", "normal cnn"),
                "basic",
            ),
            "lenet": ("lenet5", "lenet 5", "lenet-5", "le net"),
            "vgg": ("vgg network", "vgg model", "vgg style", "vgg net", "vggnet", "vgg16", "mini vgg"),
            "resnet": (
                "resnet network",
                "resnet model",
                "residual network",
                "res net",
                "resnets",
                "skip connections",
                "residual",
            ),
        },
    )
    epochs: int = param(
        10,
        "Passes over the training images.",
        synonyms=("passes", "training epochs", "passes over the data"),
        scale="log",
        ge=1,
        le=100,
    )
    learning_rate: float = param(
        0.002,
        "Largest size of a step; it falls to 0 along half a cosine.",
        synonyms=("lr", "eta", "η", "step size", "step length"),
        scale="log",
        gt=0,
        le=1,
    )
    batch_size: int = param(
        64,
        "Images per step.",
        unit="images",
        synonyms=("batch", "batches", "minibatch", "mini-batch", "minibatch size", "batches of"),
        scale="log",
        ge=1,
        le=1024,
    )
    optimizer: Literal["adam", "sgd"] = param(
        "adam",
        "The rule that turns a gradient into a step; sgd has momentum 0.9.",
        synonyms=("optimiser", "solver"),
        choice_synonyms={
            "sgd": ("plain sgd", "stochastic gradient descent", "vanilla sgd", "minibatch sgd", "momentum"),
            "adam": ("adam optimizer", "adam optimiser"),
        },
    )
    dropout: float = param(
        0.1,
        "Share of the units before the last layer that are switched off at random while training.",
        synonyms=("dropout rate", "drop out", "dropout probability"),
        ge=0,
        le=0.9,
    )
    augment: bool = param(
        False,
        "Shift and turn the training images a little, anew in every epoch.",
        synonyms=("augmentation", "data augmentation", "augmenting", "augmented", "augment the data"),
    )


@dataclass
class Trained:
    """A network after its training, its images, and what was recorded; images are (n, 1, s, s)."""

    train_images: Any
    train_labels: Any
    test_images: Any
    test_labels: Any
    source: str  # which images, in words
    mean: float  # of the training pixels: images are shifted to mean 0 and scaled to spread 1
    spread: float
    only_test_files: bool = False
    model: Any = None
    loss_train: list[float] = field(default_factory=list)  # one entry per epoch, as all four
    loss_test: list[float] = field(default_factory=list)
    accuracy_train: list[float] = field(default_factory=list)
    accuracy_test: list[float] = field(default_factory=list)
    diverged: int | None = None
    final_train_accuracy: float = 0.0
    scores: np.ndarray = field(default_factory=lambda: np.zeros((0, 10)))  # (n, 10) of the test images

    @property
    def size(self) -> int:
        return int(self.test_images.shape[-1])

    @property
    def labels(self) -> np.ndarray:
        return np.asarray(self.test_labels.cpu())

    @property
    def said(self) -> np.ndarray:
        return self.scores.argmax(axis=1)

    @property
    def probabilities(self) -> np.ndarray:
        e = np.exp(self.scores - self.scores.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def pictures(self, rows: np.ndarray) -> np.ndarray:
        """The test images of those rows as (n, s, s), from 0 (paper) to 1 (ink)."""
        return np.asarray(self.test_images[rows][:, 0].cpu()) * self.spread + self.mean

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.model.parameters())


def load(p: CnnParams, context: Context) -> Trained:
    """The images as tensors, on the device they will be used on."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    split = False
    if p.dataset == "digits":
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split

        X, y = load_digits(return_X_y=True)
        parts = train_test_split(X / 16, y, test_size=TEST_SHARE, stratify=y, random_state=p.seed)
        train_x, test_x, train_y, test_y = parts
        source = "scikit-learn's digits"
    else:
        found = mnist.load(p.seed, context.part(0.0, 0.02).report)
        train_x, test_x = found.train_images / 255, found.test_images / 255
        train_y, test_y, split = found.train_labels, found.test_labels, found.split
        source = "MNIST"
    side = 8 if p.dataset == "digits" else 28
    mean, spread = float(train_x.mean()), float(train_x.std())

    def images(x: np.ndarray) -> Any:
        scaled = (np.asarray(x, dtype=np.float32) - np.float32(mean)) / np.float32(spread)
        return torch.from_numpy(scaled.reshape(-1, 1, side, side)).to(device)

    def labels(y: np.ndarray) -> Any:
        return torch.from_numpy(np.asarray(y, dtype=np.int64)).to(device)

    return Trained(
        images(train_x), labels(train_y), images(test_x), labels(test_y), source, mean, spread, split
    )


def fit(p: CnnParams, context: Context) -> Trained:
    """Load, build, train, and test after every epoch."""
    import torch

    context.report(0.0, f"loading {p.dataset}")
    t = load(p, context)
    threads = torch.get_num_threads()
    # batches of 8 by 8 pixels are too small to share: two threads would mostly wait for each other
    torch.set_num_threads(1 if t.size == 8 else max(1, min(threads, os.cpu_count() or 1, 4)))
    try:
        with torch.random.fork_rng():
            torch.manual_seed(p.seed)
            t.model = build(p.architecture, t.size, p.dropout).to(t.test_images.device)
            t.model = t.model.to(memory_format=torch.channels_last)  # the layout that CPUs convolve fastest
            steps = train(
                t.model,
                t.train_images,
                t.train_labels,
                p.optimizer,
                p.learning_rate,
                p.epochs,
                p.batch_size,
                p.augment,
                p.seed,
            )
            for epoch, share, loss, accuracy in steps:
                if not math.isfinite(loss):
                    t.diverged = epoch
                    break
                context.report(
                    0.02 + 0.93 * (epoch - 1 + share) / p.epochs,
                    f"epoch {epoch} of {p.epochs}, loss {loss:.3f}, {accuracy:.1%} right",
                )
                if share == 1:
                    t.loss_train.append(loss)
                    t.accuracy_train.append(accuracy)
                    _test(t)
        context.report(0.96, "looking at what it learned")
        if t.diverged is not None:
            _test(t)
            t.loss_train.append(float("nan"))
            t.accuracy_train.append(t.accuracy_test[-1])
        said = predict(t.model, t.train_images).argmax(1)
        t.final_train_accuracy = float((said == t.train_labels).float().mean())
    finally:
        torch.set_num_threads(threads)
    return t


def _test(t: Trained) -> None:
    import torch

    scores = predict(t.model, t.test_images)
    t.scores = scores.cpu().double().nan_to_num().numpy()
    t.loss_test.append(float(torch.nn.functional.cross_entropy(scores, t.test_labels)))
    t.accuracy_test.append(float(np.mean(t.said == t.labels)))


def run(p: CnnParams, context: Context) -> LabResult:
    """Train the network, and show what it learned."""
    from labs.reports.cnn import charts, findings, headline, notes, series, tables

    t = fit(p, context)
    shown = series(p, t)
    return LabResult(
        lab="cnn",
        title=headline(p, t),
        parameters=p.to_dict(),
        seed=p.seed,
        metrics={
            "accuracy_test": t.accuracy_test[-1],
            "accuracy_train": t.final_train_accuracy,
            "loss_test": t.loss_test[-1],
            "parameters": float(t.parameters),
        },
        tables=tables(t),
        series=shown,
        charts=charts(p, t, shown),
        notes=notes(p, t),
        findings=findings(p, t, shown),
    )


def cost(p: CnnParams) -> float:
    """Estimated seconds on two cores: a price per image, and one per step."""
    on_mnist = p.dataset == "mnist"
    n = mnist.training_images() if on_mnist else round(DIGITS * (1 - TEST_SHARE))
    small, large = {
        "simple": (2e-5, 1.6e-4),
        "lenet": (1.5e-5, 9e-5),
        "vgg": (6e-5, 5e-4),
        "resnet": (1e-4, 4e-4),
    }[p.architecture]
    step = {"simple": 1e-3, "lenet": 1.2e-3, "vgg": 2.5e-3, "resnet": 4e-3}[p.architecture]
    price = (large if on_mnist else small) + (1e-5 if p.augment else 0)
    return 1.0 + p.epochs * (n * price + math.ceil(n / p.batch_size) * step)


METRICS = {
    "accuracy_test": Metric(
        "test accuracy", "share of the test images that are read right", better="higher", percent=True
    ),
    "accuracy_train": Metric(
        "training accuracy",
        "share of the training images that are read right after the last epoch",
        better="higher",
        percent=True,
    ),
    "loss_test": Metric(
        "test loss", "mean cross-entropy of the test images after the last epoch", "nats", better="lower"
    ),
    "parameters": Metric("parameters", "numbers that were learned", ""),
}

LAB = Lab(
    id="cnn",
    title="A convolutional network reads digits",
    lectures=(7,),
    learn="How filters, feature maps and pooling turn pixels into a digit, and what the network looks at.",
    params=CnnParams,
    run=run,
    synonyms=(
        *(
            "cnn",
            "convnet",
            "conv net",
            "convolutional network",
            "convolutional neural network",
            "conv network",
        ),
        *(
            "convolutional net",
            "convolutional neural net",
            "simple cnn",
            "digit recognition",
            "convolution network",
        ),
        *(
            "recognise handwritten digits",
            "handwritten digit recognition",
            "digit recogniser",
            "digit classifier",
        ),
        *("read handwritten digits", "image classifier", "basic cnn", "recognise digits"),
    ),
    topics=(
        *(
            "convolution",
            "filters",
            "feature maps",
            "pooling",
            "kernel",
            "saliency",
            "handwritten digits",
            "padding",
        ),
        *("grad-cam", "lenet", "vgg", "resnet", "mnist", "dropout", "data augmentation"),
    ),
    examples=(
        "Train a CNN on the handwritten digits",
        "Compare lenet, vgg and resnet on the digits",
        "CNN on MNIST, 3 epochs",
    ),
    metrics=METRICS,
    sweep_metrics=("accuracy_test", "parameters"),
    core=(
        *(
            f"labs.cores.cnn.{name}"
            for name in ("simple_cnn", "lenet", "vgg", "residual_block", "resnet", "build")
        ),
        *(f"labs.cores.cnn.{name}" for name in ("shifted_and_turned", "train", "predict", "grad_cam")),
        "labs.mnist.read_idx",
    ),
    cost=cost,
    cost_of="epochs × images × the size of the network",
    cost_limit=240.0,
    verify=verify,
    notebook_imports=("import gzip", "import zlib", "from pathlib import Path"),
    demo="""
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

if dataset == "digits":
    X, y = load_digits(return_X_y=True)
    parts = train_test_split(X / 16, y, test_size=0.25, stratify=y, random_state=seed)
    train_x, test_x, train_y, test_y = parts
else:  # the four .gz files of MNIST, in a folder `mnist` beside this notebook
    kinds = ("images-idx3-ubyte.gz", "labels-idx1-ubyte.gz")
    names = [f"{part}-{kind}" for part in ("train", "t10k") for kind in kinds]
    train_x, train_y, test_x, test_y = [read_idx(Path("mnist") / name) for name in names]
    train_x, test_x = train_x / 255, test_x / 255
size = 8 if dataset == "digits" else 28
mean, spread = train_x.mean(), train_x.std()


def images(x):
    return torch.tensor((x - mean) / spread, dtype=torch.float32).reshape(-1, 1, size, size)


train_x, test_x = images(train_x), images(test_x)
train_y, test_y = torch.tensor(train_y, dtype=torch.int64), torch.tensor(test_y, dtype=torch.int64)

torch.manual_seed(seed)
model = build(architecture, size, dropout)
steps = train(model, train_x, train_y, optimizer, learning_rate, epochs, batch_size, augment, seed)
for epoch, share, loss, right in steps:
    if share == 1:
        print(f"epoch {epoch}: loss {loss:.3f}, {right:.1%} right")
said = predict(model, test_x).argmax(1)
metrics = {
    "accuracy_test": float((said == test_y).float().mean()),
    "parameters": sum(p.numel() for p in model.parameters()),
}
print(metrics)

heat = grad_cam(model, test_x[:8], said[:8])
figure, axes = plt.subplots(2, 8, figsize=(10, 3))
for i in range(8):
    axes[0, i].imshow(test_x[i, 0], cmap="gray_r")
    axes[0, i].set_title(f"read as {said[i]}", fontsize=8)
    axes[1, i].imshow(heat[i], cmap="inferno")
for ax in axes.flat:
    ax.axis("off")
""",
    exercises=(
        "Count the parameters of the simple network by hand, layer by layer. Which layer has most, and why?",
        "Train with 1 epoch and with 30. Does the network get better, or only surer of itself? Watch the "
        "test loss.",
        "Set `augment` to true. Which accuracy falls, which one rises, and why do they move apart like this?",
    ),
    preload=("torch", "sklearn.datasets", "sklearn.model_selection"),
)
