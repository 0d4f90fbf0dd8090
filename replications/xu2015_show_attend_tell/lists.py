"""Our own pictures: coloured shapes on nine places, listed in the order of their colours.

The vector of a whole picture adds up what stands there: it says which colours and which shapes there are, hardly which
colour is whose. Who looks at the red thing alone reads its shape and size off. And of each word we know the place that
it speaks of.
"""

import hashlib
import random
from collections.abc import Sequence

import numpy as np
from PIL import Image

from common.data.pictures import scenes
from common.data.pictures.captions import CaptionSet, Split
from common.data.pictures.scenes import Scene, Thing
from common.training.provenance import sha256_json

NAME, GRID, THINGS = "lists", 3, 3
PICTURES = {"train": 1000, "valid": 150, "test": 200}
CAPTIONS = 3  # of every picture
MENTION_SIZE = 0.3  # probability


def draw_scene(draw: random.Random) -> Scene:
    """Things of different colours on different places, in the order of their colours."""
    colours = sorted(draw.sample(range(len(scenes.COLOURS)), THINGS))
    return tuple(
        Thing(
            draw.choice(list(scenes.RADII)),
            list(scenes.COLOURS)[colour],
            draw.choice(scenes.SHAPES),
            *divmod(place, GRID),
        )
        for colour, place in zip(colours, draw.sample(range(GRID**2), THINGS), strict=True)
    )


def caption(draw: random.Random, scene: Scene) -> tuple[str, ...]:
    said = [([thing.size] if draw.random() < MENTION_SIZE else []) + [thing.colour, thing.shape] for thing in scene]
    return tuple(" and ".join(map(" ".join, said)).split())


def places(words: Sequence[str], scene: Scene) -> list[int]:
    """The place that each word speaks of, by the colour in its phrase; -1 for ``and``, and what is not there."""
    where = {thing.colour: thing.row * GRID + thing.column for thing in scene}
    found, phrase = [], 0
    for phrase in " ".join(words).split(" and "):
        place = next((where[word] for word in phrase.split() if word in where), -1)
        found += [*[place] * len(phrase.split()), -1]
    return found[: len(words)]


def is_true(words: Sequence[str], scene: Scene) -> bool:
    """Whether every thing is named, rightly and in order."""
    phrases = [phrase.split() for phrase in " ".join(words).split(" and ")]
    return len(phrases) == len(scene) and all(
        phrase in ([thing.colour, thing.shape], [thing.size, thing.colour, thing.shape])
        for phrase, thing in zip(phrases, scene, strict=True)
    )


def load() -> CaptionSet:
    """The set; the same on every machine."""
    splits, content = {}, {}
    for split, count in PICTURES.items():
        draw = random.Random(f"{NAME} {split}")
        drawn = tuple(draw_scene(draw) for _ in range(count))
        noise = np.random.default_rng(draw.getrandbits(64))
        pictures = np.stack([scenes.picture(scene, noise, GRID) for scene in drawn])
        written = tuple(tuple(caption(draw, scene) for _ in range(CAPTIONS)) for scene in drawn)
        names = tuple(f"{split}-{i}" for i in range(count))
        splits[split] = Split(
            names, lambda i, pictures=pictures: Image.fromarray(pictures[i].transpose(1, 2, 0)), written, drawn
        )
        content[split] = hashlib.sha256(pictures.tobytes()).hexdigest()
    captions = {split: part.captions for split, part in splits.items()}
    return CaptionSet(NAME, **splits, fingerprint=sha256_json([content, captions]), info={"pictures": content})
