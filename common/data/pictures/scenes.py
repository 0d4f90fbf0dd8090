"""The suite's own pictures: coloured shapes that stand in relations, with captions whose truth can be checked.

A scene is a grid of two by two places, on some of which a shape stands. It is drawn with noise on a grey of its own.
A caption is a sentence of a small grammar about two of the shapes; :func:`is_true` reads a sentence by the same
grammar and decides whether the scene bears it out. So a captioner is measured not only by the words it shares with
other captions, but by whether it says what is there.

Two sets differ as two groups of annotators do: ``scenes`` and ``scenes-other`` have the same shapes and colours, but
other favourite sentences, some other words, and fuller pictures, and those of ``scenes`` name things in reading order.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SIZE = 24  # pixels, of a side
GRID = 2
COLOURS = {
    "red": (220, 40, 40),
    "green": (40, 170, 60),
    "blue": (50, 80, 220),
    "yellow": (230, 210, 50),
    "white": (245, 245, 245),
}
SHAPES = ("circle", "square", "triangle")
RADII = {"small": 3.3, "large": 4.9}  # pixels
NOISE = 16.0  # standard deviation of a pixel, of 255


@dataclass(frozen=True)
class Thing:
    size: str
    colour: str
    shape: str
    row: int  # 0 is the top
    column: int  # 0 is the left


Scene = tuple[Thing, ...]


@dataclass(frozen=True)
class Wording:
    """How a group of annotators writes: weighted sentence frames, words for the relations and sizes."""

    frames: dict[str, float]
    relations: dict[str, tuple[str, ...]]
    sizes: dict[str, str]
    mention_size: float  # probability that a noun phrase says the size
    things: int  # how many stand in a scene
    in_order: bool  # begins with the thing that a reader's eye meets first, from the top left


WORDINGS = {
    "scenes": Wording(
        {"{one} is {relation} {two}": 0.5, "there is {one} {relation} {two}": 0.3, "{one} {relation} {two}": 0.2},
        {"above": ("above",), "below": ("below",), "left": ("left of",), "right": ("right of",)},
        {"small": "small", "large": "large"},
        0.3,
        2,
        True,
    ),
    "scenes-other": Wording(
        {"you can see {one} {relation} {two}": 0.4, "{one} and {two}": 0.3, "{one} stands {relation} {two}": 0.3},
        {
            "above": ("over", "above"),
            "below": ("under", "below"),
            "left": ("to the left of",),
            "right": ("to the right of",),
        },
        {"small": "tiny", "large": "big"},
        0.5,
        3,
        False,
    ),
}
HOLDS = {
    "above": lambda a, b: a.row < b.row,
    "below": lambda a, b: a.row > b.row,
    "left": lambda a, b: a.column < b.column,
    "right": lambda a, b: a.column > b.column,
}


def draw_scene(draw: random.Random, wording: Wording) -> Scene:
    """Different shapes on different places."""
    places = draw.sample(range(GRID * GRID), wording.things)
    looks = draw.sample([(colour, shape) for colour in COLOURS for shape in SHAPES], wording.things)
    return tuple(
        Thing(draw.choice(list(RADII)), *look, *divmod(place, GRID)) for place, look in zip(places, looks, strict=True)
    )


def caption(draw: random.Random, scene: Scene, wording: Wording) -> list[str]:
    """A true sentence about ``scene``."""
    one, two = draw.sample(scene, 2)
    if wording.in_order:
        one, two = sorted((one, two), key=lambda thing: (thing.row, thing.column))
    true = [name for name, holds in HOLDS.items() if holds(one, two)]
    frame = draw.choices(list(wording.frames), wording.frames.values())[0]
    relation = draw.choice(wording.relations[draw.choice(true)])
    return frame.format(one=_phrase(draw, one, wording), two=_phrase(draw, two, wording), relation=relation).split()


def _phrase(draw: random.Random, thing: Thing, wording: Wording) -> str:
    size = wording.sizes[thing.size] + " " if draw.random() < wording.mention_size else ""
    return f"a {size}{thing.colour} {thing.shape}"


_SIZES = {word: size for wording in WORDINGS.values() for size, word in wording.sizes.items()}
_RELATIONS = {
    word: name for wording in WORDINGS.values() for name, words in wording.relations.items() for word in words
}
_PHRASE = rf"a (?:({'|'.join(_SIZES)}) )?({'|'.join(COLOURS)}) ({'|'.join(SHAPES)})"
_PARTS = {"one": _PHRASE, "two": _PHRASE, "relation": f"({'|'.join(_RELATIONS)})"}
_FRAMES = [re.compile(frame.format(**_PARTS)) for wording in WORDINGS.values() for frame in wording.frames]


def is_true(words: Sequence[str], scene: Scene) -> bool:
    """Whether the sentence is one of the grammar's and ``scene`` bears it out; shapes may have any order in it."""
    sentence = " ".join(words)
    for frame in _FRAMES:
        if found := frame.fullmatch(sentence):
            parts = list(found.groups())
            holds = HOLDS[_RELATIONS[parts.pop(3)]] if len(parts) == 7 else lambda a, b: a is not b
            ones, twos = ([thing for thing in scene if _fits(thing, *phrase)] for phrase in (parts[:3], parts[3:]))
            return any(holds(one, two) for one in ones for two in twos)
    return False


