"""Convolutional networks that read digits: four architectures, their training, and Grad-CAM. PyTorch.

Every network is `Sequential(features, head)`: `features` turns an image into maps (n, C, h, w), `head` turns
the maps into ten scores. `size` is the side of an image in pixels, 8 (scikit-learn's digits) or 28 (MNIST).

Sources: LeCun, Bottou, Bengio & Haffner (1998), section II.B; Simonyan & Zisserman (2015), section 2; He,
Zhang, Ren & Sun (2016), sections 3.3 and 4.2; Selvaraju et al., Grad-CAM (2017), equations 1 and 2;
Loshchilov & Hutter (2017), equation 5, for the cosine. The networks are as small as the images: VGG and
ResNet here have the building blocks of their papers, not the depth. PyTorch is imported inside the functions,
since it takes a second to load.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any


def simple_cnn(size: int, dropout: float) -> Any:
    """Two layers of 3 x 3 filters, one pooling, one dense layer: as small as a CNN can be."""
    from torch import nn

    features = nn.Sequential(
        nn.Conv2d(
            1, 16, 3, padding=1, bias=False
        ),  # (n, 1, s, s) -> (n, 16, s, s): 16 filters look for strokes
        nn.BatchNorm2d(
            16
        ),  # each map to mean 0 and spread 1 over the batch (Ioffe & Szegedy 2015): quicker training
        nn.ReLU(),
        *([nn.MaxPool2d(2)] if size >= 28 else []),  # MNIST: 28 -> 14
        nn.Conv2d(16, 32, 3, padding=1, bias=False),  # combinations of strokes
        nn.BatchNorm2d(32),
        nn.ReLU(),
    )
    side = size // 4 if size >= 28 else size // 2
    head = nn.Sequential(
        nn.MaxPool2d(2),  # (n, 32, s, s) -> (n, 32, s/2, s/2): a stroke may move by a pixel
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(32 * side * side, 10),
    )
    return nn.Sequential(features, head)


def lenet(size: int, dropout: float) -> Any:
    """LeNet-5: tanh and average pooling, as in 1998; 8 x 8 images are padded where MNIST's are cut."""
    from torch import nn

    features = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),  # C1
        nn.Tanh(),
        nn.AvgPool2d(2),  # S2
        nn.Conv2d(
            6, 16, 5, padding=0 if size >= 28 else 2
        ),  # C3; in the paper each map sees only some of S2's
        nn.Tanh(),
    )
    side = (size // 2 - 4) // 2 if size >= 28 else size // 4
    head = nn.Sequential(
        nn.AvgPool2d(2),  # S4
        nn.Flatten(),
        nn.Linear(16 * side * side, 120),  # C5
        nn.Tanh(),
        nn.Dropout(dropout),
        nn.Linear(120, 84),  # F6
        nn.Tanh(),
        nn.Linear(84, 10),
    )
    for layer in (*features, *head):
        if hasattr(layer, "weight"):  # Glorot & Bengio (2010): a tanh must start in its steep middle
            nn.init.xavier_uniform_(layer.weight, gain=nn.init.calculate_gain("tanh"))
            nn.init.zeros_(layer.bias)
    return nn.Sequential(features, head)


def vgg(size: int, dropout: float) -> Any:
    """VGG: two 3 x 3 layers see as far as one 5 x 5, with fewer weights and one bend more."""
    from torch import nn

    def pair(channels_in: int, channels_out: int) -> list[Any]:
        layers: list[Any] = []
        for n_in in (channels_in, channels_out):
            layers += [
                nn.Conv2d(n_in, channels_out, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels_out),
                nn.ReLU(),
            ]
        return layers

    side = size // 4
    return nn.Sequential(
        nn.Sequential(*pair(1, 16), nn.MaxPool2d(2), *pair(16, 32)),
        nn.Sequential(
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * side * side, 64),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(64, 10),
        ),
    )


def residual_block(channels_in: int, channels_out: int, stride: int) -> Any:
    """y = ReLU(F(x) + x): the block learns what to change, and the shortcut lets the gradient through."""
    from torch import nn

    class ResidualBlock(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.change = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(channels_out),
                nn.ReLU(),
                nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels_out),
            )
            same = stride == 1 and channels_in == channels_out
            self.shortcut = (
                nn.Identity() if same else nn.Conv2d(channels_in, channels_out, 1, stride=stride, bias=False)
            )

        def forward(self, x: Any) -> Any:
            return nn.functional.relu(self.change(x) + self.shortcut(x))

    return ResidualBlock()


