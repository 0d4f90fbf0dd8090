"""Picture files as square arrays of bytes, whatever their mode and shape were."""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from common.errors import UserError


def open_picture(path: Path) -> Image.Image:
    """A picture file in RGB, upright: grey is spread over the three channels, what is transparent becomes white.

    Raises:
        UserError: no such file, not a picture, or one that breaks off.
    """
    with _opened(path) as picture:
        picture.load()
        return to_rgb(ImageOps.exif_transpose(picture))


def require_file(path: Path, where: str) -> None:
    """A UserError that blames ``where``, the file (and line) that names a picture, if that is not there."""
    if not path.is_file():
        raise UserError(f"{where}: names the picture {path}, which is not there; add it or drop it there")


def require_picture(path: Path, where: str) -> None:
    """As :func:`require_file`, also for a file that does not begin as a picture; its dots are not read."""
    require_file(path, where)
    try:
        with _opened(path):
            pass
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                yield picture
    except UnidentifiedImageError:
        raise UserError(
            f"{path}: not a picture of dots; give a JPEG, PNG, GIF or BMP file, and draw an SVG as one"
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(f"{path}: too many pixels to be a photograph; scale it down") from None
    except FileNotFoundError:
        raise UserError(f"{path}: no such picture; check the path") from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:  # Pillow's answers to a damaged file
        raise UserError(
            f"{path}: the picture cannot be read ({error}); it is damaged or cut off: get it again or leave it out"
        ) from None


def to_rgb(picture: Image.Image) -> Image.Image:
    """The picture in RGB, laid on white where it has an alpha channel or a transparent colour."""
    if picture.mode == "F" or picture.mode.startswith("I"):  # convert() would cut them off at 255
        return _from_deep_grey(picture)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")


def _from_deep_grey(picture: Image.Image) -> Image.Image:
    """Grey of more than 8 bits: 1, 255 or 65,535 is white, the least of them that holds all; or the brightest dot.

    Raises:
        ValueError: a dot that is not a number.
    """
    grey = np.asarray(picture).astype(np.float64)
    if not np.isfinite(grey).all():
        raise ValueError("dots that are not numbers")
    whites = {"F": (1, 255, 65_535), "I": (65_535,)}[picture.mode[0]]
    black = min(0.0, grey.min())
    white = next((white for white in whites if grey.max() <= white), grey.max())
    shown = np.round(255 * (grey - black) / (white - black)).astype(np.uint8)
    if "transparency" in picture.info:
        shown[grey == picture.info["transparency"]] = 255
    return Image.fromarray(shown).convert("RGB")


def to_square(picture: Image.Image, size: int) -> np.ndarray:
    """The whole picture scaled to a square, uint8 ``[3, size, size]``; its proportions are lost, nothing is cut off."""
    if picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(picture).transpose(2, 0, 1).copy()
