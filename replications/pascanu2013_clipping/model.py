"""The recurrent network of the paper, many replicas of it at once, and what runs back through it.

    h_t = act(h_{t-1} W_rec + u_t W_in + b)        section 1, equation 2 (on states after the nonlinearity)
    y_t = h_t W_out + c

Every weight has a replica axis R in front. Replicas share nothing: replica r learns what it would learn alone.
Sequences are ``[T, R, B, .]``: T steps, a minibatch of B sequences for each replica.
"""

import copy
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from replications.pascanu2013_clipping import scan

Initialisation = Literal["sigmoid", "tanh", "smart"]
SPARSE_LINKS, SPECTRAL_RADIUS = 15, 0.95  # of the "smart" initialisation
DEAD = 1e-20  # squared norm of a signal below which its ratio says nothing (the authors' code)


def slope(states: Tensor, activation: str) -> Tensor:
    """act'(.) from act(.), any shape."""
    return 1 - states.square() if activation == "tanh" else states * (1 - states)


class Scan(torch.autograd.Function):
    """The loop over time, there and back, with the vanishing-gradient regulariser on the way back (section 3.3).

    With d_t = dE/dh_t (the whole derivative) and v_t = (d_{t+1} . act'_{t+1}) W_rec^T, what d_{t+1} becomes one step
    earlier,

        Omega = mean over steps and sequences of (|v_t|^2 / |d_{t+1}|^2 - 1)^2                        (equations 9, 10)

    in the authors' scaling: ratio of squared norms, and steps whose signal is dead do not count. Only the immediate
    derivative is used: d and act' are constants, W_rec in v_t is the only path, so nothing but W_rec is changed.
    """

    @staticmethod
    def forward(ctx, drive: Tensor, recurrent: Tensor, start: Tensor, activation: str, alpha: Tensor | None) -> Tensor:
        """States ``[T, R, B, H]`` from drive u W_in + b ``[T, R, B, H]``, W_rec ``[R, H, H]``, start ``[R, B, H]``.

        ``alpha`` ``[R]`` weighs the regulariser's gradient; none: it is not computed.
        """
        states = drive.new_empty(len(drive) + 1, *drive.shape[1:])
        states[0] = start
        if scan.suits(drive):
            arrays = (part.contiguous().numpy() for part in (drive, recurrent.transpose(1, 2), states))
            scan.forward(*arrays, activation == "tanh")
        else:
            squash = torch.tanh_ if activation == "tanh" else torch.sigmoid_
            before = start
            for step, state in zip(drive, states[1:], strict=True):
                squash(torch.baddbmm(step, before, recurrent, out=state))
                before = state
        ctx.save_for_backward(states, recurrent)
        ctx.activation, ctx.alpha = activation, alpha
        return states[1:]

    @staticmethod
    def backward(ctx, direct: Tensor):
        states, recurrent = ctx.saved_tensors
        transposed = recurrent.transpose(1, 2)
        signals = direct.clone(memory_format=torch.contiguous_format)  # d
        blame = slope(states[1:], ctx.activation)  # act', then d . act'
        carried = torch.empty_like(signals)  # v
        if scan.suits(signals):
            scan.backward(*(part.contiguous().numpy() for part in (signals, blame, carried, recurrent)))
        else:
            for t in range(len(signals) - 1, -1, -1):
                blame[t] *= signals[t]
                if t:
                    torch.bmm(blame[t], transposed, out=carried[t - 1])
                    signals[t - 1] += carried[t - 1]
        before = states[:-1]
        if ctx.alpha is not None:
            before = before.clone()
            before[1:] += ctx.alpha[:, None, None] * regulariser_left(signals[1:], carried[:-1])
        gradient = _outer(before, blame)
        earlier = blame[0] @ transposed if ctx.needs_input_grad[2] else None
        return blame, gradient, earlier, None, None


