"""Speed of learning: ten networks of 50 units on the temporal order at length 50, with clipping and the regulariser;
and of text, one sequence after another, and music, four side by side.

All cases make the same updates on the same sequences. The plain network is what one writes first: a loop over the
steps, automatic derivatives, the regulariser from ``torch.autograd.grad`` at the states (section 3.3).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor
from torch.nn import functional

from common import config
from replications.pascanu2013_clipping.data import Characters, Music
from replications.pascanu2013_clipping.experiment import flush_denormal
from replications.pascanu2013_clipping.model import Network
from replications.pascanu2013_clipping.trials import TRAIN, Trial
from replications.pascanu2013_clipping.update import ClippedDescent

PAPER, LENGTH, NETWORKS, UPDATES, PLAIN_UPDATES = "pascanu2013_clipping", 50, 10, 20, 2
UNIT = "updates"
ALPHABET, SOUNDING = 50, 0.05  # characters; the part of the notes that sound
REFERENCE = "plain torch: a loop over the steps, one network after another"


def trial(seed: int) -> Trial:
    """The network of figure 7 that learns with clipping and the regulariser."""
    return Trial(config.validate(PAPER, config.resolve(PAPER, "tanh_cr", "paper"), "bench"), seed, (LENGTH,))


def plain_states(network: Network, inputs: Tensor) -> list[Tensor]:
    """``network.states`` as one writes them first, each ``[B, H]``."""
    squash, states = torch.tanh if network.activation == "tanh" else torch.sigmoid, [network.initial(inputs.shape[1])]
    for x in functional.one_hot(inputs, ALPHABET).float() if inputs.dim() == 2 else inputs:
        states.append(squash(x @ network.input + states[-1] @ network.recurrent + network.bias))
    return states[1:]


def stacked(network: Network, inputs: Tensor) -> Tensor:
    """The same as one tensor ``[T, B, H]``."""
    return torch.stack(plain_states(network, inputs))


class Plain(Network):
    """The same network, without any thought of speed."""

    def __init__(self, seed: int):
        task, settings = trial(seed).task, trial(seed).config
        super().__init__(task.inputs, settings.hidden, task.outputs, settings.activation, settings.initialisation, seed)

    def update(self, inputs: Tensor, target: Tensor, alpha: float, rate: float, threshold: float) -> None:
        """One step of algorithm 1 on inputs ``[T, B, I]`` and targets ``[B]``."""
        states = plain_states(self, inputs)
        loss = functional.cross_entropy(self.outputs(states[-1]), target)
        signals = torch.autograd.grad(loss, states, retain_graph=True)
        loss.backward()
        penalties, valid = [], []
        for signal, state in zip(signals[1:], states[1:], strict=True):
            carried = (signal * (1 - state.detach().square())) @ self.recurrent.T
            power = signal.square().sum(-1)
            alive = power > 1e-20
            ratio = torch.where(alive, carried.square().sum(-1) / torch.where(alive, power, 1.0), 1.0)
            penalties.append((ratio - 1).square().mean())
            valid.append(alive.float().mean())
        (gradient,) = torch.autograd.grad(torch.stack(penalties).sum() / torch.stack(valid).sum(), self.recurrent)
        self.recurrent.grad += alpha * gradient
        torch.nn.utils.clip_grad_norm_(self.parameters(), threshold)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter -= rate * parameter.grad
                parameter.grad = None


def plain() -> Callable[[], int]:
    """All networks, one after another."""
    settings = trial(1).config
    networks = [Plain(seed) for seed in range(1, NETWORKS + 1)]
    drawn = [trial(seed).draw(TRAIN, 0, LENGTH, PLAIN_UPDATES * settings.batch) for seed in range(1, NETWORKS + 1)]
    batches = [
        (
            functional.one_hot(torch.from_numpy(each.index[..., 0]).long(), trial(1).task.inputs).float(),
            torch.from_numpy(each.target[0]).long(),
        )
        for each in drawn
    ]

    def work() -> int:
        for network, (inputs, target) in zip(networks, batches, strict=True):
            for part in range(0, len(target), settings.batch):
                network.update(
                    inputs[:, part : part + settings.batch],
                    target[part : part + settings.batch],
                    settings.alpha,
                    settings.lr,
                    settings.threshold,
                )
        return NETWORKS * PLAIN_UPDATES

    return work


def compiled(threads: int) -> Callable[[], Callable[[], int]]:
    """All networks, drawing their sequences too, in so many threads."""

    def make() -> Callable[[], int]:
        trials = [trial(seed) for seed in range(1, NETWORKS + 1)]

        def work() -> int:
            with ThreadPoolExecutor(threads, initializer=flush_denormal) as pool:
                list(pool.map(lambda each: each.learn(LENGTH, UPDATES), trials))
            return NETWORKS * UPDATES

        return work

    return make


CASES = {
    REFERENCE: plain,
    "compiled, one thread": compiled(1),
    "compiled, all threads": compiled(torch.get_num_threads()),
}


def natural(experiment: str, states: Callable[[Network, Tensor], Tensor]) -> Callable[[], Callable[[], None]]:
    """Ten updates of the network of an experiment, each on made-up sequences as long as its longest (section 4.2)."""

    def make() -> Callable[[], None]:
        settings = config.validate(PAPER, config.resolve(PAPER, experiment, "paper"), "bench")
        generator, shape = torch.Generator().manual_seed(1), (settings.window + 1, settings.batch)
        if settings.task == "music":
            data = Music({}, "")
            sequence = (torch.rand(*shape, data.inputs, generator=generator) < SOUNDING).float()
        else:
            data = Characters({}, ALPHABET, 1, "")
            sequence = torch.randint(data.inputs, shape, generator=generator)
        network = Network(
            data.inputs, settings.hidden, data.outputs, settings.activation, settings.initialisation, 1, settings.biases
        )
        descent = ClippedDescent(network, settings.lr, settings.bound)

        def work() -> None:
            for _ in range(10):
                losses = data.losses(network.outputs(states(network, sequence[:-1])), sequence[1:])
                descent.zero_grad()
                (losses.sum() if settings.total else losses.mean()).backward()
                descent.step()

        return work

    return make


TASKS = {
    "ten updates on 200 characters, 500 units: plain torch": natural("characters_c", stacked),
    "ten updates on 200 characters, 500 units: ours": natural("characters_c", Network.states),
    "ten updates on 4 x 200 steps of music, 400 units: plain torch": natural("musedata_c", stacked),
    "ten updates on 4 x 200 steps of music, 400 units: ours": natural("musedata_c", Network.states),
}
