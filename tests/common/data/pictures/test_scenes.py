"""The scenes that we draw, and who may say what about them."""

import numpy as np
import pytest

from common.data.pictures import scenes
from common.data.pictures.scenes import Thing, is_true

RED_ABOVE_BLUE = (Thing("small", "red", "circle", 0, 0), Thing("large", "blue", "square", 1, 0))


@pytest.mark.parametrize("name", scenes.WORDINGS)
def test_every_caption_is_true_of_its_scene_and_seldom_of_another(name):
    made = scenes.generate(name, 200, 3, seed=4)
    assert all(is_true(words, scene) for scene, some in zip(made.scenes, made.captions, strict=True) for words in some)
    others = [is_true(some[0], scene) for scene, some in zip(made.scenes[1:], made.captions, strict=False)]
    assert np.mean(others) < 0.03


@pytest.mark.parametrize(
    "sentence, truth",
    [
        ("a red circle is above a blue square", True),
        ("a blue square is below a red circle", True),
        ("a blue square is above a red circle", False),
        ("a red circle is left of a blue square", False),
        ("a small red circle above a large blue square", True),
        ("a large red circle above a blue square", False),
        ("a red circle and a blue square", True),
        ("a red circle and a red circle", False),  # there is only one
        ("a green circle is above a blue square", False),
        ("you can see a tiny red circle over a big blue square", True),
        ("a circle is above a blue square", False),  # not a sentence of the grammar
        ("a red circle is above a blue square a", False),
        ("", False),
    ],
)
def test_truth_by_hand(sentence, truth):
    assert is_true(sentence.split(), RED_ABOVE_BLUE) is truth


def test_the_same_seed_draws_the_same_and_another_seed_does_not():
    one, same, other = (scenes.generate("scenes", 5, 2, seed) for seed in (1, 1, 2))
    assert (one.pictures == same.pictures).all() and one.captions == same.captions
    assert one.scenes != other.scenes


def test_a_thing_is_drawn_on_its_place_in_its_colour():
    quiet = np.random.default_rng(1)
    drawn = scenes.picture(RED_ABOVE_BLUE, quiet).astype(int)
    half = scenes.SIZE // 2
    red, blue = drawn[0] - drawn[2] > 90, drawn[2] - drawn[0] > 90
    assert red[:half, :half].sum() == red.sum() > 20
    assert blue[half:, :half].sum() == blue.sum() > red.sum()  # large


def test_shapes_differ():
    y, x = np.mgrid[-6:7, -6:7]
    masks = [scenes._mask(shape, x, y, 5).tobytes() for shape in scenes.SHAPES]
    assert len(set(masks)) == len(scenes.SHAPES)


def test_labels_say_what_stands_where():
    found = scenes.labels(RED_ABOVE_BLUE)
    assert found.shape == (scenes.GRID**2, 3)
    assert (found > 0).all(1).tolist() == [True, False, True, False]
    assert found[0].tolist() == [1, 1 + list(scenes.COLOURS).index("red"), 1 + scenes.SHAPES.index("circle")]
