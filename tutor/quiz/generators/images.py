"""Lecture 7: convolution by hand, sizes, parameters, pooling, receptive fields and skip connections."""

from __future__ import annotations

import numpy as np

from tutor.quiz.generators import Made, generator
from tutor.quiz.generators.wording import after, choices, one_of, plain, small, sound, total, words_of


def _matrix(values: np.ndarray) -> str:
    """A table of numbers as LaTeX, without the dollar signs."""
    rows = r"\\".join("&".join(plain(float(v)) for v in row) for row in values)
    return f"\\begin{{pmatrix}}{rows}\\end{{pmatrix}}"


@generator("image_shape", 7, "How does a computer store an image?", "shape of a batch")
@sound
def shape(rng: np.random.Generator) -> Made:
    """(N, C, H, W), PyTorch's order, after the lecture."""
    n, high, wide = (
        int(rng.choice([16, 32, 64, 100])),
        int(rng.choice([28, 48, 96])),
        int(rng.choice([32, 64, 128])),
    )
    c, word = ((1, "grey"), (3, "colour"))[int(rng.integers(2))]
    other = 3 if c == 1 else 1
    return Made(
        prompt=f"A batch of {n} {word} images, each {high} pixels high and {wide} pixels wide, goes into a PyTorch "
        "network. Which shape must the array have?",
        options=choices(
            (f"$({n}, {c}, {high}, {wide})$", "Images, channels, height, width."),
            (
                f"$({n}, {high}, {wide}, {c})$",
                "The channels come last in most image files, but second in PyTorch.",
            ),
            (f"$({n}, {c}, {wide}, {high})$", "Height and width are swapped: rows come first."),
            (f"$({n}, {other}, {high}, {wide})$", "A grey image has one channel, a colour image three."),
        ),
        hints=(
            "Four numbers are needed, in a fixed order.",
            "The order is (number of images, channels, height, width).",
            f"The first number is {n}. How many channels has a {word} image?",
        ),
        solution=f"{n} images, {c} {'channel' if c == 1 else 'channels'}, {high} rows, {wide} columns: "
        f"$({n}, {c}, {high}, {wide})$.",
    )


@generator("image_convolution", 7, "What does a convolution look like by hand?", "convolution by hand")
@sound
def convolution(rng: np.random.Generator) -> Made:
    """One output of a 2 x 2 filter on a 3 x 3 image: the lecture's sum of products (no turn); plain NumPy."""
    while True:
        x = rng.integers(0, 5, size=(3, 3))
        w = rng.choice([-2, -1, 1, 2], size=(2, 2))
        out = np.array([[(x[i : i + 2, j : j + 2] * w).sum() for j in range(2)] for i in range(2)])
        if len(set(out.ravel().tolist())) == 4 and np.abs(out).min() > 0:
            break
    i, j = int(rng.integers(2)), int(rng.integers(2))
    patch = x[i : i + 2, j : j + 2]
    place = f"{('top', 'bottom')[i]} {('left', 'right')[j]}"
    products = (patch * w).ravel().tolist()
    slides = [
        (float(out[a, b]), "That is the output at another place: look where the filter lies.")
        for a in range(2)
        for b in range(2)
        if (a, b) != (i, j)
    ]
    return Made(
        prompt=f"The filter $w$ slides over the image $x$ (stride 1, no padding, bias 0), which makes an output of 2 "
        f"× 2 "
        f"numbers. Which number stands at the {place} of the output?\n\n$$x={_matrix(x)}\\qquad w={_matrix(w)}$$",
        answer=float(out[i, j]),
        decimals=0,
        tolerance=0.0,
        hints=(
            f"Lay the filter on the {place} corner of the image.",
            "Multiply the four numbers that lie on top of each other, and add up the products.",
            f"The filter covers the patch ${_matrix(patch)}$; its first product is ${patch[0, 0]} \\times "
            f"{after(float(w[0, 0]))} = {products[0]}$.",
        ),
        solution="$"
        + " + ".join(
            f"{a} \\times {after(float(b))}"
            for a, b in zip(patch.ravel().tolist(), w.ravel().tolist(), strict=True)
        )
        + f" = {total(products)} = {out[i, j]}$",
        mistakes=(
            (
                float((patch * w[::-1, ::-1]).sum()),
                "The filter was turned by 180 degrees; libraries do not do that.",
            ),
            (float(np.abs(patch * w).sum()), "A minus sign of the filter got lost."),
            (float(patch.sum()), "Those are the numbers of the patch added up, without the filter."),
            *slides,
        ),
    )


