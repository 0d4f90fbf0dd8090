"""Epochs over music and text: they learn, go on exactly, halve the rate when they must."""

import math

import numpy as np
import pytest
import torch

from common import config
from replications.pascanu2013_clipping.data import Characters, Music
from replications.pascanu2013_clipping.natural import Learner

PAPER = "pascanu2013_clipping"


def settings(experiment="nottingham_c", **changes):
    small = {"hidden": 12, "window": 20, "batch": 2, "seeds": [1, 2], "max_epochs": 4}
    return config.validate(PAPER, config.resolve(PAPER, experiment, "paper") | small | changes, "test")


def scales(number, length=40):
    """Pieces in which one note steps up and down: what comes next is nearly certain."""
    rolls = []
    for start in range(number):
        notes = 40 + np.abs((np.arange(length) + start) % 8 - 4)
        rolls.append(np.eye(88, dtype=np.float32)[notes])
    return rolls


@pytest.fixture
def music():
    return Music({"train": scales(12), "valid": scales(3), "test": scales(2)}, "")


def test_music_is_learnt(music):
    """One of five notes sounds: knowing no more costs log 5 for which, and a little for how sure."""
    learner = Learner(settings(lr=0.5, max_epochs=40), music)
    first = learner.evaluate("valid")
    while not learner.done:
        values = learner.epoch()
    assert first.mean() > 50 and max(values["valid/nll"]) < math.log(5) + 0.9
    assert len(learner.trace) == 40 * 12 and min(learner.trace) > 0


def test_text_is_learnt():
    """abcabc...: the third from here is the same again."""
    text = np.tile([0, 1, 2], 200)
    texts = dict.fromkeys(("train", "valid", "test"), text)
    learner = Learner(
        settings("characters_c", lr=0.05, max_epochs=30, biases=True, initialisation="tanh"),
        Characters(texts, 3, 3, ""),
    )
    before = learner.evaluate("valid")
    while not learner.done:
        learner.epoch()
    assert abs(before.mean() / math.log(3) - 1) < 0.1 and learner.evaluate("valid").max() < 0.3


def test_an_interrupted_training_goes_on_to_the_same_weights(music):
    whole, first = Learner(settings("nottingham_cr"), music), Learner(settings("nottingham_cr"), music)
    for learner in (whole, whole, first):
        learner.epoch()
    second = Learner(settings("nottingham_cr"), music)
    second.load_state(first.state())
    second.epoch()
    assert second.trace == whole.trace and torch.equal(second.best, whole.best)
    for a, b in zip(second.network.parameters(), whole.network.parameters(), strict=True):
        assert torch.equal(a, b)


def test_seeds_side_by_side_learn_what_each_learns_alone(music):
    together, alone = Learner(settings(), music), Learner(settings(seeds=[2]), music)
    ours, theirs = together.epoch(), alone.epoch()
    assert ours["valid/nll"][1] == pytest.approx(theirs["valid/nll"][0], rel=1e-5)


def test_the_rate_is_halved_when_the_training_error_rises_and_the_best_weights_return(music):
    learner = Learner(settings(), music)
    learner.judge(torch.tensor([2.0, 2.0]), torch.tensor([2.0, 2.0]))
    best = {name: w.clone() for name, w in learner.network.state_dict().items()}
    with torch.no_grad():
        for parameter in learner.network.parameters():
            parameter += 1
    learner.judge(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 3.0]))
    assert learner.rate.tolist() == [1.0, 0.5] and learner.best.tolist() == [1.0, 2.0]
    learner.restore()
    for name, weight in learner.network.state_dict().items():
        assert torch.equal(weight[0], best[name][0] + 1) and torch.equal(weight[1], best[name][1])


def test_a_replica_that_is_lost_returns_to_its_best_weights_at_half_the_rate(music):
    learner = Learner(settings(), music)
    learner.judge(torch.tensor([2.0, 2.0]), torch.tensor([2.0, 2.0]))
    good = learner.network.recurrent.detach().clone()
    with torch.no_grad():
        learner.network.recurrent[1] = float("nan")
    learner.judge(torch.tensor([1.9, 1.9]), torch.tensor([1.9, float("nan")]))
    assert torch.equal(learner.network.recurrent[1], good[1]) and learner.rate.tolist() == [1.0, 0.5]


def test_training_ends_when_no_replica_has_become_better_for_long(music):
    learner = Learner(settings(max_epochs=1000, patience=3), music)
    for number, valid in enumerate(([3.0, 3.0], [2.0, 4.0], [2.5, 2.9], [2.5, 4.0], [1.9999, 4.0], [2.5, 3.0]), 1):
        assert not learner.done
        learner.number = number
        learner.judge(torch.tensor([1.0, 1.0]), torch.tensor(valid))
    assert learner.done and learner.reached.tolist() == [2, 3]
    assert learner.best.tolist() == pytest.approx([1.9999, 2.9])


def test_the_regulariser_of_music_falls_with_the_epochs(music):
    off, on = Learner(settings("nottingham_c"), music), Learner(settings("nottingham_cr"), music)
    for learner in (off, on):
        learner.epoch()
    assert (off.network.recurrent - on.network.recurrent).abs().max() > 1e-5
