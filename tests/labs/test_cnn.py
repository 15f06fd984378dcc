"""The cnn lab against the papers' numbers, loops written out by hand, closed forms and files made on the
spot.
"""

import gzip
import struct

import numpy as np
import pytest

from labs import cnn, mnist
from labs.base import Context
from labs.checks.cnn import cam_difference
from labs.cnn import LAB, CnnParams, fit
from labs.cores.cnn import build, grad_cam, predict, shifted_and_turned, train
from labs.errors import BadParameterError, LabCancelled
from labs.mnist import read_idx


def idx_bytes(array):
    return (
        struct.pack(">HBB", 0, 0x08, array.ndim)
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.astype(np.uint8).tobytes()
    )


def write_mnist(folder, parts=("train", "t10k"), n=200, zipped=True):
    """Files in MNIST's format: a bright bar whose row is the label, which any network can learn."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for part in parts:
        labels = np.arange(n) % 10
        images = rng.integers(0, 30, (n, 28, 28))
        images[np.arange(n), 4 + 2 * labels] = 255
        for stem, array in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            path = folder / (f"{stem}.gz" if zipped else stem)
            path.write_bytes(gzip.compress(idx_bytes(array)) if zipped else idx_bytes(array))
    return folder


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No MNIST anywhere, and no network."""
    monkeypatch.delenv("LABS_DATA", raising=False)
    monkeypatch.setattr(mnist, "cache_folder", lambda: tmp_path / "cache")

    def refuse(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr(mnist.urllib.request, "urlopen", refuse)
    return tmp_path


@pytest.fixture(scope="module")
def default_run():
    return LAB.execute({})


def names(result):
    return {finding.name for finding in result.findings}


# ------------------------------------------------------------------------------------------- the networks


def test_the_defaults_read_98_percent_of_the_unseen_digits(default_run):
    assert default_run.metrics["accuracy_test"] >= 0.98
    assert default_run.metrics["accuracy_train"] >= 0.98


def test_lenet_has_the_parameters_of_the_paper():
    layers = [m for m in build("lenet", 28, 0.0).modules() if hasattr(m, "weight")]
    counts = [sum(w.numel() for w in layer.parameters()) for layer in layers]
    assert counts == [156, 2416, 48_120, 10_164, 850]  # C3 sees all of S2 here; C1, C5 and F6 are LeCun's
    assert sum(counts) == 61_706


def test_the_simple_network_has_the_parameters_counted_by_hand(default_run):
    # 16 filters of 9 weights, 32 of 16 x 9, a scale and a shift per map, 512 inputs and a bias to 10 digits
    assert default_run.metrics["parameters"] == 16 * 9 + 32 + 32 * 16 * 9 + 64 + (512 * 10 + 10)


@pytest.mark.parametrize("architecture", ["simple", "lenet", "vgg", "resnet"])
@pytest.mark.parametrize("size", [8, 28])
def test_every_architecture_gives_ten_scores_and_a_map_for_every_size(architecture, size):
    import torch

    model = build(architecture, size, 0.1)
    images = torch.rand(3, 1, size, size)
    assert predict(model, images).shape == (3, 10)
    heat = grad_cam(model, images, torch.tensor([1, 2, 3]))
    assert heat.shape[0] == 3
    assert float(heat.min()) >= 0


def test_grad_cam_is_cam_where_the_head_is_a_mean_and_one_linear_layer():
    assert cam_difference() < 1e-6


def test_grad_cam_weights_are_the_slopes_of_the_score():
    """Equation 1 by finite differences: lift a whole feature map a little, and see what the score does."""
    import torch

    torch.manual_seed(0)
    model = build("lenet", 8, 0.0).double().eval()
    image = torch.rand(1, 1, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        A = model[0](image)
        h = 1e-5
        slopes = []
        for c in range(A.shape[1]):
            lift = torch.zeros_like(A)
            lift[:, c] = h
            slopes.append((model[1](A + lift)[0, 4] - model[1](A - lift)[0, 4]) / (2 * h))
        weights = torch.stack(slopes) / A.shape[2] / A.shape[3]
        wanted = torch.relu((weights[None, :, None, None] * A).sum(dim=1))
    assert torch.allclose(grad_cam(model, image, torch.tensor([4])), wanted, atol=1e-8)


def test_training_without_augmentation_does_plain_adam_steps():
    """Two steps on one batch equal PyTorch's own loop with the cosine written out."""
    import torch

    torch.manual_seed(3)
    images, labels = torch.rand(16, 1, 8, 8), torch.arange(16) % 10
    ours, theirs = build("simple", 8, 0.0), build("simple", 8, 0.0)
    theirs.load_state_dict(ours.state_dict())
    for _ in train(ours, images, labels, "adam", 0.01, 2, 16, False, 5):
        pass
    rule = torch.optim.Adam(theirs.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(rule, T_max=2)
    order = torch.Generator().manual_seed(5)
    theirs.train()
    for _ in range(2):
        rows = torch.randperm(16, generator=order)
        rule.zero_grad()
        torch.nn.functional.cross_entropy(theirs(images[rows]), labels[rows]).backward()
        rule.step()
        schedule.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(mine, other, atol=1e-5)


def test_augmentation_moves_pictures_and_keeps_their_ink():
    import torch

    picture = torch.zeros(50, 1, 28, 28)
    picture[:, :, 10:18, 10:18] = 1
    moved = shifted_and_turned(picture, torch.Generator().manual_seed(0))
    assert not torch.allclose(moved, picture)
    assert moved.sum(dim=(1, 2, 3)).numpy() == pytest.approx(64, rel=0.05)


# ------------------------------------------------------------------------------------------- the run


def test_the_same_seed_gives_the_same_metrics():
    values = {"epochs": 1, "augment": True}
    assert LAB.execute(values).metrics == LAB.execute(values).metrics


def test_every_chart_reads_series_that_exist(default_run):
    from labs.charts import alt_text, chart_keys

    assert {chart.name for chart in default_run.charts} >= {"learning", "grad_cam", "inside", "confusion"}
    for chart in default_run.charts:
        assert chart_keys(chart) <= set(default_run.series)
        assert alt_text(chart, default_run.series)


def test_the_confusion_matrix_holds_the_accuracy_and_the_mistakes(default_run):
    counts = default_run.series["confusion"]
    assert np.trace(counts) / counts.sum() == default_run.metrics["accuracy_test"]
    wrong = int(counts.sum() - np.trace(counts))
    assert any(f"misreads {wrong} of 450" in note for note in default_run.notes)
    assert len(default_run.series.get("mistakes", [])) == min(wrong, 8)


def test_shown_pictures_are_the_original_pixels(default_run):
    looked = default_run.series["looked"]
    assert looked.min() == pytest.approx(0, abs=1e-6)
    assert looked.max() == pytest.approx(1, abs=1e-6)


def test_steps_that_are_far_too_large_are_found():
    result = LAB.execute({"optimizer": "sgd", "learning_rate": 1, "epochs": 1, "architecture": "lenet"})
    assert names(result) & {"divergence", "no_learning"}
    assert all(np.isfinite(value) for value in result.metrics.values())


def test_a_training_too_short_is_found():
    assert "underfitting" in names(LAB.execute({"epochs": 1, "learning_rate": 0.0003}))


def test_a_cancelled_run_stops_within_ten_steps():
    calls = []
    with pytest.raises(LabCancelled):
        fit(CnnParams(), Context(lambda *args: calls.append(args), lambda: len(calls) >= 3))
    assert len(calls) == 3


def test_a_training_of_hours_is_refused_with_what_fits():
    with pytest.raises(BadParameterError, match="over the limit"):
        LAB.validate({"dataset": "mnist", "architecture": "vgg", "epochs": 100})


def test_the_reference_checks_without_training_hold(monkeypatch):
    class Fitted:
        accuracy_test = (0.99,)

    monkeypatch.setattr(cnn, "fit", lambda p, context: Fitted())
    assert [check.name for check in LAB.verify() if not check.ok] == []


# ------------------------------------------------------------------------------------------- MNIST


def test_an_idx_file_is_read_plain_and_zipped(tmp_path):
    array = np.arange(24).reshape(2, 3, 4)
    (tmp_path / "a").write_bytes(idx_bytes(array))
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx_bytes(array)))
    assert np.array_equal(read_idx(tmp_path / "a"), array)
    assert np.array_equal(read_idx(tmp_path / "a.gz"), array)


def test_numbers_of_two_bytes_are_read_big_end_first(tmp_path):
    (tmp_path / "b").write_bytes(bytes([0, 0, 0x0B, 1, 0, 0, 0, 2, 1, 0, 255, 255]))
    assert read_idx(tmp_path / "b").tolist() == [256, -1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not an IDX file"),
        (b"<html>sign in</html>", "not an IDX file"),
        (bytes([0, 0, 8, 3, 0, 0]), "ends inside its head"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 9, 1, 2]), "has 10 bytes"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12, "promises"),
    ],
)
def test_a_broken_idx_file_says_what_is_wrong(tmp_path, content, said):
    (tmp_path / "c").write_bytes(content)
    with pytest.raises(ValueError, match=said):
        read_idx(tmp_path / "c")