def _ratios(signals: Tensor, carried: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """|v_t|^2 / |d_{t+1}|^2 and |d_{t+1}|^2 ``[T, R, B]``, both 1 where a signal is dead; the number alive ``[R]``."""
    power = signals.square().sum(-1)
    alive = power > DEAD
    power = torch.where(alive, power, 1.0)
    ratio = torch.where(alive, carried.square().sum(-1) / power, 1.0)
    return ratio, power, alive.sum((0, 2)).clamp(min=1)


def regulariser(signals: Tensor, carried: Tensor) -> Tensor:
    """Omega ``[R]`` of d_{t+1} and v_t ``[T, R, B, H]``."""
    ratio, _, alive = _ratios(signals, carried)
    return (ratio - 1).square().sum((0, 2)) / alive


def regulariser_left(signals: Tensor, carried: Tensor) -> Tensor:
    """dOmega / dv_t ``[T, R, B, H]`` of d_{t+1} and v_t ``[T, R, B, H]``.

    dOmega / dW_rec, immediate part, is the sum of its outer products with d_{t+1} . act'_{t+1}, as that of the error is
    the sum of those of h_t: both are taken as one.
    """
    ratio, power, alive = _ratios(signals, carried)
    weight = 4 * (ratio - 1) / power / alive[:, None]
    return carried * weight[..., None]


def product(left: Tensor, weight: Tensor) -> Tensor:
    """``[T, R, B, X]`` or ``[R, B, X]`` times weights ``[R, X, Y]``."""
    if left.dim() == 3:
        return left @ weight
    steps, replicas, batch, _ = left.shape
    together = left.transpose(0, 1).reshape(replicas, steps * batch, -1) @ weight
    return together.view(replicas, steps, batch, -1).transpose(0, 1)


def _outer(left: Tensor, right: Tensor) -> Tensor:
    """Sum over steps and sequences of outer products: ``[T, R, B, X]``, ``[T, R, B, Y]`` -> ``[R, X, Y]``."""
    replicas = left.shape[1]
    left = left.transpose(0, 1).reshape(replicas, -1, left.shape[-1])
    return left.transpose(1, 2) @ right.transpose(0, 1).reshape(replicas, -1, right.shape[-1])


class Replicas(nn.Module):
    """R networks side by side: ``recurrent [R, H, H]``, ``input [R, I, H]``, ``output [R, H, O]`` and biases."""

    def __init__(self, inputs: int, hidden: int, outputs: int, activation: str, initialisation: Initialisation,
                 seeds: tuple[int, ...], biases: bool = True):
        super().__init__()
        self.activation = activation
        drawn = [initial(inputs, hidden, outputs, initialisation, seed) for seed in seeds]
        weights = [torch.from_numpy(np.stack(each)) for each in zip(*drawn, strict=True)]
        self.input, self.recurrent, self.output = (nn.Parameter(each.float()) for each in weights)
        self.bias = nn.Parameter(torch.zeros(len(seeds), 1, hidden), requires_grad=biases)
        self.output_bias = nn.Parameter(torch.zeros(len(seeds), 1, outputs), requires_grad=biases)

    def __len__(self) -> int:
        return len(self.recurrent)

    def initial(self, batch: int) -> Tensor:
        """h_0 = 0 ``[R, B, H]``."""
        return self.recurrent.new_zeros(len(self), batch, self.recurrent.shape[-1])

    def states(self, inputs: Tensor, start: Tensor | None = None, alpha: Tensor | None = None) -> Tensor:
        """States ``[T, R, B, H]`` for inputs ``[T, R, B, I]``; with ``alpha [R]`` the way back regularises W_rec.

        Inputs of which exactly one is 1 may be given as its number, ``[T, R, B]``.
        """
        if inputs.dim() == 3:
            first = torch.arange(len(self), device=inputs.device)[:, None] * self.input.shape[1]
            drive = functional.embedding(first + inputs, self.input.flatten(0, 1)) + self.bias
        else:
            drive = product(inputs, self.input) + self.bias
        start = self.initial(inputs.shape[2]) if start is None else start
        return Scan.apply(drive, self.recurrent, start, self.activation, alpha)

    @torch.no_grad()
    def last_state(self, inputs: Tensor) -> Tensor:
        """h_T ``[R, B, H]`` for inputs ``[T, R, B, I]`` of any length: nothing is kept on the way."""
        state = self.initial(inputs.shape[2])
        squash = torch.tanh_ if self.activation == "tanh" else torch.sigmoid_
        for step in inputs:
            state = squash(torch.baddbmm(step @ self.input + self.bias, state, self.recurrent))
        return state

    def outputs(self, states: Tensor) -> Tensor:
        """Before any softmax or logistic function: ``[..., R, B, O]`` of states ``[T, R, B, H]`` or ``[R, B, H]``."""
        return product(states, self.output) + self.output_bias

    def select(self, replicas: list[int]) -> "Replicas":
        """A network of some of the replicas (a copy of their weights)."""
        chosen = copy.copy(self)
        chosen._parameters = {name: nn.Parameter(p.detach()[replicas].clone(), p.requires_grad)
                              for name, p in self.named_parameters()}
        return chosen

    def spectral_radius(self) -> Tensor:
        """Largest absolute eigenvalue of W_rec ``[R]``."""
        return torch.linalg.eigvals(self.recurrent.detach().double().cpu()).abs().amax(-1)


def initial(inputs: int, hidden: int, outputs: int, initialisation: Initialisation, seed: int) -> list[np.ndarray]:
    """W_in ``[I, H]``, W_rec ``[H, H]``, W_out ``[H, O]`` of one network (section 4.1.1; standard deviations).

    "smart": each unit has 15 outgoing links, and W_rec is scaled to spectral radius 0.95. (The paper says incoming; the
    authors' code zeroes entries of each row of the matrix that states are multiplied with from the left.)
    """
    rng = np.random.default_rng([seed, 0])
    deviation = {"sigmoid": 0.01, "tanh": 0.1, "smart": 0.01}[initialisation]
    w_in, w_rec, w_out = (rng.normal(0, deviation, shape)
                          for shape in ((inputs, hidden), (hidden, hidden), (hidden, outputs)))
    if initialisation == "smart":
        links = rng.permuted(np.tile(np.arange(hidden), (hidden, 1)), axis=1)[:, :SPARSE_LINKS]
        kept = np.zeros_like(w_rec)
        np.put_along_axis(kept, links, np.take_along_axis(w_rec, links, axis=1), axis=1)
        w_rec = kept * SPECTRAL_RADIUS / np.abs(np.linalg.eigvals(kept)).max()
    return [w_in, w_rec, w_out]
