"""Picture files as square arrays of bytes, whatever their mode and shape were."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from common.errors import UserError


def open_picture(path: Path) -> Image.Image:
    """A picture file in RGB: grey is spread over the three channels, what is transparent becomes white.

    Raises:
        UserError: no such file, not a picture, or one that breaks off.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                picture.load()
                return to_rgb(picture)
    except UnidentifiedImageError:
        raise UserError(f"{path}: not a picture; give a JPEG, PNG, GIF or BMP file") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(f"{path}: too many pixels to be a photograph; scale it down") from None
    except FileNotFoundError:
        raise UserError(f"{path}: no such picture; check the path") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # Pillow's answers to a damaged file
        raise UserError(f"{path}: the picture cannot be read ({error}); it is damaged or cut off: "
                        "get it again or leave it out") from None


def to_rgb(picture: Image.Image) -> Image.Image:
    """The picture in RGB, laid on white where it has an alpha channel or a transparent colour."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    if picture.mode.startswith("I;16"):  # 16 bits of grey, which convert() would cut off at 255
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    return picture.convert("RGB")


def to_square(picture: Image.Image, size: int) -> np.ndarray:
    """The whole picture scaled to a square, uint8 ``[3, size, size]``; its proportions are lost, nothing is cut off."""
    if picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(picture).transpose(2, 0, 1).copy()