@pytest.mark.parametrize("place", [".", "mnist", "MNIST/raw"])
def test_mnist_is_found_where_labs_data_points(nowhere, monkeypatch, place):
    write_mnist(nowhere / "data" / place, zipped=place == "mnist")
    monkeypatch.setenv("LABS_DATA", str(nowhere / "data"))
    result = LAB.execute({"dataset": "mnist", "epochs": 3, "learning_rate": 0.01, "batch_size": 16})
    assert result.metrics["accuracy_test"] > 0.9
    assert result.series["confusion"].sum() == 200


def test_mnist_in_the_cache_folder_is_found_without_any_setting(nowhere):
    write_mnist(nowhere / "cache")
    found = mnist.load(0, lambda *_: None)
    assert (len(found.train_images), len(found.test_images), found.split) == (200, 200, False)


def test_test_images_alone_are_divided_and_the_notes_say_so(nowhere, monkeypatch):
    write_mnist(nowhere / "data", parts=("t10k",))
    monkeypatch.setenv("LABS_DATA", str(nowhere / "data"))
    result = LAB.execute({"dataset": "mnist", "epochs": 1})
    assert "Only the 200 test images of MNIST (t10k) were found" in result.notes[0]
    assert "trained on 160 of them and was tested on the other 40" in result.notes[0]
    assert result.series["confusion"].sum() == 40


