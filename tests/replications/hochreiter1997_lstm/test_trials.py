"""Trials: what they learn, when they are over, what they report."""

import numpy as np
import pytest

from common import config
from replications.hochreiter1997_lstm import trials
from replications.hochreiter1997_lstm.module import begin
from replications.hochreiter1997_lstm.trials import Trial
from tests.replications.hochreiter1997_lstm.tiny import PAPER, settings


def trial(name: str, seed: int = 1, **changes) -> Trial:
    return begin(config.validate(PAPER, settings(name, **changes), name), seed)


def finish(trial: Trial) -> Trial:
    while not trial.done:
        trial.advance()
    return trial


@pytest.mark.parametrize(
    "name, cap, wrong",
    [
        ("lag_2a", 10_000, 0.0),
        ("lag_2c_q50_p50", 20_000, 0.01),
        ("two_3a_t100_n3", 10_000, 0.02),
        ("adding_t100", 100_000, 0.05),
        ("order_6a", 50_000, 0.05),
    ],
)
def test_short_sequences_are_learnt(name, cap, wrong):
    """Within a few times what it took elsewhere; the test sequences are new ones, most of them right."""
    solved = finish(trial(name, max_sequences=cap))
    assert solved.results["solved"] == 1
    assert 0 < solved.results["sequences"] <= solved.sequences
    assert solved.results["test/wrong"] <= wrong
    assert 0 < solved.results["test/error"] < 0.15
    counts, errors = zip(*solved.curve, strict=True)
    assert list(counts) == sorted(set(counts)) and errors[-1] < errors[0]


def test_the_sequences_of_the_criterion_are_no_training_in_experiment_2():
    solved = finish(trial("lag_2c_q50_p50"))
    assert solved.results["sequences"] == solved.sequences - 500
    solved = finish(trial("order_6a"))
    assert solved.results["sequences"] == solved.sequences


@pytest.mark.parametrize("name", ["order_6a", "two_3a_t100_n3", "reber_3x2_lr05", "multiplication"])
def test_an_unsolvable_trial_gives_up(name):
    failed = finish(trial(name, lr=1e-9, max_sequences=1200))
    assert failed.results == {"solved": 0.0}
    assert 1200 <= failed.sequences <= 2000
    assert "not solved" in failed.summary()


@pytest.mark.parametrize("name", ["continual_forget", "cnto_forget"])
def test_a_stream_that_is_not_learnt_is_graded_by_its_length(name):
    failed = finish(trial(name, max_sequences=50))
    assert failed.results["perfect"] == 0 == failed.results.get("good", 0)
    assert 0 <= failed.results["residual"] < 100 and "streams" not in failed.results
    assert failed.sequences == 50


def test_in_2a_the_outputs_learn_alone_before_there_are_cells():
    """Until then nothing enters the hidden units' weights, and the outputs see no cell."""
    growing = trial("lag_2a")
    start = growing.memory.W.copy(), growing.memory.V.copy()
    while growing.growing:
        growing.advance()
        assert np.array_equal(growing.memory.W, start[0])
        assert np.array_equal(growing.memory.V[:, :1], start[1][:, :1])
        assert not np.array_equal(growing.memory.V[:, 1:], start[1][:, 1:])
    assert growing.sequences % 100 == 0 and not growing.results
    growing.advance()
    assert not np.array_equal(growing.memory.W, start[0])


def test_the_two_stages_of_experiment_3(monkeypatch):
    """ST1: enough test sequences are right; ST2: their mean error is small as well. 3b allows five wrong ones."""
    found = iter([(6.0, 0.02, 0), (5.0, 0.2, 0), (7.0, 0.02, 0), (4.0, 0.05, 0), (5.0, 0.03, 0)])
    monkeypatch.setattr(trials.Tested, "test", lambda self, batch, allowed: next(found))
    monkeypatch.setattr(trials.Tested, "fresh_test", lambda self: (0.25, 0.03, 0.001))
    done = finish(trial("two_3a_t100_n3", allowed_wrong=[5], mean_error_below=0.04))
    assert done.results == {
        "sequences/st1": 200,
        "sequences/st2": 500,
        "sequences": 500,
        "solved": 1.0,
        "test/wrong": 0.25,
        "test/error": 0.03,
    }


def test_guessing_draws_and_learns_nothing():
    """Until a draw meets the criterion; here one in which every sequence is right."""
    guessed = trial("two_3a_t100_n3", update="guess", tolerance=0.9, mean_error_below=1.0)
    start = guessed.memory.W.copy()
    finish(guessed)
    assert guessed.results["solved"] == 1 and guessed.results["sequences"] == guessed.sequences >= 1
    assert not np.array_equal(guessed.memory.W, start)
    drawn, rng = None, trials.generator(1, 1)
    for _ in range(guessed.sequences):
        drawn = guessed.build.initial(guessed.config, guessed.network, rng)
    assert np.array_equal(guessed.memory.W, drawn.W) and np.array_equal(guessed.memory.V, drawn.V)


def test_3c_is_judged_by_the_noise_free_target():
    judge = trial("two_3c_t100_n3")
    assert np.isin(judge.held_out.target, [0.2, 0.8]).all() and judge.held_out.size == 256
    assert not np.isin(judge.task.sample(judge.rng, 100).target, [0.2, 0.8]).any()
    done = finish(judge)
    assert done.results["sequences/st1"] <= done.results["sequences/st2"] == done.results["sequences"]
    assert done.results["test/error"] < 0.05


def test_the_two_criteria_of_experiment_5(monkeypatch):
    """Fewer than 140, then fewer than 13 wrong ones among the last 2000, in one training, a test after each."""
    asked = []

    def train(self, batch, criterion):
        asked.append(criterion.allowed)
        self.window.count[0] += batch.size
        return len(asked) in (2, 5)

    monkeypatch.setattr(trials.Windowed, "train", train)
    tests = iter([(0.07, 0.02, 0.01), (0.005, 0.01, 0.002)])
    monkeypatch.setattr(trials.Windowed, "fresh_test", lambda self: next(tests))
    done = finish(trial("multiplication"))
    assert asked == [139, 139, 12, 12, 12]
    assert done.results == {
        "sequences/140": 2000,
        "test/wrong/140": 0.07,
        "test/error/140": 0.02,
        "test/mse/140": 0.01,
        "sequences/13": 5000,
        "test/wrong/13": 0.005,
        "test/error/13": 0.01,
        "test/mse/13": 0.002,
        "solved": 1.0,
    }


def test_the_second_criterion_of_experiment_5_may_be_missed():
    failed = finish(trial("multiplication", lr=1e-9, tolerance=0.9, allowed_wrong=[199, -1], max_sequences=1000))
    assert failed.results.keys() == {"sequences/200", "test/wrong/200", "test/error/200", "test/mse/200", "solved"}
    assert failed.results["solved"] == 0 and failed.results["sequences/200"] == 200
    assert failed.results["test/mse/200"] >= failed.results["test/error/200"] ** 2


def test_every_third_trial_of_experiment_1_has_the_same_strings():
    one, other, fourth = (trial("reber_3x2_lr05", seed) for seed in (1, 2, 4))
    assert np.array_equal(one.strings.index, fourth.strings.index)
    assert np.array_equal(one.held_out.index, fourth.held_out.index)
    assert one.strings.index.shape != other.strings.index.shape or not np.array_equal(
        one.strings.index, other.strings.index
    )
    assert not np.array_equal(one.memory.W, fourth.memory.W)