@generator(
    "image_output_size",
    7,
    "What do padding and stride do, and how large is the output?",
    "convolution output size",
)
@sound
def output_size(rng: np.random.Generator) -> Made:
    """floor((n + 2 p - k) / s) + 1, after the lecture (plain arithmetic)."""
    n, k = int(rng.integers(12, 65)), int(rng.choice([3, 5, 7]))
    p, s = int(rng.integers(0, k // 2 + 1)), int(rng.integers(1, 4))
    if p == 0 and s == 1:
        return output_size(rng)
    room = n + 2 * p - k
    size = room // s + 1
    return Made(
        prompt=f"A square image of {n} × {n} pixels goes through a convolution with a {k} × {k} filter, padding {p} "
        f"and "
        f"stride {s}. How many rows has the output?",
        answer=float(size),
        decimals=0,
        tolerance=0.0,
        hints=(
            "Count the places where the filter can start.",
            r"The rule is $\lfloor (n + 2p - k) / s \rfloor + 1$, where $\lfloor\ \rfloor$ means round down.",
            f"$n + 2p - k = {n} + {2 * p} - {k} = {room}$. Divide by the stride, round down, add 1.",
        ),
        solution=f"${room} / {s} = {plain(room / s, 2)}$, rounded down {room // s}, plus 1 is {size}.",
        mistakes=(
            (float(room // s), "The + 1 is missing: the first place counts too."),
            (float((n + p - k) // s + 1), "The padding is put on both sides, so it counts twice."),
            (float((n - k) // s + 1), "The padding is missing."),
            (float(room + 1), "The stride is missing."),
            (
                float(-(-room // s) + 1),
                "Round down: a place where the filter hangs over the edge does not count.",
            ),
        ),
    )


@generator(
    "image_parameters",
    7,
    "What are channels, and how many parameters has a layer?",
    "parameters of a convolution",
)
@sound
def parameters(rng: np.random.Generator) -> Made:
    """(k k C_in + 1) C_out, after the lecture (plain arithmetic)."""
    k, c_in = int(rng.choice([1, 3, 5])), int(rng.choice([1, 3, 6, 8, 16]))
    c_out, side = int(rng.choice([4, 8, 16, 32])), int(rng.choice([28, 32, 64]))
    count = (k * k * c_in + 1) * c_out
    if c_in == c_out:
        return parameters(rng)
    channels = f"{c_in} {'channel' if c_in == 1 else 'channels'}"
    return Made(
        prompt=f"A convolutional layer has {c_out} filters of {k} × {k} on an input with {channels} of {side} × "
        f"{side} "
        "numbers, and a bias for each filter. How many parameters has it?",
        answer=float(count),
        decimals=0,
        tolerance=0.0,
        hints=(
            "One of the numbers in the question is not needed: the weights are shared by all places.",
            "Count the weights of one filter, which goes through all input channels; add its bias; times the "
            "filters.",
            f"One filter has ${k} \\times {k} \\times {c_in} = {k * k * c_in}$ weights.",
        ),
        solution=f"$({k} \\times {k} \\times {c_in} + 1) \\times {c_out} = {k * k * c_in + 1} \\times {c_out} = "
        f"{count}$",
        mistakes=(
            (float(k * k * c_in * c_out), "Those are the weights; each filter has a bias as well."),
            (float((k * k + 1) * c_out), "A filter goes through *all* input channels."),
            (float(k * k * c_in + 1), "That is one filter; there are more of them."),
            (
                float(count * side * side),
                "The size of the image plays no part: all places share the weights.",
            ),
            (float(k * k * c_in * c_out + 1), "Each filter has a bias of its own."),
        ),
    )


@generator("image_pooling", 7, "What does pooling do?", "pooling")
@sound
def pooling(rng: np.random.Generator) -> Made:
    """The largest (or the mean) of each 2 x 2 block; plain NumPy, after the lecture."""
    x = rng.integers(0, 10, size=(4, 4))
    blocks = x.reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(2, 2, 4)
    results = {
        "max": (blocks.max(axis=2), "These are the largest of each block: max pooling."),
        "average": (blocks.mean(axis=2), "These are the means of the blocks: average pooling."),
        "corner": (x[::2, ::2], "That takes the top left number of each block, whatever the others are."),
        "middle": (x[1:3, 1:3], "That cuts out the middle; pooling looks at every block."),
        "sum": (blocks.sum(axis=2), "Those are the sums of the blocks; divide by 4 for the mean."),
    }
    what = words_of(rng, ("max", "average"))
    key = results[what][0]
    others = [name for name in results if name != what and not (name == "sum" and what == "max")]
    first = blocks[0, 0].tolist()
    return Made(
        prompt=f"What does {what} pooling with 2 × 2 blocks and stride 2 make of this map?\n\n$${_matrix(x)}$$",
        options=choices(
            (
                f"${_matrix(key)}$",
                f"One number for each block of four: {results[what][1][0].lower()}{results[what][1][1:]}",
            ),
            *((f"${_matrix(results[name][0])}$", results[name][1]) for name in others[:3]),
        ),
        hints=(
            "Cut the map into four blocks of 2 × 2 that do not overlap.",
            f"From each block comes one number: {'the largest' if what == 'max' else 'the mean of the four'}.",
            f"The top left block holds ${', '.join(map(str, first))}$.",
        ),
        solution="Block by block, from the top left: "
        + ", ".join(
            f"({', '.join(map(str, blocks[i, j].tolist()))}) gives {plain(float(key[i, j]))}"
            for i in range(2)
            for j in range(2)
        )
        + ".",
    )


@generator("image_receptive_field", 7, "What is a receptive field?", "receptive field")
@sound
def receptive_field(rng: np.random.Generator) -> Made:
    """r + (k - 1) S for each layer, S the product of the strides before it; plain arithmetic, after the lecture."""
    k1, k2, k3 = (int(one_of(rng, (3, 5))) for _ in range(3))
    layers = [(k1, 1), (2, 2), (k2, 1)] + ([(k3, 1)] if rng.random() < 0.6 else [])
    if rng.random() < 0.5:
        layers = [layers[0], (k3, 1), *layers[1:]]
    width, jump, steps = 1, 1, []
    for k, stride in layers:
        steps.append(f"${width} + {k - 1} \\times {jump} = {width + (k - 1) * jump}$")
        width, jump = width + (k - 1) * jump, jump * stride
    names = [f"a {k} × {k} convolution" if s == 1 else "a 2 × 2 pooling with stride 2" for k, s in layers]
    naive = 1 + sum(k - 1 for k, _ in layers)
    return Made(
        prompt=f"An image goes through {', then '.join(names)} (all convolutions with stride 1). How many pixels "
        f"wide is "
        "the receptive field of a unit at the end?",
        answer=float(width),
        decimals=0,
        tolerance=0.0,
        hints=(
            "Start with one pixel, and go from the image towards the end.",
            "Each layer adds $(k - 1) \\times S$, where $S$ is the product of all strides *before* it.",
            f"After the first convolution: {steps[0]}. After the pooling, $S$ is 2.",
        ),
        solution="Layer by layer: " + ", ".join(steps) + ".",
        mistakes=(
            (float(naive), "After the pooling a step is two pixels long, so later layers add twice as much."),
            (float(sum(k for k, _ in layers)), "Each layer adds $k - 1$ steps, not $k$."),
            (float(width - 1), "Start with one pixel: the unit itself."),
        ),
    )


@generator(
    "image_skip", 7, "What is a skip connection, and why does ResNet need it?", "gradient through a skip"
)
@sound
def skip(rng: np.random.Generator) -> Made:
    """(1 + F')^n with skip connections, against F'^n without; plain arithmetic, after the lecture."""
    slope, n = one_of(rng, (-0.2, -0.1, 0.05, 0.1, 0.2, 0.3)), int(rng.integers(3, 11))
    passed = (1 + slope) ** n
    return Made(
        prompt=f"A signal goes back through {n} residual blocks. Each computes $F(x) + x$ (leave out the ReLU), and "
        f"the "
        f"slope of $F$ is ${slope}$ in each. By which factor is the gradient multiplied in all?",
        answer=passed,
        hints=(
            "First find the slope of one block, then think of all of them.",
            "The slope of a sum is the sum of the slopes; and slopes along a chain multiply.",
            f"The slope of one block is ${slope} + 1 = {plain(slope + 1)}$, and there are {n} blocks.",
        ),
        solution=f"${plain(slope + 1)}^{{{n}}} = {passed:.2f}$; without the skips it would be "
        f"${after(slope)}^{{{n}}} = "
        f"{small(slope**n)}$.",
        mistakes=(
            (slope**n, "That is without the skip connections: each adds 1 to the slope of its block."),
            (1 + slope * n, "The slopes of the blocks multiply; they do not add up."),
            (1 + slope**n, "Every block has its own skip, so the 1 is added before the power is taken."),
            (1 + slope, f"That is one block; there are {n}."),
        ),
    )
