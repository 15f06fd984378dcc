"""Every worked number of lecture 7, worked out again and looked for in the text; its code is run."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

SEVEN = np.array([[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 0]])
EDGE = np.array([[-1, 0, 1]] * 3)
POOLED = np.array([[1, 3, 2, 0], [4, 2, 1, 1], [0, 1, 5, 2], [2, 0, 3, 4]])


def matrix(values: np.ndarray) -> str:
    """An array as the lecture writes it in TeX."""
    rows = "\\\\".join("&".join(f"{value:g}" for value in row) for row in values)
    return f"\\begin{{pmatrix}}{rows}\\end{{pmatrix}}"


def correlate(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    import torch

    as_batch = (torch.tensor(a, dtype=torch.float64)[None, None] for a in (image, kernel))
    return np.asarray(torch.nn.functional.conv2d(*as_batch)[0, 0])


def size_after(n: int, k: int, padding: int, stride: int) -> int:
    """The size of PyTorch's own output."""
    import torch

    layer = torch.nn.Conv2d(1, 1, k, padding=padding, stride=stride)
    return int(layer(torch.zeros(1, 1, n, n)).shape[-1])


def conv(c_in: int, c_out: int, k: int, bias: bool = True) -> int:
    """Parameters of a convolution layer."""
    return c_in * c_out * k * k + (c_out if bias else 0)


def thousands(number: int) -> str:
    return f"{number:,}".replace(",", "{,}")


def test_the_dense_layer_for_a_photo_is_as_large_as_stated(says):
    inputs = 224 * 224 * 3
    says(7, f"has ${thousands(inputs)}$ numbers", f"${thousands(inputs * 1000)}$ in all")


def test_the_convolution_by_hand_is_right(says):
    y = correlate(SEVEN, EDGE)
    says(7, f"$$x={matrix(SEVEN)}\\qquad w={matrix(EDGE)}\\qquad b=0$$")
    says(7, f"$$y={matrix(y)}\\qquad\\text{{ReLU}}(y)={matrix(np.maximum(y, 0))}$$")
    patch = SEVEN[:3, :3]
    says(7, ", ".join(f"${tuple(row)}$".replace(" ", "") for row in patch.tolist()))
    left, right = patch[:, 0].sum(), patch[:, 2].sum()
    says(7, f"adds up to ${right}$, its left to ${left}$: $y_{{0,0}}={right}-{left}={y[0, 0]:g}$")
    a, b, c = SEVEN[:3, 1:4].sum(axis=0)
    says(7, f"the sums ${a}$, ${b}$ and ${c}$, so $y_{{0,1}}={c}-{a}={y[0, 1]:g}$")
    says(7, f"The largest value, ${y.max():g}$", f"in the bottom middle and its output, {y[2, 1]:g}, are")
    assert y[2, 1] == y.max()
    assert (SEVEN[2:5, 3] == 1).all()  # that patch has ink on its right side only
    assert (SEVEN[2:5, 1:3] == 0).all()


def test_a_true_convolution_turns_the_filter_first(says):
    scipy_signal = pytest.importorskip("scipy.signal")
    says(7, "in a true convolution the filter is turned by 180 degrees first")
    turned = scipy_signal.convolve2d(SEVEN, EDGE[::-1, ::-1], mode="valid")
    np.testing.assert_array_equal(turned, correlate(SEVEN, EDGE))


def test_the_sizes_in_the_table_are_those_of_pytorch(says):
    for n, k, padding, stride in ((5, 3, 0, 1), (28, 5, 2, 1), (28, 3, 1, 2), (224, 7, 3, 2)):
        out = size_after(n, k, padding, stride)
        assert out == (n + 2 * padding - k) // stride + 1
        says(7, f"| {n} | {k} | {padding} | {stride} | {out} |")
    half = (224 + 6 - 7) / 2
    says(7, f"$(224+6-7)/2={half:g}$, rounded down ${math.floor(half)}$, plus 1 is ${math.floor(half) + 1}$")


def test_the_parameter_counts_are_right(says):
    says(7, f"$3\\times3\\times3={3**3}$ weights")
    says(7, f"$(25+1)\\times6={conv(1, 6, 5)}$ parameters", f"$28\\times64={conv(3, 64, 3)}$")


def test_pooling_by_hand_is_right(says):
    blocks = POOLED.reshape(2, 2, 2, 2).swapaxes(1, 2)  # (2, 2) blocks of (2, 2)
    largest, mean = blocks.max(axis=(2, 3)), blocks.mean(axis=(2, 3))
    says(
        7,
        f"$${matrix(POOLED)}\\qquad\\text{{max}}={matrix(largest)}\\qquad\\text{{average}}={matrix(mean)}$$",
    )


