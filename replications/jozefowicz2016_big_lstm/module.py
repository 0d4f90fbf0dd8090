"""How the networks are trained: Adagrad on a sampled loss, only the LSTM's gradient clipped (section 4.3)."""

import math
import time
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Shard, distribute_tensor

from common.errors import UserError
from common.table import Table
from common.text.characters import CharacterCNN
from common.training.fit import Module
from replications.jozefowicz2016_big_lstm.config import Config
from replications.jozefowicz2016_big_lstm.model import CharacterLSTM, LSTMLanguageModel


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor that may be sharded; every process has to ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


class WordPredictor(Module, ABC):
    """What the two trainings share: losses, speed and states of windows ``[T, B]``, and their place in a checkpoint.

    States are carried from window to window across sentences and start anew with every epoch. With several processes,
    DDP averages the gradient of the network's body; each :class:`common.table.Table` is sharded.
    """

    curve = ""  # ends the names of learning curves

    def __init__(self, network: LSTMLanguageModel):
        super().__init__()
        self.network = network
        self.state = self.valid_state = None

    @abstractmethod
    def loss(self, words: Tensor, targets: Tensor) -> Tensor:
        """The training loss, nats per word, advancing ``self.state``."""

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        words, targets = batch
        if index == 0:
            self.state = self.network.initial(words.shape[1])
            self.nats, self.words = 0.0, 0
        loss = self.loss(words, targets)
        self.nats += loss.item() * targets.numel()
        self.words += targets.numel()
        return loss * len(words)  # summed over the window, averaged over streams, as in the authors' code

    @abstractmethod
    def exact(self, words: Tensor, targets: Tensor, state, matrix=None) -> tuple[Tensor, tuple]:
        """Negative log-probabilities (nats) ``[T * B]`` of targets ``[T, B]`` after words ``[T, B]``, and the state."""

    def matrix(self):
        """What evaluation computes once for all its batches."""
        return None

    def configure_model(self) -> None:
        """With several processes: shards the tables. DDP leaves them alone, and what never changes."""
        if self.trainer.world_size == 1:
            return
        device = self.trainer.strategy.root_device.type
        mesh = init_device_mesh(device, (self.trainer.world_size,))
        for part in self.modules():
            if isinstance(part, Table) and part.mesh is None:
                part.to(self.trainer.strategy.root_device)
                part.shard(mesh)
        self._ddp_params_and_buffers_to_ignore = [
            *(name for name, weight in self.named_parameters() if isinstance(weight, DTensor)),
            *(name for name, _ in self.named_buffers()),
        ]

    def gather(self) -> None:
        """Every process has the whole network again."""
        for part in self.modules():
            if isinstance(part, Table):
                part.gather()

    def weights(self) -> dict[str, Tensor]:
        """A copy of all weights, whole, on the CPU."""
        return {name: whole(weight).detach().cpu().clone() for name, weight in self.state_dict().items()}

    # --- Lightning's hooks

    def on_train_start(self) -> None:
        self.started = time.monotonic()
        if self.state is not None:  # resumed; a checkpoint is read to the CPU
            self.state = tuple(part.to(self.device) for part in self.state)

    def on_train_epoch_start(self) -> None:  # not called for an epoch that is resumed
        self.started, self.seconds = time.monotonic(), 0.0

    def on_validation_start(self) -> None:
        self.seconds += time.monotonic() - self.started
        self.valid_state = self.valid_matrix = None
        self.valid_nats, self.valid_words = 0.0, 0

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        words, targets = batch
        if index == 0:
            self.valid_state, self.valid_matrix = self.network.initial(words.shape[1]), self.matrix()
        with torch.autocast(self.device.type, enabled=False):
            nll, self.valid_state = self.exact(words, targets, self.valid_state, self.valid_matrix)
        self.valid_nats += nll.double().sum().item()
        self.valid_words += nll.numel()

    def on_validation_epoch_end(self) -> None:
        self.valid_matrix = None
        valid = self.valid_nats / self.valid_words
        nats, words = self.of_all_processes(self.totals())[0].sum(0).tolist()
        values = {"valid/nll": valid, "valid/perplexity": math.exp(valid), "train/loss": nats / words,
                  "train/words_per_second": words / self.seconds}
        self.log_dict({name + self.curve: value for name, value in values.items()}, sync_dist=True)

    def totals(self) -> Tensor:
        """Nats and words of the epoch so far ``[2]``."""
        return torch.tensor([self.nats, self.words], dtype=torch.float64, device=self.device)

    def of_all_processes(self, *parts: Tensor) -> list[Tensor]:
        """Each part ``[...]`` of every process, ``[processes, ...]``."""
        return [self.all_gather(part).view(self.trainer.world_size, *part.shape) for part in parts]

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["streams"] = self.of_all_processes(*self.state, self.totals())
        checkpoint["seconds"] = self.seconds + time.monotonic() - self.started
        checkpoint["state_dict"] = {name: whole(weight) for name, weight in checkpoint["state_dict"].items()}
        (optimiser,) = checkpoint["optimizer_states"]  # its entries are the optimiser's own
        optimiser["state"] = {n: {**kept, "sum": whole(kept["sum"])} for n, kept in optimiser["state"].items()}

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        processes, mine = len(checkpoint["streams"][-1]), self.trainer.global_rank
        if processes != self.trainer.world_size:
            raise UserError(f"this training was interrupted on {processes} devices and each has a part of the text; "
                            f"continue it with --devices {processes}, or delete {self.trainer.ckpt_path}")
        *state, totals = (part[mine] for part in checkpoint["streams"])
        self.state, self.seconds = tuple(state), checkpoint["seconds"]
        self.nats, self.words = totals.tolist()
        for name, weight in self.named_parameters():
            checkpoint["state_dict"][name] = like(checkpoint["state_dict"][name], weight)
        optimised = [weight for group in self.parameter_groups() for weight in group["params"]]
        for number, kept in checkpoint["optimizer_states"][0]["state"].items():
            kept["sum"] = like(kept["sum"], optimised[number])

    @abstractmethod
    def parameter_groups(self) -> list[dict]:
        """What is optimised, with rates."""

    def configure_optimizers(self) -> torch.optim.Optimizer:
        config = self.config
        return torch.optim.Adagrad(self.parameter_groups(), config.lr,
                                   initial_accumulator_value=config.initial_accumulator)


