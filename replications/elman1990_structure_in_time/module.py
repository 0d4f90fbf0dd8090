"""How the networks are trained: each by itself, on-line, for a fixed number of passes; several side by side."""

from replications.elman1990_structure_in_time import data
from replications.elman1990_structure_in_time.config import Config
from replications.elman1990_structure_in_time.learner import CONTEXTS, learn
from replications.elman1990_structure_in_time.model import Network

POINTS = 30  # of a learning curve, at most


class Trial:
    """A network, what it learns from, and how far it is (see :class:`common.training.trials.Trial`).

    The context is not reset, neither between sentences nor between passes.
    """

    def __init__(self, config: Config, seed: int):
        self.config = config
        self.network = Network(config, seed)
        self.stream = data.stream(config.corpus, config.examples, seed)
        self.context = self.network.first_context()
        self.curve: list[tuple[int, float]] = []  # (passes, root of the mean squared error)
        self.passes, self.seconds = 0, 0.0

    @property
    def done(self) -> bool:
        return self.passes == self.config.passes

    def advance(self) -> None:
        """One pass."""
        config, layers, targets = self.config, (self.network.hidden, self.network.output), self.stream.targets
        weights = [part.detach().numpy() for layer in layers for part in (layer.weight, layer.bias)]
        squares = learn(
            *weights,
            self.context.numpy(),
            self.stream.inputs.numpy(),
            targets.numpy(),
            CONTEXTS.index(config.context),
            config.decay,
            config.lr,
        )
        self.passes += 1
        if self.done or self.passes % -(-config.passes // POINTS) == 0:
            self.curve.append((self.passes, (squares / targets.numel()) ** 0.5))

    def summary(self) -> str:
        return f"error {self.curve[-1][1]:.3f} after {self.passes} passes"

    def state(self) -> dict:
        return {
            "weights": self.network.state_dict(),
            "context": self.context,
            "curve": self.curve,
            "passes": self.passes,
            "seconds": self.seconds,
        }

    def load_state(self, state: dict) -> None:
        self.network.load_state_dict(state["weights"])
        self.context, self.curve = state["context"], state["curve"]
        self.passes, self.seconds = state["passes"], state["seconds"]
