"""The cnn lab's reference checks: LeNet's published sizes, a convolution by hand, Grad-CAM's closed form."""

from __future__ import annotations

import numpy as np

from labs.base import Check, Context
from labs.cores.cnn import build, grad_cam


def verify() -> tuple[Check, ...]:
    """LeNet-5's published parameter counts, a convolution by hand, and Grad-CAM where it has a closed
    form.
    """
    import torch

    from labs.cnn import CnnParams, fit

    paper = "LeCun et al. (1998), section II.B"
    layers = [m for m in build("lenet", 28, 0.0).modules() if hasattr(m, "weight")]
    count = {
        name: sum(w.numel() for w in layer.parameters())
        for name, layer in zip(("C1", "C3", "C5", "F6", "out"), layers, strict=True)
    }
    generator = torch.Generator().manual_seed(0)
    image, kernel = (torch.rand(shape, generator=generator) for shape in ((1, 1, 6, 6), (1, 1, 3, 3)))
    by_hand = np.array(
        [
            [float((image[0, 0, i : i + 3, j : j + 3] * kernel[0, 0]).sum()) for j in range(4)]
            for i in range(4)
        ]
    )
    by_torch = torch.nn.functional.conv2d(image, kernel)[0, 0].numpy()
    return (
        Check("parameters of C1", paper, 156, count["C1"], 0),
        Check("parameters of C5", paper, 48_120, count["C5"], 0),
        Check("parameters of F6", paper, 10_164, count["F6"], 0),
        Check(
            "largest difference of a convolution",
            "nine products summed by hand",
            0.0,
            float(np.abs(by_hand - by_torch).max()),
            1e-5,
        ),
        Check(
            "largest difference of Grad-CAM on a ResNet",
            "Zhou et al. (2016), equation 2 (CAM), scaled",
            0.0,
            cam_difference(),
            1e-6,
        ),
        Check(
            "digits read right, defaults",
            "design: at least 98%",
            1.0,
            fit(CnnParams(), Context()).accuracy_test[-1],
            0.02,
        ),
    )


def cam_difference() -> float:
    """Grad-CAM against CAM: under global average pooling and one linear layer the two are equal (Selvaraju,
    section 3.1).
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = build("resnet", 8, 0.0).eval()
        images = torch.rand(5, 1, 8, 8)
    classes = torch.tensor([0, 3, 5, 7, 9])
    with torch.no_grad():
        A = model[0](images)  # (n, C, h, w)
        w = model[1][-1].weight[classes]  # (n, C)
        cam = torch.relu((w[:, :, None, None] * A).sum(dim=1)) / A.shape[2] / A.shape[3]
    return float((grad_cam(model, images, classes) - cam).abs().max())