def test_the_receptive_fields_are_those_that_the_gradient_sees(says):
    import torch
    from torch import nn

    def measured(*layers: nn.Module) -> int:
        image = torch.rand(1, 1, 41, 41, requires_grad=True)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            for layer in layers:
                if isinstance(layer, nn.Conv2d):
                    layer.reset_parameters()
        out = nn.Sequential(*layers)(image)
        out[0, 0, 3, 3].backward()
        assert image.grad is not None
        return int((image.grad[0, 0] != 0).any(dim=0).sum())

    def three(stride: int = 1) -> nn.Conv2d:
        return nn.Conv2d(1, 1, 3, stride=stride)

    fields = [measured(*(three() for _ in range(count))) for count in (1, 2, 3)]
    says(7, f"it is {fields[0]} pixels wide, after two {fields[1]}, after three {fields[2]}")
    mixed = measured(three(), nn.AvgPool2d(2), three())
    says(7, f"$1+2\\times1=3$, then $3+1\\times1=4$, then $4+2\\times2={mixed}$ pixels")
    strided = measured(three(2), three(), three())
    says(7, f"$1+2=3$, then $3+2\\times2=7$, then $7+2\\times2={strided}$")


def test_the_lenet_table_is_the_lenet_of_the_lab(says, lecture_text):
    import torch

    from labs.cores.cnn import build

    model = build("lenet", 28, 0.0)
    layers = [layer for layer in model.modules() if hasattr(layer, "weight")]
    counts = [sum(p.numel() for p in layer.parameters()) for layer in layers]
    for row, count in zip(("C1", "C3", "C5", "F6", "out"), counts, strict=True):
        line = next(line for line in lecture_text(7).splitlines() if line.startswith(f"| {row} |"))
        assert line.endswith(f"| {count:,} |"), line
    says(7, f"In all ${thousands(sum(counts))}$")
    x, shapes = torch.zeros(1, 1, 28, 28), []
    for layer in (*model[0], *model[1]):
        x = layer(x)
        shapes.append("\\times".join(str(side) for side in x.shape[1:]))
    for shape in ("6\\times28\\times28", "6\\times14\\times14", "16\\times10\\times10", "16\\times5\\times5"):
        assert shape in shapes
        says(7, f"| ${shape}$ |")
    assert {"400", "120", "84", "10"} <= set(shapes)


