"""Learning from endless streams (Gers, Schmidhuber & Cummins 2000): nobody says where one string ends.

A network learns from a training stream until its first wrong prediction, then the next stream begins with empty cells.
After each, test streams are run with the weights fixed. Weights change at every step.
"""

from typing import NamedTuple

import numpy as np

from common.compiled import compiled
from replications.hochreiter1997_lstm.lstm_kernel import blame, reset, respond, step, update
from replications.hochreiter1997_lstm.online import stand_out
from replications.hochreiter1997_lstm.tasks.reber import END, LEGAL, START, SUCCESSOR, SYMBOL, Reber, Stream
from replications.hochreiter1997_lstm.tasks.sequences import Sequences
from replications.hochreiter1997_lstm.trials import Trial, generator

STEPS_AT_ONCE = 300_000  # symbols read before anyone looks
TEST_STREAMS = 10


class Reading(NamedTuple):
    """How a stream is read and judged."""

    most: int  # symbols, or sequences
    reset: bool  # the cells are emptied whenever a string begins, which the network could not know
    legal: bool  # the target is 1 for every symbol that may follow, not for the one that does
    tolerance: float  # a prediction is wrong if an output is that far from its target
    rate: float
    rate_decay: float  # per update


@compiled
def walk(network, memory, rng, reading, learn):
    """Reads one stream of embedded Reber strings up to the first wrong prediction (2000, section 4).

    With the symbol that follows as the target, a network that always answers about 0.5 everywhere is within 0.7 of it
    (the letter of "a squared error below 0.49") without predicting anything. So when it is tested, all symbols that may
    follow must also be the most active ones, as in experiment 1 of 1997. With all that may follow as the target, and
    within 0.49 of it, they are.

    Returns:
        How many symbols were predicted in a row.
    """
    index, value, rate = np.zeros(1, np.int64), np.ones(1), reading.rate
    reset(memory)
    node = START
    way = 1 if rng.random() < 0.5 else 0
    symbol, node = SYMBOL[node, way], SUCCESSOR[node, way]
    for length in range(reading.most):
        if node == END:
            node = START
        index[0] = symbol
        legal = LEGAL[node]
        if reading.reset and symbol == 0 and node == 1:
            reset(memory)
        step(network, memory, index, value, learn)
        respond(network, memory, index, value)
        way = 1 if rng.random() < 0.5 else 0
        symbol, node = SYMBOL[node, way], SUCCESSOR[node, way]
        worst = 0.0
        for k in range(len(memory.output)):
            wanted = 1.0 if (legal[k] if reading.legal else k == symbol) else 0.0
            memory.error[k] = wanted - memory.output[k]
            worst = max(worst, abs(memory.error[k]))
        if learn:
            blame(network, memory, index, value)
            update(network, memory, rate)
            rate *= reading.rate_decay
        if worst >= reading.tolerance or (not learn and not stand_out(memory.output, legal)):
            return length
    return reading.most


@compiled
def rounds(network, memory, rng, reading, max_streams, streams, lengths):
    """Training and test streams in turn, some hundred thousand symbols of them; True once a network is perfect.

    Args:
        streams: ``[1]`` training streams so far; lengths: ``[2]`` symbols in training and in test streams.
    """
    read = 0
    while read < STEPS_AT_ONCE and streams[0] < max_streams:
        trained = walk(network, memory, rng, reading, True)
        streams[0] += 1
        lengths[0] += trained
        read += trained + 1
        for _ in range(TEST_STREAMS):
            tested = walk(network, memory, rng, reading, False)
            lengths[1] += tested
            read += tested + 1
            if tested < reading.most:  # not perfect, so the other test streams need not be read
                break
        else:
            return True
    return False


@compiled
def follow(network, memory, sequences, first, reading, learn):
    """Reads sequences ``first``, ``first + 1``, ... back to back up to the first that is classified wrongly.

    Returns:
        How many were classified rightly in a row.
    """
    reset(memory)
    rate = reading.rate
    for n in range(first, first + reading.most):
        index, value, steps = sequences.index[n], sequences.value[n], sequences.length[n]
        for t in range(steps):
            step(network, memory, index[t], value[t], learn)
        respond(network, memory, index[steps - 1], value[steps - 1])
        worst = 0.0
        for k in range(len(memory.output)):
            memory.error[k] = sequences.target[n, k] - memory.output[k]
            worst = max(worst, abs(memory.error[k]))
        if learn:
            blame(network, memory, index[steps - 1], value[steps - 1])
            update(network, memory, rate)
            rate *= reading.rate_decay
        if worst >= reading.tolerance:
            return n - first
    return reading.most


