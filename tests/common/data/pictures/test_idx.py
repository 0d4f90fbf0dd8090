import struct

import numpy as np
import pytest

from common.data.pictures import digits, idx
from common.errors import UserError


def written(path, values, axes=None):
    values = np.asarray(values, np.uint8)
    path.write_bytes(
        bytes([0, 0, 8, axes or values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()
    )
    return path


@pytest.fixture
def images(tmp_path):
    return written(tmp_path / "images", np.arange(24).reshape(2, 3, 4))


def test_what_is_written_is_read(images, tmp_path):
    pictures, labels = idx.labelled(images, written(tmp_path / "labels", [7, 0]))
    assert np.array_equal(pictures, np.arange(24).reshape(2, 3, 4)) and labels.tolist() == [7, 0]


@pytest.mark.parametrize("cut", [0, 3, 4, 15, 16, 39])
def test_a_file_that_is_cut_off_is_refused_wherever_that_is(images, cut):
    images.write_bytes(images.read_bytes()[:cut])
    with pytest.raises(UserError, match="images: (not an IDX file of bytes; get it again|.* values instead of 24)"):
        idx.read(images, 3)


def test_foreign_files_are_refused(images, tmp_path):
    other = tmp_path / "other"
    for content, what in ((b"\x1f\x8b\x08" + bytes(30), "unpack it with gunzip"), (b"GIF89a" + bytes(30), "not an IDX"),
                          (images.read_bytes() + b"\0", "25 values instead of 24"),
                          (b"\0\0\x0d\x03" + bytes(30), "not an IDX file of bytes"),
                          (b"\0\0\x08\x03" + b"\xff" * 12 + bytes(24), "24 values instead of")):  # fmt: skip
        other.write_bytes(content)
        with pytest.raises(UserError, match=what):
            idx.read(other, 3)
    with pytest.raises(UserError, match="3 axes instead of 1; are images and labels mixed up"):
        idx.read(images, 1)
    with pytest.raises(UserError, match="nowhere: cannot be read"):
        idx.read(tmp_path / "nowhere", 1)


def test_labels_must_fit_the_images(images, tmp_path):
    with pytest.raises(UserError, match="3 labels for 2 images of images"):
        idx.labelled(images, written(tmp_path / "labels", [1, 2, 3]))
    with pytest.raises(UserError, match="label 1 is 10; the classes are 0 to 9"):
        idx.labelled(images, written(tmp_path / "labels", [9, 10]))


def test_drawn_digits_are_the_font_a_little_displaced():
    images, labels = digits.drawn(np.random.default_rng(1), 500, 9)
    assert images.dtype == np.float32 and 0 <= images.min() and images.max() <= 1
    means = np.stack([images[labels == digit].mean(0) for digit in range(10)])[:, 1:8, 2:7]
    overlap = np.einsum("dyx,eyx->de", means - means.mean(0), digits.BITMAPS - digits.BITMAPS.mean(0))
    assert overlap.argmax(1).tolist() == list(range(10))
    assert np.array_equal(images, digits.drawn(np.random.default_rng(1), 500, 9)[0])
    assert images[labels == 3].std(0).max() > 0.1
