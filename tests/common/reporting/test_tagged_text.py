from types import SimpleNamespace

import torch

from common.data.tagged import corpus as tagged
from common.reporting.tagged_text import by_type, drawn
from common.reporting.tagged_text import tagged as shown
from common.training.tagging import Answer


def test_types_are_drawn_by_frequency_with_the_mean_of_their_seeds():
    types = {"1": {"X": [1, 2, 2], "Y": [3, 3, 9]}, "2": {"X": [2, 2, 2]}}  # another seed may find no Y
    (axes,) = by_type({"crf": {"figures": {"types": types}}}).axes
    (line,) = axes.get_lines()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Y (9)", "X (2)"]
    assert line.get_xdata().tolist() == [25, 75]


def test_tags_that_are_never_probable_are_not_drawn():
    (axes,) = drawn(("a", "b"), ("O", "B-X", "B-Y"), torch.tensor([[0.9, 0.08, 0.02], [0.01, 0.98, 0.01]])).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["O", "B-X"]


def test_a_network_for_intents_says_nothing_of_the_words(tmp_path):
    module = SimpleNamespace(
        corpus=tagged.load("travel"), tag=lambda sentences: Answer([], ["fare"]), probabilities=lambda sentence: None
    )
    assert shown(module, "leave Zanzibar", tmp_path / "a.svg") == "words that it has not learnt: Zanzibar\nintent: fare"
    assert not (tmp_path / "a.svg").exists()
