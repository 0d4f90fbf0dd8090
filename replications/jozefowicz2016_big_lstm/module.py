"""How the networks are trained: Adagrad on a sampled loss, only the LSTM's gradient clipped (section 4.3)."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from common.metrics.perplexity import of_sum
from common.text.characters import CharacterCNN
from common.training.clipping import clip_norm
from common.training.sharded import Sharded
from replications.jozefowicz2016_big_lstm.config import Config
from replications.jozefowicz2016_big_lstm.model import CharacterLSTM, LSTMLanguageModel, State


class WordPredictor(Sharded, ABC):
    """What the two trainings share. The state is carried from window to window, and starts anew with every epoch."""

    counted = "words"

    def __init__(self, config: Config, network: LSTMLanguageModel):
        super().__init__()
        self.config, self.network = config, network
        self.state = self.valid_state = ()
        self.score: Callable | None = None

    @abstractmethod
    def nats_to_learn(self, words: Tensor, next_words: Tensor, state: State) -> tuple[Tensor, State]:
        """The training loss of next words ``[T, B]`` in nats ``[T * B]``, and the state after them."""

    @abstractmethod
    def scorer(self) -> Callable[[Tensor, Tensor, State], tuple[Tensor, State]]:
        """What gives the nats ``[T * B]`` of next words ``[T, B]`` by the full softmax, and the state after them, while
        the weights are as they are: what is the same for all words is computed once."""

    @abstractmethod
    def parameter_groups(self) -> list[dict]:
        """What is optimised, with rates."""

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> dict:
        words, next_words = batch
        state = self.state if index else self.network.initial(words.shape[1])
        nats, self.state = self.nats_to_learn(words, next_words, state)
        # summed over the window, averaged over streams, as in the authors' code
        return {"loss": nats.mean() * len(words), "sums": {"nats": nats.sum(), "words": nats.numel()}}

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> dict:
        words, next_words = batch
        if index == 0:
            self.score, self.valid_state = self.scorer(), self.network.initial(words.shape[1])
        with torch.autocast(self.device.type, enabled=False):
            nats, self.valid_state = self.score(words, next_words, self.valid_state)
        return {"nats": nats.double().sum(), "words": nats.numel()}

    def on_validation_epoch_end(self) -> None:
        self.score = None  # with what it has computed

    def curves(self, train: dict, valid: dict) -> dict[str, float]:
        return {
            "valid/nll": valid["nats"] / valid["words"],
            "valid/perplexity": of_sum(**valid),
            "train/loss": train["nats"] / train["words"],
        }

    def configure_optimizers(self) -> torch.optim.Optimizer:
        config = self.config
        return torch.optim.Adagrad(
            self.parameter_groups(), config.lr, initial_accumulator_value=config.initial_accumulator
        )


class LanguageModel(WordPredictor):
    """The network with a softmax over words.

    Args:
        spelling: the characters of each word ``[V, L]``.
        seed: decides which words are sampled at which update.
    """

    def __init__(self, config: Config, spelling: Tensor, seed: int = 1):
        super().__init__(config, LSTMLanguageModel(config, spelling))
        self.seed = seed

    def standardise(self, spelling: Tensor) -> None:
        """The end of the initialisation: see :meth:`common.text.characters.CharacterCNN.standardise`."""
        for part in self.modules():
            if isinstance(part, CharacterCNN):
                part.standardise(spelling[:1000])  # the most frequent words

    def nats_to_learn(self, words: Tensor, next_words: Tensor, state: State) -> tuple[Tensor, State]:
        hidden, state = self.network(words, state)
        # by the update, so that a resumed training, and every process, draws the same words
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + self.trainer.global_step)
        return self.network.output.training_loss(hidden.flatten(0, 1), next_words.flatten(), generator), state

    def scorer(self) -> Callable[[Tensor, Tensor, State], tuple[Tensor, State]]:
        return partial(self.exact, matrix=self.network.output.matrix())

    def exact(self, words: Tensor, next_words: Tensor, state: State, matrix: tuple) -> tuple[Tensor, State]:
        hidden, state = self.network(words, state)
        return self.network.output(hidden.flatten(0, 1), next_words.flatten(), matrix), state

    def parameter_groups(self) -> list[dict]:
        config, network = self.config, self.network
        tables = [weight for table in self.tables for weight in table.parameters()]
        parts = [
            (tables, config.lr),
            (network.output.parameters(), config.cnn_softmax_lr),
            (network.inputs.parameters(), config.cnn_input_lr),
            (network.parameters(), config.lr),
        ]
        groups, known = [], set()
        for weights, lr in parts:
            new = [weight for weight in weights if id(weight) not in known]
            known |= {id(weight) for weight in new}
            groups += [{"params": new, "lr": lr}] if new else []
        return groups

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Clips the gradient of the LSTM's weights, and no other."""
        clip_norm(self.network.layers.parameters(), self.config.clip_norm)


class CharacterPredictor(WordPredictor):
    """A character LSTM on top of a trained network, which is frozen and needs its softmax no more (section 3.4).

    Args:
        spelling: the characters of each word ``[V, L]``.
    """

    def __init__(self, config: Config, spelling: Tensor, network: LSTMLanguageModel):
        super().__init__(config, network.requires_grad_(False).eval())
        del network.output
        self.characters = CharacterLSTM(config, spelling)

    def train(self, mode: bool = True) -> "CharacterPredictor":
        super().train(mode)
        self.network.eval()  # frozen, dropout included
        return self

    def nats_to_learn(self, words: Tensor, next_words: Tensor, state: State) -> tuple[Tensor, State]:
        with torch.no_grad():
            hidden, state = self.network(words, state)
        return self.characters(hidden.flatten(0, 1), next_words.flatten()), state

    def scorer(self) -> Callable[[Tensor, Tensor, State], tuple[Tensor, State]]:
        return self.nats_to_learn

    def parameter_groups(self) -> list[dict]:
        return [{"params": list(self.characters.parameters())}]