def _fits(thing: Thing, size: str | None, colour: str, shape: str) -> bool:
    return (thing.colour, thing.shape) == (colour, shape) and _SIZES.get(size, thing.size) == thing.size


def _mask(shape: str, x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Which pixels belong to a shape around (0, 0); ``y`` grows downwards."""
    match shape:
        case "circle":
            return x**2 + y**2 <= radius**2
        case "square":
            return np.maximum(abs(x), abs(y)) <= 0.85 * radius
        case "triangle":
            return (y <= 0.8 * radius) & (2 * abs(x) - y <= radius)
    raise ValueError(shape)


def picture(scene: Scene, draw: np.random.Generator, grid: int = GRID) -> np.ndarray:
    """The scene, of ``grid`` places on a side, as uint8 ``[3, S, S]``: every shape a little off its place, noise on all
    pixels."""
    size = SIZE // GRID * grid
    y, x = np.mgrid[:size, :size].astype(float)
    pixels = np.full((3, size, size), draw.uniform(60, 130))
    for thing in scene:
        column, row = ((place + 0.5) * SIZE / GRID + draw.uniform(-1, 1) for place in (thing.column, thing.row))
        inside = _mask(thing.shape, x - column, y - row, RADII[thing.size])
        pixels[:, inside] = np.array(COLOURS[thing.colour], float)[:, None]
    return (pixels + draw.normal(0, NOISE, pixels.shape)).clip(0, 255).astype(np.uint8)


ANSWERS = (1 + len(RADII), 1 + len(COLOURS), 1 + len(SHAPES))


def labels(scene: Scene) -> np.ndarray:
    """Size, colour and shape of what stands on each place, int64 ``[GRID * GRID, 3]``: from 1, or 0 for nothing."""
    found = np.zeros((GRID * GRID, len(ANSWERS)), dtype=np.int64)
    for thing in scene:
        looks = (list(RADII).index(thing.size), list(COLOURS).index(thing.colour), SHAPES.index(thing.shape))
        found[thing.row * GRID + thing.column] = np.array(looks) + 1
    return found


@dataclass(frozen=True)
class Drawn:
    """Some scenes with their pictures uint8 ``[N, 3, SIZE, SIZE]`` and captions."""

    scenes: tuple[Scene, ...]
    pictures: np.ndarray
    captions: tuple[tuple[tuple[str, ...], ...], ...]


def generate(name: str, count: int, captions: int, seed: int) -> Drawn:
    """``count`` scenes of the set ``name``, each with ``captions`` captions; the same for the same arguments."""
    wording, draw = WORDINGS[name], random.Random(f"{name} {seed}")
    scenes = tuple(draw_scene(draw, wording) for _ in range(count))
    noise = np.random.default_rng(draw.getrandbits(64))
    pictures = np.stack([picture(scene, noise) for scene in scenes])
    written = tuple(tuple(tuple(caption(draw, scene, wording)) for _ in range(captions)) for scene in scenes)
    return Drawn(scenes, pictures, written)
