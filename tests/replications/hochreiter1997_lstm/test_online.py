"""What is learnt from a sequence, when training or a test is over: against autograd, definitions and brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replications.hochreiter1997_lstm import online
from replications.hochreiter1997_lstm.online import Criterion, Window
from tests.replications.hochreiter1997_lstm.test_lstm_kernel import Readable, assert_close, case, test, train


@pytest.mark.parametrize("last_only", [False, True])
def test_errors_of_a_test(last_only):
    ours = case("2000", n=6)
    readable = Readable(ours)
    errors = []
    for n in range(ours.batch.size):
        steps = [(readable.target(n, t, 5) - y).abs().numpy() for t, (_, y) in enumerate(readable.forward(n))]
        errors.append(steps[-1] if last_only else np.concatenate(steps))
    judged, (worst, mean, squared) = test(ours, last_only=last_only)
    assert judged == 6
    assert_close(worst, [each.max() for each in errors])
    assert_close(mean, [each.mean() for each in errors])
    assert_close(squared, [(each**2).mean() for each in errors])
    window, _ = train(ours, last_only=last_only, rate=0.0)
    assert np.array_equal(window.worst[:6], worst) and np.array_equal(window.mean[:6], mean)


def test_a_test_ends_once_too_many_are_wrong():
    ours = case("experiment 1", n=30)
    _, whole = test(ours)
    worst = whole[0]
    tolerance = float(np.median(worst))
    wrong = np.flatnonzero(worst >= tolerance)
    for allowed in (0, 3, len(wrong) - 1):
        judged, some = test(ours, allowed, tolerance)
        assert judged == wrong[allowed] + 1
        assert np.array_equal(some[:, :judged], whole[:, :judged]) and (some[:, judged:] == -1).all()
    assert test(ours, len(wrong), tolerance)[0] == 30


# Eighths: their sums have no rounding, in whatever order they are taken.
eighths = st.integers(0, 8).map(lambda n: n / 8)
histories = st.lists(st.tuples(eighths, eighths), max_size=12)
criteria = st.builds(Criterion, eighths, st.integers(-1, 4), st.one_of(st.just(np.inf), eighths))


def is_met(history, size: int, criterion: Criterion) -> bool:
    """The definition: of all errors (largest, mean) so far, the last ``size`` decide."""
    worst, mean = zip(*history[-size:], strict=True) if history else ((), ())
    wrong = sum(error >= criterion.tolerance for error in worst)
    return len(worst) == size and wrong <= criterion.allowed and sum(mean) / size < criterion.mean_below


@settings(deadline=None, derandomize=True, max_examples=100)
@given(histories, st.integers(1, 5), criteria)
def test_the_criterion_by_its_definition(history, size, criterion):
    window = Window(np.zeros(size), np.zeros(size), np.array([len(history)]))
    for n, (worst, mean) in enumerate(history):  # each in place of the oldest
        window.worst[n % size], window.mean[n % size] = worst, mean
    assert online.is_met(window, criterion) == is_met(history, size, criterion)


@pytest.mark.parametrize("size, allowed, mean_below", [(1, 0, np.inf), (5, 1, np.inf), (5, 4, 0.31), (8, 3, np.inf)])
def test_training_stops_with_the_first_sequence_that_meets_the_criterion(size, allowed, mean_below):
    one_by_one = case("experiment 4", n=200)
    window, _ = train(one_by_one, window=200, rate=0.1)
    history = list(zip(window.worst, window.mean, strict=True))
    criterion = Criterion(float(np.quantile(window.worst, 0.35)), allowed, mean_below)
    at = next(
        n for n in range(1, 201) if history[n - 1][0] < criterion.tolerance and is_met(history[:n], size, criterion)
    )
    ours = case("experiment 4", n=200)
    window, met = train(ours, window=size, criterion=criterion, rate=0.1)
    assert met and window.count[0] == at
    assert set(zip(window.worst, window.mean, strict=True)) == set(history[at - size : at])
    assert not np.array_equal(ours.memory.V, one_by_one.memory.V), "the rest was not learnt"


STRINGS = case("experiment 1", n=4)
ANSWERS = [np.array([y.numpy() for _, y in Readable(STRINGS).forward(n)]) for n in range(4)]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.data())
def test_first_misprediction_by_its_definition(data):
    """Legal symbols are the most active ones, but now and then the wrong number of them or two changed places."""
    longest = STRINGS.batch.index.shape[1]
    legal = np.zeros((4, longest, 5), bool)
    for n, t in np.ndindex(4, longest):
        if t < len(ANSWERS[n]):
            legal[n, t, np.argsort(-ANSWERS[n][t])[: data.draw(st.integers(0, 5))]] = True
        else:
            legal[n, t] = data.draw(st.booleans())  # padding does not count
    for n, t in data.draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, longest - 1)), max_size=3)):
        legal[n, t] = data.draw(st.permutations(legal[n, t].tolist()))
    right = [
        all(
            y[i] > y[j]
            for y, allowed in zip(ANSWERS[n], legal[n], strict=False)
            for i in np.flatnonzero(allowed)
            for j in np.flatnonzero(~allowed)
        )
        for n in range(4)
    ]
    found = online.LSTM.first_misprediction(STRINGS.net, STRINGS.memory, STRINGS.batch._replace(legal=legal))
    assert found == [*right, False].index(False)


def test_equal_outputs_are_a_misprediction():
    """A network without weights answers 1/2 everywhere: nothing legal stands out, unless all or nothing is legal."""
    ours = case("experiment 1", n=3)
    ours.memory.W[:], ours.memory.V[:] = 0, 0
    legal = np.zeros((3, ours.batch.index.shape[1], 5), bool)
    legal[1] = True
    strings = ours.net, ours.memory, ours.batch._replace(legal=legal)
    assert online.LSTM.first_misprediction(*strings) == 3
    legal[2, ours.batch.length[2] - 1, 0] = True
    assert online.LSTM.first_misprediction(*strings) == 2
