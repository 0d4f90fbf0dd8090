"""When a stream ends, under each reading: against the readable cell on the same symbols."""

import numpy as np
import pytest
import torch

from replications.hochreiter1997_lstm.streams import ContinualReber, walk
from replications.hochreiter1997_lstm.tasks.reber import END, LEGAL, START, SUCCESSOR, SYMBOL
from tests.replications.hochreiter1997_lstm.test_lstm_kernel import Case, Readable
from tests.replications.hochreiter1997_lstm.test_trials import trial


def network(seed: int, **changes) -> ContinualReber:
    """After a few streams, with a taste of the grammar."""
    young = trial("continual_forget", seed, max_sequences=2000, **changes)
    young.advance()
    return young


def symbols(rng: np.random.Generator, n: int):
    """(symbol, whether a string begins, which may follow, which follows) of n steps of a stream."""
    node, read = START, []
    for _ in range(n + 1):
        node = START if node == END else node
        way = 1 if rng.random() < 0.5 else 0
        read.append((SYMBOL[node, way], node == START))
        node = SUCCESSOR[node, way]
        read[-1] += (LEGAL[START if node == END else node],)
    return [(*one, after[0]) for one, after in zip(read, read[1:], strict=False)]


@pytest.mark.parametrize("learn", [False, True])
@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("targets, tolerance", [("legal", 0.49), ("legal", 0.7), ("sampled", 0.7), ("sampled", 0.49)])
def test_a_stream_ends_with_the_first_wrong_prediction(targets, tolerance, resets, learn):
    lengths = set()
    for seed in range(1, 5):
        ours = network(seed, targets=targets, tolerance=tolerance, reset=resets)
        setting, W, V = ours.config, *(weight.clone() for weight in ours.weights.values())
        readable = Readable(Case(setting, ours.network, ours.memory, None))
        state, expected = readable.lstm.initial(1), 60
        for n, (symbol, starts, legal, follows) in enumerate(symbols(np.random.default_rng(seed), 60)):
            state = readable.lstm.initial(1) if starts and resets else state
            x = torch.eye(7, dtype=torch.float64)[[symbol]]
            state, y = readable.step(x, state, (W, V))
            y = y.numpy()
            wanted = legal if targets == "legal" else np.arange(7) == follows
            if np.abs(wanted - y).max() >= tolerance or (not learn and y[legal].min() <= y[~legal].max()):
                expected = n
                break
        frozen = ours.reading._replace(rate=0.0, most=60)  # judged as in training, but the weights stay as they are
        found = walk(ours.network, ours.memory, np.random.default_rng(seed), frozen, learn)
        assert found == expected
        lengths.add(found)
    assert lengths - {0} or (targets, tolerance) == ("sampled", 0.49)
