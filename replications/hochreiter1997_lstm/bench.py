"""Speed of on-line learning, one sequence per update: ten networks on the adding problem (experiment 4, T = 100).

All cases read the same sequences: replica r those of seed r. The plain networks are torch's own: four cells, with
forget gates, without connections between gates; their gradient goes all the way back.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn

from common import config
from replications.hochreiter1997_lstm.tasks.sequences import Sequences
from replications.hochreiter1997_lstm.trials import Windowed, generator

REPLICAS, SEQUENCES, PLAIN_SEQUENCES, CELLS, LR = 10, 500, 2, 4, 0.5  # sequences: of each replica, in one round
UNIT = "sequences"
REFERENCE = "plain torch: nn.LSTMCell, one network after another"


def trial(replica: int) -> Windowed:
    """The network of experiment 4, with 93 weights, and its task."""
    paper = "hochreiter1997_lstm"
    return Windowed(config.validate(paper, config.resolve(paper, "adding_t100", "paper"), "bench"), replica)


def sequences(replica: int, n: int) -> Sequences:
    return trial(replica).task.sample(generator(replica, 1), n)


def plain_sequences(replica: int) -> list[tuple[Tensor, Tensor]]:
    """Inputs ``[T, 1, 2]`` and targets ``[1, 1]``."""
    batch = sequences(replica, PLAIN_SEQUENCES)
    return [
        (torch.tensor(value[:length, None], dtype=torch.float32), torch.tensor(target[None], dtype=torch.float32))
        for value, length, target in zip(batch.value, batch.length, batch.target, strict=True)
    ]


class Cells(nn.Module):
    """What one writes first: a loop over ``nn.LSTMCell``, and ``nn.Linear`` at the end."""

    def __init__(self):
        super().__init__()
        self.cell, self.linear = nn.LSTMCell(2, CELLS), nn.Linear(CELLS, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        state = None
        for x in inputs:
            state = self.cell(x, state)
        return torch.sigmoid(self.linear(state[0]))


class Layer(nn.Module):
    """``nn.LSTM`` in place of the loop."""

    def __init__(self):
        super().__init__()
        self.lstm, self.linear = nn.LSTM(2, CELLS), nn.Linear(CELLS, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.sigmoid(self.linear(self.lstm(inputs)[0][-1]))


class Batched(nn.Module):
    """The networks of :class:`Cells` side by side, each with its own weights, one ``torch.baddbmm`` a step."""

    def __init__(self, networks: list[Cells]):
        super().__init__()
        rows = [torch.cat([n.cell.weight_ih, n.cell.weight_hh], dim=1).t() for n in networks]
        self.weight = nn.Parameter(torch.stack(rows).detach())  # [R, 2 + H, 4 H]
        self.bias = nn.Parameter(torch.stack([n.cell.bias_ih + n.cell.bias_hh for n in networks]).detach()[:, None])
        self.out = nn.Parameter(torch.stack([n.linear.weight.t() for n in networks]).detach())
        self.out_bias = nn.Parameter(torch.stack([n.linear.bias for n in networks]).detach()[:, None])

    def forward(self, inputs: Tensor, length: Tensor) -> Tensor:
        """Inputs ``[T, R, 1, 2]``, padded, and their lengths ``[R]`` to answers ``[R, 1, 1]``."""
        h = c = inputs.new_zeros(len(length), 1, CELLS)
        outputs = []
        for x in inputs:
            i, f, g, o = torch.baddbmm(self.bias, torch.cat([x, h], dim=2), self.weight).chunk(4, dim=2)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        last = torch.stack(outputs)[length - 1, torch.arange(len(length))]
        return torch.sigmoid(torch.baddbmm(self.out_bias, last, self.out))


def learn(optimiser: torch.optim.Optimizer, answer: Tensor, target: Tensor) -> None:
    """One update; the errors of several networks add up, and each weight hears of its own only."""
    loss = ((target - answer) ** 2).sum() / 2
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def plain(kind: type[nn.Module] = Cells) -> Callable[[], int]:
    networks, data = [kind() for _ in range(REPLICAS)], [plain_sequences(r) for r in range(REPLICAS)]
    optimisers = [torch.optim.SGD(network.parameters(), LR) for network in networks]

    def work() -> int:
        for network, optimiser, pairs in zip(networks, optimisers, data, strict=True):
            for inputs, target in pairs:
                learn(optimiser, network(inputs), target)
        return REPLICAS * PLAIN_SEQUENCES

    return work


def batched() -> Callable[[], int]:
    networks = Batched([Cells() for _ in range(REPLICAS)])
    optimiser = torch.optim.SGD(networks.parameters(), LR)
    turns = [zip(*turn, strict=True) for turn in zip(*map(plain_sequences, range(REPLICAS)), strict=True)]
    data = [
        (nn.utils.rnn.pad_sequence(inputs), torch.tensor([len(each) for each in inputs]), torch.stack(targets))
        for inputs, targets in turns
    ]

    def work() -> int:
        for inputs, length, target in data:
            learn(optimiser, networks(inputs, length), target)
        return REPLICAS * PLAIN_SEQUENCES

    return work


def compiled(threads: int) -> Callable[[], int]:
    """As ``replicate run`` trains them."""
    trials, data = [trial(r) for r in range(REPLICAS)], [sequences(r, SEQUENCES) for r in range(REPLICAS)]
    never, pool = trials[0].criterion(allowed=-1), ThreadPoolExecutor(threads)

    def work() -> int:
        for met in pool.map(lambda each, batch: each.train(batch, never), trials, data):
            assert not met
        return REPLICAS * SEQUENCES

    return work


CASES = {
    REFERENCE: plain,
    "plain torch: nn.LSTM, one network after another": lambda: plain(Layer),
    "plain torch: ten networks side by side, baddbmm": batched,
    "compiled learner, one thread": lambda: compiled(1),
    "compiled learner, as many threads as torch has": lambda: compiled(torch.get_num_threads()),
}