def resnet(size: int, dropout: float) -> Any:
    """ResNet: a first layer, then residual blocks; each map's mean goes to one linear layer."""
    from torch import nn

    first_stride = 2 if size >= 28 else 1
    features = nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=first_stride, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        residual_block(16, 16, 1),
        residual_block(16, 32, 2),
        residual_block(32, 32, 1),
    )
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(32, 10))
    return nn.Sequential(features, head)


def build(architecture: str, size: int, dropout: float) -> Any:
    """The network of that name, with fresh weights from PyTorch's generator."""
    return {"simple": simple_cnn, "lenet": lenet, "vgg": vgg, "resnet": resnet}[architecture](size, dropout)


def shifted_and_turned(images: Any, generator: Any) -> Any:
    """Each image moved by up to a fourteenth of its side and turned by up to 10 degrees."""
    import torch

    n = len(images)
    angle = (torch.rand(n, generator=generator) * 2 - 1) * math.radians(10)
    shift = (torch.rand(n, 2, generator=generator) * 2 - 1) / 7  # the side is 2 long in these coordinates
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)
    grid = torch.nn.functional.affine_grid(turn.to(images.device), list(images.shape), align_corners=False)
    return torch.nn.functional.grid_sample(images, grid, align_corners=False)


def train(
    model: Any,
    images: Any,
    labels: Any,
    optimizer: str,
    learning_rate: float,
    epochs: int,
    batch_size: int,
    augment: bool,
    seed: int,
) -> Iterator[tuple[int, float, float, float]]:
    """Minibatch training; yields (epoch, share of it done, mean loss, accuracy) as it goes.

    Images are (n, 1, s, s), labels (n,).

    All images stay in one tensor, so a batch is a slice of it. The step size falls along half a
    cosine from `learning_rate` to 0. Loss and accuracy are those of the epoch's batches so far, while the
    weights were moving.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    if optimizer == "adam":
        rule: Any = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)
    else:
        rule = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=0.9)
    n, step = len(images), 0
    total = epochs * math.ceil(n / batch_size)
    for epoch in range(1, epochs + 1):
        model.train()
        order = torch.randperm(n, generator=generator).to(images.device)
        shuffled, answers = (
            images[order],
            labels[order],
        )  # one indexing operation per epoch, not one per image
        loss_sum, right = torch.zeros(()), torch.zeros(())
        for start in range(0, n, batch_size):
            x, y = shuffled[start : start + batch_size], answers[start : start + batch_size]
            if augment:
                x = shifted_and_turned(x, generator)
            for group in rule.param_groups:
                group["lr"] = learning_rate * (1 + math.cos(math.pi * step / total)) / 2
            scores = model(x)  # (batch, 10)
            loss = torch.nn.functional.cross_entropy(scores, y)
            rule.zero_grad()
            loss.backward()
            rule.step()
            step += 1
            loss_sum += loss.detach().cpu() * len(y)
            right += (scores.detach().argmax(1) == y).sum().cpu()
            seen = start + len(y)
            if step % 10 == 0 or seen == n:
                yield epoch, seen / n, float(loss_sum) / seen, float(right) / seen


def predict(model: Any, images: Any, batch_size: int = 1024) -> Any:
    """Scores (n, 10), with dropout off and without keeping what a way back would need."""
    import torch

    model.eval()
    with torch.no_grad():
        return torch.cat([model(images[i : i + batch_size]) for i in range(0, len(images), batch_size)])


def grad_cam(model: Any, images: Any, classes: Any) -> Any:
    """Where the network looks when it scores `classes` (n,): maps (n, h, w), 0 or more.

    A (n, C, h, w) are the last feature maps. The weight of map c is the mean over the picture of how much the
    score changes with it (equation 1); the heat is what is positive of the weighted sum (equation 2).
    """
    import torch

    model.eval()
    features, head = model
    A = features(images).detach().requires_grad_()
    scores = head(A).gather(1, classes[:, None])  # (n, 1): each image's score for its class
    (dA,) = torch.autograd.grad(scores.sum(), A)
    weights = dA.mean(dim=(2, 3), keepdim=True)  # (n, C, 1, 1)
    return torch.relu((weights * A).sum(dim=1)).detach()
