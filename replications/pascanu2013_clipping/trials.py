"""One network that learns one synthetic task until it succeeds (section 4.1.1)."""

import time
from itertools import groupby

import numpy as np
import torch

from replications.pascanu2013_clipping import learner
from replications.pascanu2013_clipping.config import Config
from replications.pascanu2013_clipping.model import initial
from replications.pascanu2013_clipping.tasks import ENOUGH, TASKS, Sequences, minibatch_length

SUCCESS = 0.01  # share of wrong sequences below which a network has succeeded
BLOCK = 50  # updates whose sequences are drawn together
STEPS_AT_ONCE = 100_000  # of the sequences of a test, together
TRACE = 1000  # points of a trace of gradient norms
LENGTHS, TRAIN, CHECK, TEST = range(1, 5)  # what a random generator is for
CLIPPING = {None: learner.UNCLIPPED, "norm": learner.BY_NORM, "elements": learner.BY_ELEMENT}


class Trial:
    """A network (a seed) that learns at one length; or, with two lengths, at all between them.

    Its sequences depend on its seed and the number of the update alone: after any interruption it learns the same.
    """

    def __init__(self, config: Config, seed: int, lengths: tuple[int, ...]):
        self.config, self.seed, self.lengths = config, seed, lengths
        self.task = TASKS[config.task]
        w_in, w_rec, w_out = (np.ascontiguousarray(w, np.float32) for w in initial(
            self.task.inputs, config.hidden, self.task.outputs, config.initialisation, seed))
        zeros = np.zeros(config.hidden, np.float32), np.zeros(self.task.outputs, np.float32)
        self.weights = learner.Weights(w_in, w_rec, zeros[0], w_out, zeros[1])
        self.updates = 0
        self.seconds = 0.0
        self.solved = self.done = False
        self.results: dict[str, float] = {}
        self.curve: list[tuple[int, float]] = []  # updates, share of wrong sequences
        self.trace: list[float] = []  # gradient norms, the largest of so many

    @property
    def trace_step(self) -> int:
        """Updates behind a point of the trace."""
        return max(self.config.max_updates // TRACE, 1)

    def summary(self) -> str:
        """The trial in words."""
        verb = "solved" if self.solved else "not solved"
        return f"{verb} after {self.updates:,} updates ({self.seconds:.0f} s)"

    def draw(self, purpose: int, number: int, length: int, sequences: int) -> Sequences:
        """Fresh sequences."""
        rng = np.random.default_rng([self.seed, purpose, self.updates, length, number])
        return self.task.draw(rng, length, sequences)

    def block_lengths(self) -> list[int]:
        """The lengths of the next updates; equal ones together."""
        rng = np.random.default_rng([self.seed, LENGTHS, self.updates])
        drawn = rng.integers(min(self.lengths), max(self.lengths) + 1, BLOCK)
        return sorted(minibatch_length(self.config.task, int(length), rng) for length in drawn)

    def compile(self) -> None:
        """Calls the compiled functions once, which must not count as a trial's time."""
        self.learn(min(self.lengths), 1)
        self.share_wrong(CHECK, min(self.lengths), 1)

    def advance(self) -> None:
        """Learns until the next check, and makes it."""
        started, goal, norms = time.thread_time(), self.updates + self.config.check_every, []
        while self.updates < goal:
            for length, same in groupby(self.block_lengths()):
                norms.append(self.learn(length, len(list(same))))
            self.updates += BLOCK
        norms, step = np.concatenate(norms), self.trace_step
        self.trace += [float(norms[i:i + step].max()) for i in range(0, len(norms), step)]
        self.check()
        self.seconds += time.thread_time() - started

    def learn(self, length: int, updates: int) -> np.ndarray:
        """So many updates on sequences of one length; returns the norms of the gradients."""
        config, norms = self.config, np.zeros(updates)
        drawn = self.draw(TRAIN, 0, length, updates * config.batch)
        memory = learner.memory(self.weights, len(drawn.index), config.batch)
        learner.learn(self.weights, learner.zeros(self.weights), memory, *drawn, self.task.kind,
                      config.activation == "tanh", config.alpha, config.lr, CLIPPING[config.clipping], config.threshold,
                      norms)
        return norms

    def check(self) -> None:
        """Success: of some fresh sequences few are wrong, and of many more. Otherwise it ends with the last update."""
        config, lengths = self.config, sorted(set(self.lengths))
        finite = all(np.isfinite(weight).all() for weight in self.weights)
        look = max(self.share_wrong(CHECK, length, config.check_sequences) for length in lengths)
        self.curve.append((self.updates, look))
        self.done = not finite or self.updates >= config.max_updates
        if not (self.done or look < SUCCESS):
            return
        wrong = {length: self.share_wrong(TEST, length, config.test_sequences) if finite else 1.0 for length in lengths}
        self.solved = max(wrong.values()) < SUCCESS
        self.done |= self.solved
        if self.done:
            further = config.test_lengths if self.solved else ()
            wrong |= {length: self.share_wrong(TEST, length, config.test_sequences) for length in further}
            self.results = {f"test/wrong/{length}": share for length, share in sorted(wrong.items())}
            if finite:
                self.results["radius"] = float(np.abs(np.linalg.eigvals(self.weights.recurrent.astype(float))).max())

    def share_wrong(self, purpose: int, length: int, sequences: int) -> float:
        """Share of fresh sequences that are answered wrongly."""
        size, wrong = max(1, min(sequences, STEPS_AT_ONCE // length)), 0
        for start in range(0, sequences, size):
            drawn = self.draw(purpose, start, length, min(size, sequences - start))
            wrong += learner.count_wrong(self.weights, *drawn, self.task.kind, self.config.activation == "tanh", ENOUGH)
        return wrong / sequences

    def state(self) -> dict:
        """All that an exact resume needs, in types that a checkpoint may hold."""
        names = ("updates", "seconds", "solved", "done", "results", "curve", "trace")
        return {"weights": {name: torch.from_numpy(w.copy()) for name, w in self.weights._asdict().items()},
                **{name: getattr(self, name) for name in names}}

    def load_state(self, state: dict) -> None:
        for name, weight in state["weights"].items():
            getattr(self.weights, name)[...] = weight.numpy()
        for name, value in state.items():
            if name != "weights":
                setattr(self, name, value)
