"""Our own pictures: coloured shapes on nine places, listed in the order of their colours.

The vector of a whole picture adds up what stands there: it says which colours and which shapes there are, hardly which
colour is whose. Who looks at the red thing alone reads its shape and size off. And of each word we know the place that
it speaks of.
"""

import hashlib
import random
from collections.abc import Sequence

import numpy as np

from common.data.pictures import captions, scenes
from common.data.pictures.captions import CaptionSet, Split
from common.data.pictures.scenes import Scene, Thing
from common.vision.maps import PLACES

NAME, THINGS = "lists", 3
PICTURES, CAPTIONS = {"train": 850, "valid": 100, "test": 200}, 2  # pictures of each split, captions of each picture
MENTION_SIZE = 0.3  # probability


def draw_scene(draw: random.Random) -> Scene:
    """Things of different colours on different places, in the order of their colours."""
    colours = [colour for _, colour in sorted(draw.sample(list(enumerate(scenes.COLOURS)), THINGS))]
    places = draw.sample(range(PLACES**2), THINGS)
    return tuple(
        Thing(draw.choice(list(scenes.RADII)), colour, draw.choice(scenes.SHAPES), *divmod(place, PLACES))
        for colour, place in zip(colours, places, strict=True)
    )


def caption(draw: random.Random, scene: Scene) -> tuple[str, ...]:
    sizes = [thing.size if draw.random() < MENTION_SIZE else "" for thing in scene]
    return tuple(" and ".join(f"{s} {one.colour} {one.shape}" for s, one in zip(sizes, scene, strict=True)).split())


def places(words: Sequence[str], scene: Scene) -> list[int]:
    """The place that each word speaks of, by the colour in its phrase; -1 for ``and``, and what is not there."""
    where, found = {thing.colour: thing.row * PLACES + thing.column for thing in scene}, []
    for phrase in map(str.split, " ".join(words).split(" and ")):
        found += [next((where[word] for word in phrase if word in where), -1)] * len(phrase) + [-1]
    return found[:-1]


def is_true(words: Sequence[str], scene: Scene) -> bool:
    """Whether every thing is named, rightly and in order."""
    phrases = " ".join(words).split(" and ")
    right = [(f"{one.colour} {one.shape}", f"{one.size} {one.colour} {one.shape}") for one in scene]
    return len(phrases) == len(right) and all(one in either for one, either in zip(phrases, right, strict=True))


def load() -> CaptionSet:
    """The set; the same on every machine."""
    splits, content = {}, {}
    for split, count in PICTURES.items():
        draw = random.Random(f"{NAME} {split}")
        drawn = tuple(draw_scene(draw) for _ in range(count))
        noise = np.random.default_rng(draw.getrandbits(64))
        pictures = np.stack([scenes.picture(scene, noise, PLACES) for scene in drawn])
        written = tuple(tuple(caption(draw, scene) for _ in range(CAPTIONS)) for scene in drawn)
        content[split] = hashlib.sha256(pictures.tobytes()).hexdigest()
        names = tuple(f"{split}-{i}" for i in range(count))
        splits[split] = Split(names, captions.opener(pictures), written, drawn)
    return captions.caption_set(NAME, splits, content)
