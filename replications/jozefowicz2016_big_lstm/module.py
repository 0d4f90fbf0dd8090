"""How the networks are trained: Adagrad on a sampled loss, only the LSTM's gradient clipped (section 4.3)."""

from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Shard, distribute_tensor

from common.layers.table import Table
from common.text.characters import CharacterCNN
from common.training.on_streams import OnStreams
from replications.jozefowicz2016_big_lstm.config import Config
from replications.jozefowicz2016_big_lstm.model import CharacterLSTM, LSTMLanguageModel


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor that may be sharded; every process has to ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


class WordPredictor(OnStreams):
    """What the two trainings share: Adagrad, and weights that several processes share out.

    DDP averages the gradient of the network's body; each :class:`common.layers.table.Table` is sharded.
    """

    evaluation_matrix = None  # of :meth:`matrix`, kept while the weights are

    def matrix(self):
        """What evaluation computes once for all its batches."""
        return None

    def loss(self, words: Tensor, next_words: Tensor) -> tuple[Tensor, float]:
        mean = self.mean_loss(words, next_words)
        # summed over the window, averaged over streams, as in the authors' code
        return mean * len(words), mean.item() * words.numel()

    @abstractmethod
    def mean_loss(self, words: Tensor, targets: Tensor) -> Tensor:
        """The training loss, nats per word, advancing ``self.state``."""

    def training_curve(self, nats: float) -> dict[str, float]:
        return {"train/loss": nats}

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

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        if index == 0:
            self.evaluation_matrix = self.matrix()
        super().validation_step(batch, index)

    def on_validation_epoch_end(self) -> None:
        self.evaluation_matrix = None
        super().on_validation_epoch_end()

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["state_dict"] = {name: whole(weight) for name, weight in checkpoint["state_dict"].items()}
        (optimiser,) = checkpoint["optimizer_states"]  # its entries are the optimiser's own
        optimiser["state"] = {n: {**kept, "sum": whole(kept["sum"])} for n, kept in optimiser["state"].items()}

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        super().on_load_checkpoint(checkpoint)
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

    def mean_loss(self, words: Tensor, targets: Tensor) -> Tensor:
        hidden, self.state = self.network(words, self.state)
        # by the update, so that a resumed training, and every process, draws the same words
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + self.trainer.global_step)
        return self.network.output.training_loss(hidden.flatten(0, 1), targets.flatten(), generator).mean()

    def matrix(self):
        return self.network.output.matrix()

    def exact(self, words, targets, state):
        hidden, state = self.network(words, state)
        return self.network.output(hidden.flatten(0, 1), targets.flatten(), self.evaluation_matrix), state

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

    def mean_loss(self, words: Tensor, targets: Tensor) -> Tensor:
        nats, self.state = self.exact(words, targets, self.state)
        return nats.mean()

    def exact(self, words, targets, state):
        with torch.no_grad():
            hidden, state = self.network(words, state)
        return self.characters(hidden.flatten(0, 1), targets.flatten()), state

    def parameter_groups(self) -> list[dict]:
        return [{"params": list(self.characters.parameters())}]