class Continual(Trial):
    """What both continual tasks share: a perfect network ends the trial, and so does the last training stream."""

    measure = "train/length"

    def __init__(self, config, seed: int):
        super().__init__(config, seed)
        legal = config.targets == "legal"
        self.reading = Reading(config.test_sequences, config.reset, legal, config.tolerance, config.lr, config.lr_decay)
        self.streams = np.zeros(1, np.int64)
        self.lengths = np.zeros(2, np.int64)
        self.before = np.zeros(3, np.int64)  # streams and lengths at the last point of the curve

    @property
    def sequences(self) -> int:
        """Training streams so far."""
        return int(self.streams[0])

    def arrays(self) -> dict[str, np.ndarray]:
        return super().arrays() | {"streams": self.streams, "lengths": self.lengths, "before": self.before}

    def summary(self) -> str:
        if not self.done:
            return f"{self.sequences:,} streams so far"
        if self.results["perfect"]:
            return f"perfect after {self.sequences:,} streams"
        return f"not perfect; reads {self.results['residual']:,.1f} in a row"

    def finish(self, perfect: bool) -> None:
        """Grades the network: perfect, else good or not by how far it gets in ten test streams."""
        self.results["perfect"] = float(perfect)
        if perfect:
            self.results["streams"] = self.sequences
        else:
            self.results["residual"] = float(np.mean([self.read(generator(self.seed, 2 + n)) for n in range(10)]))
        self.done = True

    def note(self) -> None:
        """A point of the curve (streams, mean length of the training streams since) per tenth more streams."""
        now = np.array([self.streams[0], *self.lengths])
        if now[0] >= 1.1 * self.before[0] + 1:
            new = now - self.before
            self.curve.append((int(now[0]), float(new[1] / new[0])))
            self.before[:] = now


class ContinualReber(Continual):
    """The continual embedded Reber grammar. Perfect: ten test streams of 100,000 symbols without an error."""

    def advance(self) -> None:
        most = self.config.max_sequences
        perfect = rounds(self.network, self.memory, self.rng, self.reading, most, self.streams, self.lengths)
        self.note()
        if perfect or self.sequences >= most:
            self.finish(perfect)
            self.results["good"] = float(not perfect and self.results["residual"] > 1000)

    def finish(self, perfect: bool) -> None:
        """Also measures the states early and late in a stream, and the forget gates where strings meet."""
        super().finish(perfect)
        stream, states, forget = self.observe(generator(self.seed, 20), 1000)
        size = np.abs(states).mean(axis=1)
        self.results |= {"state/early": float(size[:100].mean()), "state/late": float(size[-100:].mean())}
        if self.config.forget_gate:
            lowest, between = forget.min(axis=1), stream.start | np.append(stream.start[1:], False)
            self.results["forget/end"] = float(lowest[between].mean())
            self.results["forget/inside"] = float(lowest[~between].mean())

    def observe(self, rng: np.random.Generator, n: int) -> tuple[Stream, np.ndarray, np.ndarray]:
        """Reads n symbols of a stream, weights fixed, right or wrong: states ``[n, C]``, forget gates ``[n, J]``."""
        stream, memory = Reber().stream(rng, n), self.memory
        states, forget = [], []
        reset(memory)
        for symbol, starts in zip(stream.symbols, stream.start, strict=True):
            if starts and self.config.reset:
                reset(memory)
            step(self.network, memory, np.array([symbol]), np.ones(1), False)
            states.append(memory.state.copy())
            forget.append(memory.hidden[self.network.forget_gates :].copy())  # nobody asks where there are none
        return stream, np.array(states), np.array(forget)

    def read(self, rng: np.random.Generator) -> int:
        """Symbols of a new test stream up to the first error."""
        return walk(self.network, self.memory, rng, self.reading, False)


class ContinualOrder(Continual):
    """Continual noisy temporal order. Perfect: ten test streams of 100 sequences without an error."""

    def advance(self) -> None:
        config = self.config
        batch = self.task.sample(self.rng, 20 * config.test_sequences)
        at = 0
        while at + 2 * config.test_sequences <= batch.size:
            right = self.follow(batch, at, learn=True)
            at += right + 1
            self.streams[0] += 1
            self.lengths[0] += right
            right = self.follow(batch, at)
            self.lengths[1] += right
            at += right + 1
            perfect = right == config.test_sequences and all(
                self.read(self.rng) == config.test_sequences for _ in range(TEST_STREAMS - 1)
            )
            if perfect or self.sequences >= config.max_sequences:
                self.finish(perfect)
                break
        self.note()

    def read(self, rng: np.random.Generator) -> int:
        """Sequences of a new test stream up to the first error."""
        return self.follow(self.task.sample(rng, self.config.test_sequences), 0)

    def follow(self, batch: Sequences, at: int, learn: bool = False) -> int:
        return follow(self.network, self.memory, batch, at, self.reading, learn)
