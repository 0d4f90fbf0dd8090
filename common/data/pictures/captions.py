"""Captioned pictures by name: the catalogue's sets, the suite's own scenes, and yours.

A set is three splits; a split is pictures, opened one by one when they are needed, and the captions of each.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from common.data import fetch
from common.data.pictures import scenes
from common.data.pictures.files import open_picture, require_file, require_picture
from common.data.pictures.scenes import Scene
from common.data.text.sentences import read_lines
from common.errors import Faults, UserError, unknown
from common.text import letters

Captions = tuple[tuple[str, ...], ...]  # of one picture, each a tuple of words

SCENES = {"train": 1500, "valid": 200, "test": 300}  # pictures, of each of the suite's own sets
CAPTIONS = 5  # of every scene, as in Flickr8k
FLICKR8K_SPLITS = {
    "train": "Flickr_8k.trainImages.txt",
    "valid": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}
FLICKR8K_CAPTIONS = "Flickr8k.token.txt"
NO_PICTURE = "2258277193_586949ec62.jpg.1"  # Flickr8k has a caption under this name, but no such picture
HELD_OUT = 1000  # pictures each for validation and test, of Flickr30k
COCO_DEV = 4000  # pictures that the paper sets aside of COCO's validation set, here each for validation and test


@dataclass(frozen=True)
class Split:
    """N pictures: their names, ``open(i)`` for the i-th in RGB, and the captions of each."""

    names: tuple[str, ...]
    open: Callable[[int], Image.Image]
    captions: tuple[Captions, ...]
    scenes: tuple[Scene, ...] = ()  # what was drawn, where we drew it

    def __len__(self) -> int:
        return len(self.names)

    def first(self, count: int | None) -> "Split":
        """The first so many pictures; all for None."""
        return Split(self.names[:count], self.open, self.captions[:count], self.scenes[:count])

    def sentences(self) -> Iterator[tuple[str, ...]]:
        """Every caption, picture after picture."""
        for captions in self.captions:
            yield from captions


@dataclass(frozen=True)
class CaptionSet:
    """``fingerprint`` is a SHA-256 over names, captions and pictures: the same on every machine and for every path."""

    name: str
    train: Split
    valid: Split
    test: Split
    fingerprint: str
    info: dict = field(default_factory=dict)

    @property
    def note(self) -> str:
        """What to know of pictures of one's own before they are trained on; nothing of others."""
        counts = ", ".join(f"{len(part)} ({sum(map(len, part.captions))})" for part in self.splits.values())
        return (
            f"{self.name}: {counts} pictures (captions) to train, validate and test"
            if self.name.startswith("captions:")
            else ""
        )

    @property
    def splits(self) -> dict[str, Split]:
        return {"train": self.train, "valid": self.valid, "test": self.test}


def tokenise(caption: str) -> tuple[str, ...]:
    """The words in lower case, punctuation left out: see :func:`common.text.letters.words`."""
    return tuple(letters.words(caption.lower()))


def load(name: str, *, seed: int = 1) -> CaptionSet:
    """The set ``name``: ``flickr8k``, ``flickr30k``, ``coco``, ``scenes``, ``scenes-other``, or ``captions:MANIFEST``.

    A manifest is a UTF-8 file of lines "path of a picture, tab, caption"; paths are relative to its folder, a picture
    may have several lines. Its pictures are cut into blocks of 80, 10 and 10 %.

    Raises:
        UserError: an unknown name, a set that is not here, a caption file that is not as it should be or names a
            picture that is not there (with file and line), too few pictures.
    """
    if name.startswith("captions:"):
        return _own(name, Path(name.removeprefix("captions:")).expanduser())
    if name in scenes.WORDINGS:
        return _scenes(name, seed)
    readers = {"flickr8k": _flickr8k, "flickr30k": _flickr30k, "coco": _coco}
    if name not in readers:
        raise unknown("caption set", name, [*readers, *scenes.WORDINGS, "captions:manifest.tsv"])
    return readers[name](fetch.fetch(name))  # in data/, or in a mirror that is a folder


# --- the suite's own


def _scenes(name: str, seed: int) -> CaptionSet:
    drawn = {
        split: scenes.generate(name, count, CAPTIONS, 10 * seed + number)
        for number, (split, count) in enumerate(SCENES.items())
    }
    splits = {
        split: Split(
            tuple(f"{split}-{i}" for i in range(len(made.scenes))), opener(made.pictures), made.captions, made.scenes
        )
        for split, made in drawn.items()
    }
    content = {split: hashlib.sha256(made.pictures.tobytes()).hexdigest() for split, made in drawn.items()}
    return caption_set(name, splits, content)


def opener(pictures: np.ndarray) -> Callable[[int], Image.Image]:
    """What opens pictures uint8 ``[N, 3, S, S]``."""
    return lambda i: Image.fromarray(pictures[i].transpose(1, 2, 0))


# --- real ones


def _flickr8k(place: Path) -> CaptionSet:
    """The official splits: 6,000, 1,000 and 1,000 pictures with five captions each (Hodosh et al. 2013)."""
    where = place / FLICKR8K_CAPTIONS
    captions = _read_tokens(where)
    captions.pop(NO_PICTURE, None)
    splits = {}
    for split, file in FLICKR8K_SPLITS.items():
        named = [(parts[0].strip(), line) for line, parts in _rows(place / file)]
        for name, line in named:
            if name not in captions:
                raise UserError(f"{place / file}:{line}: {where.name} has no caption of {name}; get both files again")
        splits[split] = _files(place / "images", [name for name, _ in named], captions, f"{where}")
    return caption_set("flickr8k", splits, _checksums(splits, place / "images"))


