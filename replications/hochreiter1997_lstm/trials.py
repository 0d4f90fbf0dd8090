"""One trial of experiments 1 to 6: on-line learning until the experiment's own criterion is met (1997, section 5).

A trial advances a few hundred sequences at a time, so that many can share the processor and each can be interrupted
and resumed exactly (see :class:`common.training.trials.Trial`): its weights, its generators and its counts are its
state.
"""

import numpy as np
import torch

from replications.hochreiter1997_lstm import elman_kernel, model
from replications.hochreiter1997_lstm.config import Config
from replications.hochreiter1997_lstm.data import task
from replications.hochreiter1997_lstm.online import ELMAN, LSTM, Criterion, Learning, Window
from replications.hochreiter1997_lstm.tasks.sequences import Sequences

SYMBOLS_AT_ONCE = 100_000  # a chunk of sequences, in steps
GROWN_ENOUGH = 0.99  # 2a, 2b: the error has stopped falling when 100 sequences lower it by less than 1 %


def generator(seed: int, purpose: int) -> np.random.Generator:
    """Independent streams of random numbers for the weights (0), the training (1) and the test sequences (2)."""
    return np.random.default_rng([seed, purpose])


class Trial:
    """What all experiments share: a network, its task and its count of sequences.

    ``results`` maps a metric to its value; ``done`` says that the trial is over.
    """

    own: tuple[str, ...] = ()  # further attributes that change
    measure = "train/error"  # what the curve shows

    def __init__(self, config: Config, seed: int):
        self.config, self.seed = config, seed
        self.task = task(config)
        self.build, self.learner = (elman_kernel, ELMAN) if config.cell == "elman" else (model, LSTM)
        self.network = self.build.network(config, self.task.inputs, self.task.outputs)
        self.memory = self.build.initial(config, self.network, generator(seed, 0))
        self.rng = generator(seed, 1)
        self.window = Window(np.zeros(config.window), np.zeros(config.window), np.zeros(1, np.int64))
        self.learning = Learning(
            config.lr,
            config.update == "step",
            config.task == "lag_2b",
            config.errors == "last",
            config.targets == "legal",
        )
        self.curve: list[tuple[int, float]] = []  # (sequences, mean absolute error of the last ones)
        self.results: dict[str, float] = {}
        self.done = False
        self.seconds = 0.0

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        """W and V, which share their memory with what the compiled code changes."""
        return {"W": torch.from_numpy(self.memory.W), "V": torch.from_numpy(self.memory.V)}

    @property
    def sequences(self) -> int:
        """Training sequences so far."""
        return int(self.window.count[0])

    @property
    def parameters(self) -> int:
        """How many weights the network has."""
        return self.build.parameters(self.network)

    def summary(self) -> str:
        """The trial in words."""
        if not self.done:
            return f"{self.sequences:,} sequences so far"
        return ("solved" if self.results["solved"] else "not solved") + f" after {self.sequences:,} sequences"

    def state(self) -> dict:
        arrays = {name: torch.from_numpy(array) for name, array in self.arrays().items()}
        return {
            "arrays": arrays,
            "rng": self.rng.bit_generator.state,
            "results": self.results,
            "curve": self.curve,
            "own": {name: getattr(self, name) for name in ("done", "seconds", *self.own)},
        }

    def load_state(self, state: dict) -> None:
        for name, array in self.arrays().items():
            array[...] = state["arrays"][name].numpy()
        self.rng.bit_generator.state = state["rng"]
        self.results, self.curve = state["results"], [tuple(point) for point in state["curve"]]
        for name, value in state["own"].items():
            setattr(self, name, value)

    def arrays(self) -> dict[str, np.ndarray]:
        return {**self.memory._asdict(), **{f"window/{name}": a for name, a in self.window._asdict().items()}}

    def criterion(self, allowed: int, mean_below: float | None = None) -> Criterion:
        return Criterion(self.config.tolerance, allowed, np.inf if mean_below is None else mean_below)

    def train(self, batch: Sequences, criterion: Criterion) -> bool:
        """Learns from a batch; whether the criterion of the last sequences is met."""
        return self.learner.train(self.network, self.memory, batch, self.learning, self.window, criterion)

    def test(self, batch: Sequences, allowed: int | None = None) -> tuple[float, float, float]:
        """Wrong sequences, mean absolute and mean squared error of a batch, weights fixed.

        With ``allowed``, testing ends as soon as more sequences are wrong.
        """
        worst, mean, squared = self.errors(batch, batch.size if allowed is None else allowed)
        return float((worst >= self.config.tolerance).sum()), float(mean.mean()), float(squared.mean())

    def errors(self, batch: Sequences, allowed: int) -> np.ndarray:
        """Worst, mean absolute and mean squared error of each sequence ``[3, N]``, weights fixed."""
        errors = np.zeros((3, batch.size))
        judged = self.learner.test(self.network, self.memory, batch, self.learning, self.criterion(allowed), errors)
        return errors[:, :judged]

    def fresh_test(self) -> tuple[float, float, float]:
        """As :meth:`test`, on new sequences: fraction wrong, mean absolute and mean squared error."""
        batch = task(self.config, noise_free=True).sample(generator(self.seed, 2), self.config.test_sequences)
        wrong, mean, squared = self.test(batch)
        return wrong / batch.size, mean, squared

    def chunk(self) -> int:
        """How many sequences to learn from before anyone looks."""
        return max(1, min(1000, SYMBOLS_AT_ONCE // self.config.length))

    def note(self) -> None:
        """A point of the learning curve, about each time the count has grown by a tenth."""
        if not self.curve or self.sequences >= 1.1 * self.curve[-1][0]:
            last = min(self.sequences, len(self.window.mean))
            self.curve.append((self.sequences, float(self.window.mean[:last].mean())))

    def give_up(self) -> None:
        if not self.done and self.sequences >= self.config.max_sequences:
            self.results.setdefault("solved", 0.0)
            self.done = True


class Windowed(Trial):
    """Experiments 2, 4, 5 and 6: over when the last 2000 (2: 10,000) training sequences meet the criterion.

    Experiment 5 has two criteria, met in turn by one training. In experiment 2 the sequences of the window are those of
    the success criterion itself and do not count as training.
    """

    own = ("stage", "growing", "lowest")

    def __init__(self, config: Config, seed: int):
        super().__init__(config, seed)
        self.stage = 0
        self.growing = config.grow
        self.lowest = np.inf

    def advance(self) -> None:
        if self.growing:
            self.learn_outputs_only()
        else:
            allowed = self.config.allowed_wrong[self.stage]
            criterion = self.criterion(allowed, self.config.mean_error_below)
            if self.train(self.task.sample(self.rng, self.chunk()), criterion):
                self.met(allowed + 1)
        self.note()
        self.give_up()

    def met(self, bound: int) -> None:
        stages = len(self.config.allowed_wrong)
        suffix = f"/{bound}" if stages > 1 else ""
        posed = self.config.window if self.config.task.startswith("lag") else 0
        self.results[f"sequences{suffix}"] = self.sequences - posed
        wrong, error, squared = self.fresh_test()
        self.results |= {f"test/wrong{suffix}": wrong, f"test/error{suffix}": error, f"test/mse{suffix}": squared}
        self.stage += 1
        if self.stage == stages:
            self.results["solved"] = 1.0
            self.done = True

    def learn_outputs_only(self) -> None:
        """The first phase of 2a and 2b: no cells yet; over once 100 sequences do not lower the error any more."""
        net, V, cells = self.network, self.memory.V, self.network.blocks * self.network.size
        bare = net._replace(present=0 * net.present, present_out=net.present_out.copy())
        held, V[:, :cells], bare.present_out[:, :cells] = V[:, :cells].copy(), 0, 0
        batch, learning = self.task.sample(self.rng, 100), self.learning._replace(last_only=False)
        LSTM.train(bare, self.memory, batch, learning, self.window, self.criterion(-1))
        V[:, :cells] = held
        error = float(self.window.mean[self.sequences - 100 : self.sequences].mean())
        self.growing = error < GROWN_ENOUGH * self.lowest and self.sequences < len(self.window.mean)
        self.lowest = min(self.lowest, error)


class Tested(Trial):
    """Experiment 3: over when a test set of 256 sequences meets the criterion; ST1 by the wrong ones alone, ST2 by
    their mean error as well."""

    def __init__(self, config: Config, seed: int):
        super().__init__(config, seed)
        self.held_out = task(config, noise_free=True).sample(generator(seed, 3), 256)

    def advance(self) -> None:
        self.train(self.task.sample(self.rng, self.config.check_every), self.criterion(-1))
        self.judge()
        self.note()
        self.give_up()

    def judge(self) -> None:
        allowed = self.config.allowed_wrong[0]
        wrong, error, _ = self.test(self.held_out, allowed)
        if wrong <= allowed:
            self.results.setdefault("sequences/st1", self.sequences)
            if error < self.config.mean_error_below:
                self.results |= {"sequences/st2": self.sequences, "sequences": self.sequences, "solved": 1.0}
                self.results["test/wrong"], self.results["test/error"], _ = self.fresh_test()
                self.done = True


class Guessed(Tested):
    """Experiment 3 without learning: weights are drawn anew until the criterion is met, and draws are counted.

    The paper itself says that guessing solves 3a faster (1997, section 5.3).
    """

    def advance(self) -> None:
        drawn = self.build.initial(self.config, self.network, self.rng)
        self.memory.W[:], self.memory.V[:] = drawn.W, drawn.V
        self.window.count[0] += 1
        self.judge()
        self.give_up()


class Grammar(Trial):
    """Experiment 1: over when every symbol of 256 training and 256 test strings is predicted.

    Three pairs of training and test sets, each met by every third trial.
    """

    def __init__(self, config: Config, seed: int):
        super().__init__(config, seed)
        self.strings, self.held_out = self.task.split(generator(seed % 3, 3))

    def advance(self) -> None:
        chosen = self.rng.integers(self.strings.size, size=self.config.check_every)
        self.train(self.strings.chosen(chosen), self.criterion(-1))
        if all(self.right(strings) for strings in (self.held_out, self.strings)):
            self.results |= {"sequences": self.sequences, "solved": 1.0}
            self.done = True
        self.note()
        self.give_up()

    def right(self, strings: Sequences) -> bool:
        return self.learner.first_misprediction(self.network, self.memory, strings) == strings.size
