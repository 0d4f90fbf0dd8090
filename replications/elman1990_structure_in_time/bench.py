"""Speed of learning the words without gaps, one letter after another with an update each, against plain torch."""

from collections.abc import Callable

import torch

from common import config
from replications.elman1990_structure_in_time.config import Config
from replications.elman1990_structure_in_time.model import Network
from replications.elman1990_structure_in_time.module import Trial

PAPER, STEPS = "elman1990_structure_in_time", 300
UNIT = "updates"
REFERENCE = "plain torch: autograd, SGD"
SETTINGS: Config = config.validate(PAPER, config.resolve(PAPER, "words", "paper"), PAPER)


def plain() -> Callable[[], int]:
    """What one writes first: the loss of a step, its gradient, an update; the hidden state is copied."""
    network, stream = Network(SETTINGS), Trial(SETTINGS, 1).stream
    optimiser = torch.optim.SGD(network.parameters(), SETTINGS.lr)

    def work() -> int:
        context = network.first_context()
        for read, target in zip(stream.inputs[:STEPS], stream.targets, strict=False):
            hidden = torch.sigmoid(network.hidden(torch.cat([read, context])))
            loss = (torch.sigmoid(network.output(hidden)) - target).square().sum() / 2
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            context = hidden.detach()
        return STEPS

    return work


def ours() -> Callable[[], int]:
    """A pass over the whole text, compiled."""
    trial = Trial(SETTINGS, 1)

    def work() -> int:
        trial.advance()
        return len(trial.stream.inputs)

    return work


CASES = {REFERENCE: plain, "compiled": ours}
