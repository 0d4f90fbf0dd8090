"""One network that learns one synthetic task until it succeeds (section 4.1.1)."""

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


class Trial:
    """A network (a seed) that learns at one length; or, mixed, at all between two.

    It ends with its first success; mixed, with the first that has no mistake (the authors' code ends there always). Its
    sequences depend on its seed and the number of the update alone: after any interruption it learns the same.
    """

    def __init__(self, config: Config, seed: int, lengths: tuple[int, ...]):
        self.config, self.seed, self.lengths = config, seed, lengths
        self.task = TASKS[config.task]
        w_in, w_rec, w_out = (
            np.ascontiguousarray(w, np.float32)
            for w in initial(self.task.inputs, config.hidden, self.task.outputs, config.initialisation, seed)
        )
        zeros = np.zeros(config.hidden, np.float32), np.zeros(self.task.outputs, np.float32)
        self.weights = learner.Weights(w_in, w_rec, zeros[0], w_out, zeros[1])
        self.updates = 0
        self.seconds = 0.0  # of a processor
        self.solved_after: int | None = None  # updates before the first success
        self.done = False
        self.best: learner.Weights | None = None  # the successful network that is to be tested
        self.least = 1.0  # its share of wrong sequences
        self.wrong: dict[int, float] = {}  # that share, of many more sequences, by their length
        self.results: dict[str, float] = {}
        self.curve: list[tuple[int, float]] = []  # updates, share of wrong sequences
        self.trace: list[float] = []  # gradient norms, the largest of so many

    @property
    def name(self) -> str:
        """Its lengths."""
        return "-".join(map(str, self.lengths))

    @property
    def checked(self) -> list[int]:
        """The lengths at which it is checked: its own, and between two the thirds."""
        return sorted(
            {*self.lengths, *np.linspace(min(self.lengths), max(self.lengths), 4).astype(int).tolist()}
            if self.config.mixed
            else set(self.lengths)
        )

    @property
    def solved(self) -> bool:
        return self.solved_after is not None

    @property
    def perfect(self) -> bool:
        return self.solved and not any(self.wrong.values())

    @property
    def trace_step(self) -> int:
        """Updates behind a point of the trace."""
        return max(self.config.max_updates // TRACE, 1)

    def summary(self) -> str:
        """The trial in words."""
        solved = f"solved after {self.solved_after:,} updates" if self.solved else "not solved"
        return f"{solved}, ended after {self.updates:,}"

    def draw(self, purpose: int, number: int, length: int, sequences: int) -> Sequences:
        """Fresh sequences."""
        rng = np.random.default_rng([self.seed, purpose, self.updates, length, number])
        return self.task.draw(rng, length, sequences)

    def block_lengths(self) -> list[int]:
        """The lengths of the next updates, in the order in which they are drawn."""
        rng = np.random.default_rng([self.seed, LENGTHS, self.updates])
        drawn = rng.integers(min(self.lengths), max(self.lengths) + 1, BLOCK)
        return [minibatch_length(self.config.task, int(length), rng) for length in drawn]

    def compile(self) -> None:
        """Calls the compiled functions once, which must not count as a trial's time."""
        self.learn(min(self.lengths), 1)
        self.share_wrong(CHECK, min(self.lengths), 1)

    def advance(self) -> None:
        """Learns until the next check, and makes it."""
        goal, norms = self.updates + self.config.check_every, []
        while self.updates < goal:
            at = 0  # of the next update in its block: a length that comes again has other sequences
            for length, same in groupby(self.block_lengths()):
                norms.append(self.learn(length, len(list(same)), at))
                at += len(norms[-1])
            self.updates += BLOCK
        norms, step = np.concatenate(norms), self.trace_step
        self.trace += [float(norms[i : i + step].max()) for i in range(0, len(norms), step)]
        self.check()

    def learn(self, length: int, updates: int, at: int = 0) -> np.ndarray:
        """So many updates on sequences of one length; returns the norms of the gradients."""
        config, norms = self.config, np.zeros(updates)
        drawn = self.draw(TRAIN, at, length, updates * config.batch)
        memory = learner.memory(self.weights, len(drawn.index), config.batch)
        learner.learn(
            self.weights,
            learner.zeros(self.weights),
            memory,
            *drawn,
            self.task.kind,
            config.activation == "tanh",
            config.alpha,
            config.lr,
            config.bound,
            norms,
        )
        return norms

    def check(self) -> None:
        """Success: of some fresh sequences few are wrong, and of many more. Otherwise it ends with the last update."""
        config, lengths = self.config, self.checked
        finite = self.finite()
        look = max(self.share_wrong(CHECK, length, config.check_sequences) for length in lengths)
        self.curve.append((self.updates, look))
        self.done = not finite or self.updates >= config.max_updates
        if (look < SUCCESS and look <= self.least) or (self.done and not self.solved):
            wrong = {
                length: self.share_wrong(TEST, length, config.test_sequences) if finite else 1.0 for length in lengths
            }
            success = max(wrong.values()) < SUCCESS
            if success:
                self.solved_after = self.solved_after or self.updates
                self.best, self.least = learner.Weights(*(weight.copy() for weight in self.weights)), look
            if success or self.done:
                self.wrong = wrong
        self.done |= self.perfect or (self.solved and not config.mixed)
        if self.done:
            self.finish()

    def finish(self) -> None:
        """Tests the best network, or the last one where none succeeded."""
        wrong = self.wrong
        if self.solved:
            for weight, best in zip(self.weights, self.best, strict=True):
                weight[...] = best
            wrong = wrong | {
                length: self.share_wrong(TEST, length, self.config.test_sequences)
                for length in self.config.test_lengths
            }
        self.results = {f"test/wrong/{length}": share for length, share in sorted(wrong.items())}
        if self.finite():
            self.results["radius"] = float(np.abs(np.linalg.eigvals(self.weights.recurrent.astype(float))).max())

    def finite(self) -> bool:
        return all(np.isfinite(weight).all() for weight in self.weights)

    def share_wrong(self, purpose: int, length: int, sequences: int) -> float:
        """Share of fresh sequences that are answered wrongly."""
        size, wrong = max(1, min(sequences, STEPS_AT_ONCE // length)), 0
        for start in range(0, sequences, size):
            drawn = self.draw(purpose, start, length, min(size, sequences - start))
            wrong += learner.count_wrong(self.weights, *drawn, self.task.kind, self.config.activation == "tanh", ENOUGH)
        return wrong / sequences

    def state(self) -> dict:
        """All that an exact resume needs, in types that a checkpoint may hold."""
        names = ("updates", "seconds", "solved_after", "done", "least", "wrong", "results", "curve", "trace")
        return {
            "weights": tensors(self.weights),
            "best": self.best and tensors(self.best),
            **{name: getattr(self, name) for name in names},
        }

    def load_state(self, state: dict) -> None:
        for name, value in state.items():
            is_weights = name in ("weights", "best") and value
            setattr(self, name, learner.Weights(**{k: w.numpy() for k, w in value.items()}) if is_weights else value)


def tensors(weights: learner.Weights) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(weight.copy()) for name, weight in weights._asdict().items()}