def like(tensor: Tensor, weight: nn.Parameter) -> Tensor:
    """A whole tensor, sharded as ``weight`` is."""
    if not isinstance(weight, DTensor):
        return tensor
    return distribute_tensor(tensor.to(weight.device), weight.device_mesh, [Shard(0)], src_data_rank=None)


class LanguageModel(WordPredictor):
    """The network with a softmax over words.

    Args:
        spelling: the characters of each word ``[V, L]``.
        seed: decides which words are sampled at which update.
    """

    def __init__(self, config: Config, spelling: Tensor, seed: int = 1):
        super().__init__(LSTMLanguageModel(config, spelling))
        self.config, self.seed = config, seed
        for part in self.modules():
            if isinstance(part, CharacterCNN):
                part.standardise(spelling[:1000])  # the most frequent words

    def loss(self, words: Tensor, targets: Tensor) -> Tensor:
        hidden, self.state = self.network(words, self.state)
        # by the update, so that a resumed training, and every process, draws the same words
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + self.trainer.global_step)
        return self.network.output.training_loss(hidden.flatten(0, 1), targets.flatten(), generator).mean()

    def matrix(self):
        return self.network.output.matrix()

    def exact(self, words, targets, state, matrix=None):
        hidden, state = self.network(words, state)
        return self.network.output(hidden.flatten(0, 1), targets.flatten(), matrix), state

    def parameter_groups(self) -> list[dict]:
        config, network = self.config, self.network
        tables = [weight for part in self.modules() if isinstance(part, Table) for weight in part.parameters()]
        parts = [(tables, config.lr), (network.output.parameters(), config.cnn_softmax_lr),
                 (network.inputs.parameters(), config.cnn_input_lr), (network.parameters(), config.lr)]
        groups, known = [], set()
        for weights, lr in parts:
            new = [weight for weight in weights if id(weight) not in known]
            known |= {id(weight) for weight in new}
            groups += [{"params": new, "lr": lr}] if new else []
        return groups

    def on_before_optimizer_step(self, optimizer) -> None:
        """Clips the gradient of the LSTM's weights, and no other."""
        if self.config.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.network.layers.parameters(), self.config.clip_norm)


class CharacterPredictor(WordPredictor):
    """A character LSTM on top of a trained network, which is frozen (section 3.4)."""

    curve = "/characters"

    def __init__(self, config: Config, spelling: Tensor, network: LSTMLanguageModel):
        super().__init__(network.requires_grad_(False).eval())
        self.config = config
        self.characters = CharacterLSTM(config, spelling)

    def train(self, mode: bool = True) -> "CharacterPredictor":
        super().train(mode)
        self.network.eval()  # frozen, dropout included
        return self

    def loss(self, words: Tensor, targets: Tensor) -> Tensor:
        nats, self.state = self.exact(words, targets, self.state)
        return nats.mean()

    def exact(self, words, targets, state, matrix=None):
        with torch.no_grad():
            hidden, state = self.network(words, state)
        return self.characters(hidden.flatten(0, 1), targets.flatten()), state

    def parameter_groups(self) -> list[dict]:
        return [{"params": list(self.characters.parameters())}]