def test_without_files_and_network_one_sentence_says_how_to_get_mnist(nowhere):
    with pytest.raises(BadParameterError) as caught:
        LAB.execute({"dataset": "mnist", "epochs": 1})
    for part in (
        "could not be downloaded (no network)",
        "t10k-images-idx3-ubyte",
        "LABS_DATA",
        "dataset=digits",
    ):
        assert part in str(caught.value)
    assert not any(path.is_file() for path in nowhere.rglob("*"))


def test_a_download_that_is_not_the_published_file_is_refused_and_leaves_nothing(nowhere, monkeypatch):
    import io

    class Answer(io.BytesIO):
        headers = {"Content-Length": "5"}  # noqa: RUF012

    monkeypatch.setattr(mnist.urllib.request, "urlopen", lambda *args, **kwargs: Answer(b"wrong"))
    with pytest.raises(BadParameterError, match="not the published one"):
        mnist.load(0, lambda *_: None)
    assert not any(path.is_file() for path in nowhere.rglob("*"))


def test_a_download_of_the_right_files_is_kept_and_used(nowhere, monkeypatch):
    import hashlib
    import io

    source = write_mnist(nowhere / "web")
    asked = []

    class Answer(io.BytesIO):
        headers = {}  # noqa: RUF012

    def answer(url, timeout):
        asked.append(url.rsplit("/", 1)[1])
        return Answer((source / asked[-1]).read_bytes())

    sums = {stem: hashlib.sha256((source / f"{stem}.gz").read_bytes()).hexdigest() for stem in mnist.FILES}
    monkeypatch.setattr(mnist, "FILES", sums)
    monkeypatch.setattr(mnist.urllib.request, "urlopen", answer)
    assert len(mnist.load(0, lambda *_: None).train_images) == 200
    assert len(asked) == 4
    assert len(mnist.load(0, lambda *_: None).train_images) == 200
    assert len(asked) == 4  # the second time from the folder


def test_a_damaged_file_is_named(nowhere, monkeypatch):
    folder = write_mnist(nowhere / "data")
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8b broken")
    monkeypatch.setenv("LABS_DATA", str(folder))
    with pytest.raises(BadParameterError, match=r"t10k-labels-idx1-ubyte\.gz"):
        LAB.execute({"dataset": "mnist", "epochs": 1})
