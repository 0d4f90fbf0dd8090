"""Trials: they learn, they go on exactly after an interruption, and each trick does something."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from common import config
from replications.pascanu2013_clipping.experiment import flush_denormal
from replications.pascanu2013_clipping.trials import TRAIN, Trial

PAPER = "pascanu2013_clipping"


def settings(experiment="tanh_cr", **changes):
    found = config.resolve(PAPER, experiment, "paper")
    short = {"lengths": [10], "check_every": 250, "check_sequences": 300, "test_sequences": 1000, "max_updates": 4000}
    return config.validate(PAPER, found | short | changes, "test")


def finished(trial):
    while not trial.done:
        trial.advance()
    return trial


@pytest.mark.parametrize(
    "task, changes",
    [
        ("temporal_order", {}),
        ("temporal_order_3bit", {"lr": 0.03}),
        ("permutation", {"hidden": 30, "lr": 0.1}),
        ("memorisation_5bit", {"lengths": [3], "lr": 0.1, "max_updates": 12000}),
        ("addition", {"alpha": 0.5, "lr": 0.2, "max_updates": 8000}),
    ],
)
def test_short_sequences_are_learnt(task, changes):
    """Fewer than 1 % of fresh sequences are wrong, many more were before."""
    trial = finished(Trial(settings(task=task, **changes), 1, tuple(changes.get("lengths", (10,)))))
    assert trial.solved and 0 < trial.updates <= trial.config.max_updates
    length = trial.lengths[0]
    assert trial.results[f"test/wrong/{length}"] < 0.01
    assert 0.5 < trial.results["radius"] < 3
    assert trial.curve[0][1] > 0.1 or trial.updates == 250
    assert [updates for updates, _ in trial.curve] == list(range(250, trial.updates + 1, 250))


def test_an_interrupted_trial_goes_on_to_the_same_weights():
    whole, first = Trial(settings(), 3, (10,)), Trial(settings(), 3, (10,))
    for trial in (whole, whole, first):
        trial.advance()
    second = Trial(settings(), 3, (10,))
    second.load_state(first.state())
    second.advance()
    assert second.updates == whole.updates == 500 and second.curve == whole.curve and second.trace == whole.trace
    for a, b in zip(second.weights, whole.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_trial_that_is_never_right_ends_with_its_updates():
    trial = finished(Trial(settings(lr=1e-12, max_updates=500), 1, (10,)))
    assert not trial.solved and trial.updates == 500 and trial.results["test/wrong/10"] > 0.5


@pytest.mark.parametrize("perfect_at, tested", [(None, 3), (5, 5)])
def test_the_best_network_for_several_lengths_is_the_one_that_is_tested(monkeypatch, perfect_at, tested):
    """Also if it is worse afterwards, and if its learning is interrupted there."""
    shares = {1: 0.5, 2: 0.008, 3: 0.004, 4: 0.006, 5: 0.7, 6: 0.9} | ({perfect_at: 0.0} if perfect_at else {})
    monkeypatch.setattr(Trial, "share_wrong", lambda self, *_: shares[self.updates // 250])
    trial, weights = Trial(settings(lengths=[8, 9], mixed=True, max_updates=1500), 1, (8, 9)), {}
    while not trial.done:
        other = Trial(trial.config, 1, (8, 9))
        other.load_state(trial.state())
        trial = other
        trial.advance()
        weights[trial.updates // 250] = [weight.copy() for weight in trial.weights]
    assert trial.solved_after == 500 and trial.perfect == bool(perfect_at) and len(weights) == (perfect_at or 6)
    assert trial.results["test/wrong/8"] == shares[tested]
    for mine, best in zip(trial.weights, trial.best, strict=True):
        np.testing.assert_array_equal(mine, best)
    if not perfect_at:
        assert not np.array_equal(trial.weights.recurrent, weights[5][1])
        np.testing.assert_array_equal(trial.weights.recurrent, weights[3][1])


def test_weights_that_are_lost_end_a_trial():
    trial = Trial(settings("tanh_msgd"), 1, (10,))
    trial.weights.recurrent[0, 0] = np.nan
    trial.advance()
    assert trial.done and not trial.solved and trial.results == {"test/wrong/10": 1.0}


def test_one_network_for_several_lengths_learns_until_it_makes_no_mistake():
    trial = finished(Trial(settings(lengths=[8, 14], mixed=True, test_lengths=[30]), 1, (8, 14)))
    assert trial.perfect and trial.wrong == dict.fromkeys((8, 10, 12, 14), 0)
    assert trial.solved_after <= trial.updates < 4000
    assert set(trial.results) == {*(f"test/wrong/{length}" for length in (8, 10, 12, 14, 30)), "radius"}
    lengths = trial.block_lengths()
    assert len(lengths) == 50 and lengths != sorted(lengths) and {8, 14} <= set(lengths) <= set(range(8, 15))


def test_a_length_that_comes_again_in_a_block_has_other_sequences(monkeypatch):
    trial, drawn = Trial(settings(lengths=[8, 14], mixed=True, check_every=50), 1, (8, 14)), []
    draw = trial.draw
    monkeypatch.setattr(trial, "draw", lambda purpose, *rest: drawn.append((purpose, *rest)) or draw(purpose, *rest))
    trial.advance()
    learnt = [(length, at, batch // 20) for purpose, at, length, batch in drawn if purpose == TRAIN]
    assert len({(length, at) for length, at, _ in learnt}) == len(learnt) > len({length for length, *_ in learnt})
    assert [at for _, at, _ in learnt] == [sum(count for *_, count in learnt[:n]) for n in range(len(learnt))]


@pytest.mark.parametrize(
    "changes", [{"alpha": 0.0}, {"clipping": None}, {"initialisation": "smart"}, {"activation": "sigmoid"}]
)
def test_every_setting_changes_what_is_learnt(changes):
    on, off = Trial(settings(threshold=0.1), 1, (10,)), Trial(settings(**{"threshold": 0.1} | changes), 1, (10,))
    for trial in (on, off):
        trial.learn(10, 50)
    assert np.abs(on.weights.recurrent - off.weights.recurrent).max() > 1e-5


def test_seeds_see_other_sequences_and_begin_elsewhere():
    one, two = Trial(settings(), 1, (10,)), Trial(settings(), 2, (10,))
    assert not np.array_equal(one.weights.recurrent, two.weights.recurrent)
    assert not np.array_equal(one.draw(1, 0, 10, 20).index, two.draw(1, 0, 10, 20).index)


def test_the_threads_that_carry_trials_round_vanished_signals_to_zero():
    """What is nearly zero is zero there, and stays what it is elsewhere."""
    with ThreadPoolExecutor(2, initializer=flush_denormal) as pool:
        assert set(pool.map(np.multiply, np.full(4, 1e-30, np.float32), np.full(4, 1e-10, np.float32))) == {0}
    assert np.multiply(np.float32(1e-30), np.float32(1e-10)) > 0
