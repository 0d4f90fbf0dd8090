"""Optimisers that find a step size for each weight."""

from functools import partial

from torch.optim import Adadelta, Adam

ADAPTIVE = {
    "adadelta": partial(Adadelta, rho=0.95, eps=1e-6),  # as the papers of 2014 set it; lr is a factor
    "adam": partial(Adam, fused=True),
}