def _flickr30k(place: Path) -> CaptionSet:
    """Read by torchvision. There are no official splits: 1,000 each are held out, by SHA-256 of the names."""
    from torchvision.datasets import Flickr30k

    data = Flickr30k(str(place / "images"), str(place / "results_20130124.token"))
    names = sorted(data.ids, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    captions = {name: [tokenise(text) for text in data.annotations[name]] for name in names}
    ends = {"test": names[:HELD_OUT], "valid": names[HELD_OUT : 2 * HELD_OUT], "train": names[2 * HELD_OUT :]}
    splits = {
        split: _files(place / "images", ends[split], captions, "results_20130124.token")
        for split in ("train", "valid", "test")
    }
    return caption_set("flickr30k", splits, _sizes(splits, place / "images"))


def _coco(place: Path) -> CaptionSet:
    """Read by torchvision: COCO 2014. Validation and test: 4,000 pictures each of its validation set, by ids."""
    from torchvision.datasets import CocoCaptions

    splits = {}
    for part, cuts in (
        ("train2014", {"train": slice(None)}),
        ("val2014", {"valid": slice(COCO_DEV), "test": slice(COCO_DEV, 2 * COCO_DEV)}),
    ):
        data = CocoCaptions(str(place / part), str(place / "annotations" / f"captions_{part}.json"))
        for split, cut in cuts.items():
            chosen = data.ids[cut]
            names = [data.coco.loadImgs(one)[0]["file_name"] for one in chosen]
            captions = {
                name: [tokenise(text) for text in data._load_target(one)]
                for name, one in zip(names, chosen, strict=True)
            }
            splits[split] = _files(place / part, names, captions, f"captions_{part}.json")
    return caption_set("coco", splits, _sizes(splits, place))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, what stands between the tabs) of every line that is not blank."""
    for number, line in read_lines(path):
        if line.strip():
            yield number, line.split("\t")


def _read_tokens(path: Path) -> dict[str, list[tuple[str, ...]]]:
    """Captions of each picture from lines "name#number, tab, caption"."""
    captions: dict[str, list[tuple[str, ...]]] = {}
    for line, parts in _rows(path):
        name, mark, _ = parts[0].partition("#")
        if len(parts) != 2 or not mark:
            raise UserError(f"{path}:{line}: not 'picture#number, tab, caption'; get the file again")
        captions.setdefault(name, []).append(tokenise(parts[1]))
    return captions


# --- yours


def _own(name: str, path: Path) -> CaptionSet:
    captions: dict[str, list[tuple[str, ...]]] = {}
    faults = Faults()
    for line, parts in _rows(path):
        with faults:
            words = tokenise(parts[1]) if len(parts) == 2 else ()
            if not words:
                raise UserError(f"{path}:{line}: not 'path of a picture, tab, caption'")
            if parts[0] not in captions:
                require_picture(path.parent / parts[0], f"{path}:{line}")
            captions.setdefault(parts[0], []).append(words)
    faults.require_none()
    names = list(captions)
    if len(names) < 10:
        raise UserError(f"{path}: {len(names)} pictures; it needs 10 to be cut into 80, 10 and 10 %")
    held = len(names) // 10
    ends = {"train": names[: -2 * held], "valid": names[-2 * held : -held], "test": names[-held:]}
    splits = {split: _files(path.parent, part, captions, f"{path}") for split, part in ends.items()}
    return caption_set(name, splits, _checksums(splits, path.parent))


# --- parts


def _files(place: Path, names: Sequence[str], captions: dict, where: str) -> Split:
    """Pictures that are files; ``where`` is what to blame for those that are missing."""
    faults = Faults()
    for name in names:
        with faults:
            require_file(place / name, where)
    faults.require_none()
    return Split(tuple(names), lambda i: open_picture(place / names[i]), tuple(tuple(captions[n]) for n in names))


def _checksums(splits: dict[str, Split], place: Path) -> dict[str, str]:
    """One SHA-256 per split over the bytes of its pictures."""
    return {split: _digest(fetch.sha256(place / name) for name in part.names) for split, part in splits.items()}


def _sizes(splits: dict[str, Split], place: Path) -> dict[str, str]:
    """As :func:`_checksums` where reading every picture takes minutes: sizes for contents."""
    size = {path.name: path.stat().st_size for path in place.rglob("*.jpg")}
    return {split: _digest(f"{name} {size[name]}" for name in part.names) for split, part in splits.items()}


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() + b"\n")
    return digest.hexdigest()


def caption_set(name: str, splits: dict[str, Split], content: dict[str, str]) -> CaptionSet:
    """The set of these splits; ``content`` is a checksum over the pictures of each."""
    written = {split: _digest(" ".join(words) for words in part.sentences()) for split, part in splits.items()}
    fingerprint = _digest([json.dumps({"pictures": content, "captions": written}, sort_keys=True)])
    return CaptionSet(name, **splits, fingerprint=fingerprint, info={"pictures": content})
