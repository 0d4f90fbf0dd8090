"""Picture files of every kind, good and bad."""

import numpy as np
import pytest
from PIL import Image

from common.data.pictures.files import open_picture, to_square
from common.errors import UserError


@pytest.fixture
def photo(tmp_path):
    """A colourful JPEG of 40 x 30."""
    y, x = np.mgrid[:30, :40]
    path = tmp_path / "photo.jpg"
    Image.fromarray(np.stack([6 * x, 8 * y, 255 - 6 * x], 2).astype(np.uint8)).save(path)
    return path


def test_a_picture_becomes_a_square_of_bytes(photo):
    square = to_square(open_picture(photo), 24)
    assert (square.shape, square.dtype) == ((3, 24, 24), np.uint8)
    assert square[0, 12, 22] > square[0, 12, 1] + 100  # redder to the right
    assert square[1, 22, 12] > square[1, 1, 12] + 100  # greener to the bottom


@pytest.mark.parametrize("mode", ["L", "1", "I;16"])
def test_grey_is_spread_over_the_channels(tmp_path, mode):
    grey = Image.fromarray(
        (np.arange(100).reshape(10, 10) * (600 if mode == "I;16" else 2)).astype(
            np.uint16 if mode == "I;16" else np.uint8
        )
    )
    path = tmp_path / "grey.png"
    (grey if mode == "I;16" else grey.convert(mode)).save(path)
    square = to_square(open_picture(path), 10)
    assert (square[0] == square[1]).all() and (square[0] == square[2]).all()
    assert square[0, 7:].mean() > square[0, :3].mean() + 60


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_is_white(tmp_path, mode):
    picture = Image.new("RGBA", (8, 8), (10, 10, 10, 0))
    picture.paste((10, 10, 10, 255), (0, 0, 4, 8))
    picture.convert(mode).save(tmp_path / "alpha.png")
    square = to_square(open_picture(tmp_path / "alpha.png"), 8)
    assert (square[:, :, :4] == 10).all() and (square[:, :, 4:] == 255).all()


def test_a_palette_with_a_transparent_colour(tmp_path):
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([0, 0, 0, 200, 0, 0])
    picture.save(tmp_path / "palette.gif", transparency=1)
    assert (to_square(open_picture(tmp_path / "palette.gif"), 4) == 255).all()


def test_a_photograph_is_upright(tmp_path):
    picture = Image.new("RGB", (40, 20))
    picture.paste((255, 255, 255), (0, 0, 10, 20))  # white at the left
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees to the right
    picture.save(tmp_path / "lies.png", exif=exif)
    found = np.asarray(open_picture(tmp_path / "lies.png"))
    assert found.shape == (40, 20, 3) and found[2].min() > 250 and found[-2].max() < 5


RAMP = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)


@pytest.mark.parametrize(
    "name, dots",
    [
        ("a.png", RAMP),
        ("a.pgm", RAMP.astype(np.int32)),
        ("a.tif", RAMP.astype(np.int32)),
        ("b.tif", RAMP),
        ("c.tif", (RAMP / 65535).astype(np.float32)),
        ("d.tif", (RAMP / 257).astype(np.float32)),
        ("e.tif", RAMP.astype(np.int32) * 30000),
    ],
)
def test_every_depth_shows_the_same_ramp(tmp_path, name, dots):
    if name.endswith(".pgm"):
        (tmp_path / name).write_bytes(b"P5 16 16 65535\n" + RAMP.astype(">u2").tobytes())
    else:
        Image.fromarray(dots).save(tmp_path / name)
    assert np.array_equal(np.asarray(open_picture(tmp_path / name))[..., 0], np.arange(256).reshape(16, 16))


def test_a_transparent_grey_of_16_bits_and_dots_that_are_not_numbers(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.png", transparency=int(RAMP[3, 3]))
    found = np.asarray(open_picture(tmp_path / "a.png"))[..., 0]
    assert found[3, 3] == 255 and found[3, 4] == 52
    Image.fromarray(np.full((2, 2), np.nan, np.float32)).save(tmp_path / "nan.tif")
    with pytest.raises(UserError, match="nan.tif: the picture cannot be read .dots that are not numbers"):
        open_picture(tmp_path / "nan.tif")


def test_a_single_pixel_is_a_picture(tmp_path):
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "one.png")
    square = to_square(open_picture(tmp_path / "one.png"), 6)
    assert (square == np.array([1, 2, 3])[:, None, None]).all()


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_picture_that_breaks_off(photo, tmp_path, format):
    whole = tmp_path / f"whole.{format}"
    Image.open(photo).resize((200, 200)).save(whole, format)
    path = tmp_path / f"cut.{format}"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(UserError, match=f"{path}: the picture cannot be read .*damaged or cut off"):
        open_picture(path)


def test_a_file_that_is_no_picture(tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("not a picture")
    with pytest.raises(UserError, match=f"{path}: not a picture"):
        open_picture(path)
    path.write_bytes(b"")
    with pytest.raises(UserError, match=f"{path}: not a picture"):
        open_picture(path)


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(UserError, match="no such picture"):
        open_picture(tmp_path / "absent.jpg")
    with pytest.raises(UserError, match=f"{tmp_path}: the picture cannot be read"):
        open_picture(tmp_path)


def test_a_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    Image.new("L", (8, 8)).save(tmp_path / "large.png")
    with pytest.raises(UserError, match="too many pixels"):
        open_picture(tmp_path / "large.png")