def test_the_code_of_the_lecture_runs_and_has_the_stated_parameters(says, lecture_text):
    import torch
    from torch import nn

    blocks = re.findall(r"```python\n(.+?)```", lecture_text(7), re.S)
    assert len(blocks) == 4
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(128, 1, 8, 8, generator=generator)
    labels = torch.randint(0, 10, (128,), generator=generator)
    names = {
        "loader": [(images[:64], labels[:64]), (images[64:], labels[64:])],
        "test_x": images,
        "test_y": labels,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for block in blocks[:3]:
            exec(block, names)
    model = names["model"]
    assert isinstance(model, nn.Sequential)
    counts = [sum(p.numel() for p in layer.parameters()) for layer in model]
    assert sum(counts) == 9978
    weights = [count for count in counts if count]
    says(7, f"$9\\times16={weights[0]}$, batch normalisation ${weights[1]}$, $144\\times32={weights[2]}$")
    says(7, f"again ${weights[3]}$, and $513\\times10={weights[4]}$; in all ${sum(counts)}$")
    assert weights[4] > sum(counts) / 2
    assert 0 <= float(names["accuracy"]) <= 1
    x = images
    for layer, comment in zip(
        model, re.findall(r"nn\.\w+\(.*?\),(?: +# (?:.+ )?-> (\(n, [^)]+\)).*)?", blocks[0]), strict=True
    ):
        x = layer(x)
        if comment:
            assert comment == f"(n, {', '.join(str(side) for side in x.shape[1:])})"
    frozen = [p.clone() for p in model[:-1].parameters()]
    exec(blocks[3], names)
    assert model[-1].out_features == 5
    assert [p.requires_grad for p in model[:-1].parameters()] == [False] * len(frozen)
    assert all(p.requires_grad for p in model[-1].parameters())


def test_batch_normalisation_by_hand_is_right(says):
    import torch

    values = np.array([2.0, 4, 6, 8])
    scaled = (values - values.mean()) / values.std()
    says(7, f"$2, 4, 6, 8$ have mean ${values.mean():g}$ and variance ${values.var():g}$")
    a, b, c, d = (f"{value:.3f}" for value in scaled)
    says(7, f"they become ${a}$, ${b}$, ${c}$ and ${d}$")
    by_torch = (
        torch.nn.BatchNorm1d(1)(torch.tensor(values, dtype=torch.float32)[:, None]).detach().numpy().ravel()
    )
    np.testing.assert_allclose(by_torch, scaled, atol=1e-4)


def alexnet() -> int:
    """The network of 2012 on its two GPUs: layers 2, 4 and 5 see only the half of the maps on their own one."""
    filters = conv(3, 96, 11) + conv(48, 256, 5) + conv(256, 384, 3) + conv(192, 384, 3) + conv(192, 256, 3)
    return filters + conv(256 * 6 * 6, 4096, 1) + conv(4096, 4096, 1) + conv(4096, 1000, 1)


def vgg16() -> int:
    plan, total, c_in = (64, 64, 128, 128, *(256,) * 3, *(512,) * 6), 0, 3
    for c_out in plan:
        total, c_in = total + conv(c_in, c_out, 3), c_out
    return total + conv(512 * 7 * 7, 4096, 1) + conv(4096, 4096, 1) + conv(4096, 1000, 1)


def resnet152() -> int:
    """Bottleneck blocks 1x1, 3x3, 1x1, each layer with two numbers per channel of batch normalisation."""
    total, c_in = conv(3, 64, 7, bias=False) + 2 * 64, 64
    for width, blocks in ((64, 3), (128, 8), (256, 36), (512, 3)):
        for block in range(blocks):
            for a, b, k in ((c_in, width, 1), (width, width, 3), (width, 4 * width, 1)):
                total += conv(a, b, k, bias=False) + 2 * b
            if block == 0:  # the shortcut changes the shape
                total += conv(c_in, 4 * width, 1, bias=False) + 2 * 4 * width
            c_in = 4 * width
    assert 1 + 3 * (3 + 8 + 36 + 3) + 1 == 152
    return total + conv(2048, 1000, 1)


def test_the_famous_networks_are_as_large_as_the_table_says(says):
    for name, year, layers, count in (
        ("AlexNet", 2012, 5 + 3, alexnet()),
        ("VGG-16", 2014, 13 + 3, vgg16()),
        ("ResNet-152", 2015, 152, resnet152()),
    ):
        says(7, f"| {name} | {year} | {layers} | {count / 1e6:.0f} million |")
    says(7, "| LeNet-5 | 1998 | 5 | 60 thousand |")


def test_two_small_filters_are_cheaper_than_a_large_one(says):
    small, large = 2 * conv(1, 1, 3, bias=False), conv(1, 1, 5, bias=False)
    says(7, f"$2\\times9\\,C^2={small}\\,C^2$ weights against ${large}\\,C^2$")


def test_the_slopes_with_and_without_skips_are_right(says):
    says(7, f"$0.1^{{10}}={0.1**10:.10f}$", f"$1.1^{{10}}={1.1**10:.2f}$")


def test_a_doubled_softmax_has_the_stated_floor(says):
    import torch

    floor = -math.log(math.e / (math.e + 9))
    says(7, f"get the loss below ${floor:.3f}$")
    perfect = 50 * torch.eye(10)
    loss = torch.nn.functional.cross_entropy(torch.softmax(perfect, dim=1), torch.arange(10))
    assert float(loss) == pytest.approx(floor, abs=1e-5)


def test_the_lab_reads_as_well_as_the_lecture_says(says):
    from labs.registry import get_lab

    lab = get_lab("cnn")
    plain, augmented = (lab.execute({"augment": augment}).metrics for augment in (False, True))
    says(
        7,
        "our run of the lab read 98.7% of 450 unseen digits right: 6 mistakes",
        f"in all ${plain['parameters']:.0f}$",
    )
    says(7, "rose from 98.7% to 99.3%: three images of 450")
    assert round(0.987 * 450) == 450 - 6
    assert round((0.9933 - 0.9867) * 450) == 3
    assert plain["accuracy_test"] == pytest.approx(
        0.987, abs=0.012
    )  # other processors add up in another order
    assert augmented["accuracy_test"] == pytest.approx(0.993, abs=0.012)
    assert augmented["accuracy_train"] < plain["accuracy_train"]


def test_the_lab_messages_have_the_outcomes_that_the_lecture_hints_at(says):
    from labs.registry import get_lab

    lab = get_lab("cnn")
    one, three = (lab.execute({"epochs": epochs}).metrics["accuracy_test"] for epochs in (1, 3))
    says(7, "how much does the first pass teach?", "one is too timid, one wrecks filters")
    assert 0.6 < one < three
    timid, wild = (lab.execute({"learning_rate": rate}) for rate in (0.0001, 0.3))
    assert timid.metrics["accuracy_test"] < 0.95
    assert {finding.name for finding in wild.findings} & {
        "dead_relu",
        "divergence",
        "underfitting",
        "no_learning",
    }


def test_the_exercises_of_lecture_7_have_right_answers(says):
    import torch

    says(7, f"$(32-5)/2={(32 - 5) / 2}$, rounded down ${(32 - 5) // 2}$, plus 1: $14\\times14$")
    assert size_after(32, 5, 0, 2) == 14
    count = sum(p.numel() for p in torch.nn.Conv2d(32, 64, 3).parameters())
    says(7, f"$(9\\times32+1)\\times64=289\\times64={thousands(count)}$")
    assert correlate(SEVEN, EDGE.T)[0, 0] == 0
    says(7, "its rows are $(-1,-1,-1)$, $(0,0,0)$, $(1,1,1)$", "minus its top row: $0-0=0$")
    np.testing.assert_array_equal(EDGE.T, [[-1, -1, -1], [0, 0, 0], [1, 1, 1]])
    says(7, f"$64\\times1024={thousands(64 * 1024)}$ against ${conv(1, 16, 3, bias=False)}$")
