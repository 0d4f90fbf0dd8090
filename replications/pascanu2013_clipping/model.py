"""The recurrent network of the paper, and what runs back through it.

h_t = act(h_{t-1} W_rec + u_t W_in + b)        section 1, equation 2 (on states after the nonlinearity)
y_t = h_t W_out + c
"""

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from common.cells.elman import elman_scan
from replications.pascanu2013_clipping import model_kernel

Initialisation = Literal["sigmoid", "tanh", "smart"]
SPARSE_LINKS, SPECTRAL_RADIUS = 15, 0.95  # of the "smart" initialisation
ELMAN = {"tanh": "tanh", "sigmoid": "logistic"}  # names of the nonlinearity there
DEAD = 1e-20  # squared norm of a signal below which its ratio says nothing (the authors' code)


class Scan(torch.autograd.Function):
    """The loop over time, there and back, with the vanishing-gradient regulariser on the way back (section 3.3).

    With d_t = dE/dh_t (the whole derivative) and v_t = (d_{t+1} . act'_{t+1}) W_rec^T, what d_{t+1} becomes one step
    earlier,

        Omega = mean over steps and sequences of (|v_t|^2 / |d_{t+1}|^2 - 1)^2                        (equations 9, 10)

    in the authors' scaling: ratio of squared norms, and steps whose signal is dead do not count. Only the immediate
    derivative is used: d and act' are constants, W_rec in v_t is the only path, so nothing but W_rec is changed.
    Processes that share a minibatch take the mean over their own sequences each.
    """

    @staticmethod
    def forward(ctx, drive: Tensor, bias: Tensor, recurrent: Tensor, start: Tensor, activation: str, alpha: float):
        """States ``[T, B, H]`` from drive u W_in ``[T, B, H]``, b ``[H]``, W_rec ``[H, H]`` and start ``[B, H]``.

        ``alpha`` weighs the regulariser's gradient; 0: it is not computed.
        """
        states = drive.new_empty(len(drive) + 1, *drive.shape[1:])
        states[0] = start
        if suits(drive):
            arrays = (each.detach().contiguous().numpy() for each in (drive, bias, recurrent, states))
            model_kernel.forward(*arrays, activation == "tanh")
        else:
            states[1:] = elman_scan(drive + bias, start, recurrent.t(), ELMAN[activation])
        ctx.save_for_backward(states, recurrent)
        ctx.activation, ctx.alpha = activation, alpha
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, direct: Tensor):
        states, recurrent = ctx.saved_tensors
        is_tanh = ctx.activation == "tanh"
        signals = direct.clone(memory_format=torch.contiguous_format)  # d
        carried = torch.empty_like(signals)  # v
        if suits(signals):
            blame = torch.empty_like(signals)  # d . act'
            arrays = (each.contiguous().numpy() for each in (states, signals, blame, carried, recurrent))
            model_kernel.backward(*arrays, is_tanh)
        else:
            blame = 1 - states[1:].square() if is_tanh else states[1:] * (1 - states[1:])
            for t in range(len(signals) - 1, -1, -1):
                blame[t] *= signals[t]
                if t:
                    torch.mm(blame[t], recurrent.t(), out=carried[t - 1])
                    signals[t - 1] += carried[t - 1]
        before = states[:-1]
        if ctx.alpha:
            before = before.clone()
            before[1:] += ctx.alpha * regulariser_left(signals[1:], carried[:-1])
        gradient = before.flatten(0, 1).t() @ blame.flatten(0, 1)
        earlier = blame[0] @ recurrent.t() if ctx.needs_input_grad[3] else None
        return blame, blame.sum((0, 1)), gradient, earlier, None, None


def suits(drive: Tensor) -> bool:
    """Whether ``[T, B, H]`` is for the compiled loops: few sequences, in single precision, on a CPU."""
    return drive.shape[1] <= model_kernel.FEW and drive.dtype == torch.float32 and drive.device.type == "cpu"


def regulariser_left(signals: Tensor, carried: Tensor) -> Tensor:
    """dOmega / dv_t ``[T, B, H]`` of d_{t+1} and v_t ``[T, B, H]``.

    dOmega / dW_rec, immediate part, is the sum of its outer products with d_{t+1} . act'_{t+1}, as that of the error is
    the sum of those of h_t: both are taken as one.
    """
    power = signals.square().sum(-1)
    alive = power > DEAD
    power = torch.where(alive, power, 1.0)
    ratio = torch.where(alive, carried.square().sum(-1) / power, 1.0)
    weight = 4 * (ratio - 1) / power / alive.sum().clamp(min=1)
    return carried * weight[..., None]


class Network(nn.Module):
    """``input [I, H]``, ``recurrent [H, H]``, ``output [H, O]`` and biases, which may stay 0."""

    def __init__(
        self,
        inputs: int,
        hidden: int,
        outputs: int,
        activation: str,
        initialisation: Initialisation,
        seed: int,
        biases: bool = True,
    ):
        super().__init__()
        self.activation = activation
        self.input, self.recurrent, self.output = (
            nn.Parameter(torch.from_numpy(weight).float())
            for weight in initial(inputs, hidden, outputs, initialisation, seed)
        )
        self.bias = nn.Parameter(torch.zeros(hidden), requires_grad=biases)
        self.output_bias = nn.Parameter(torch.zeros(outputs), requires_grad=biases)

    def initial(self, batch: int) -> Tensor:
        """h_0 = 0 ``[B, H]``."""
        return self.recurrent.new_zeros(batch, len(self.recurrent))

    def states(self, inputs: Tensor, start: Tensor | None = None, alpha: float = 0.0) -> Tensor:
        """States ``[T, B, H]`` for inputs ``[T, B, I]``; with ``alpha`` the way back regularises W_rec.

        Inputs of which exactly one is 1 may be given as its number, ``[T, B]``.
        """
        drive = functional.embedding(inputs, self.input) if inputs.dim() == 2 else inputs @ self.input
        start = self.initial(inputs.shape[1]) if start is None else start
        return Scan.apply(drive, self.bias, self.recurrent, start, self.activation, alpha)

    def outputs(self, states: Tensor) -> Tensor:
        """Before any softmax or logistic function: ``[..., O]`` of states ``[..., H]``."""
        return states @ self.output + self.output_bias


def initial(inputs: int, hidden: int, outputs: int, initialisation: Initialisation, seed: int) -> list[np.ndarray]:
    """W_in ``[I, H]``, W_rec ``[H, H]``, W_out ``[H, O]`` of one network (section 4.1.1; standard deviations).

    "smart": each unit has 15 outgoing links, and W_rec is scaled to spectral radius 0.95. (The paper says incoming; the
    authors' code zeroes entries of each row of the matrix that states are multiplied with from the left.)
    """
    rng = np.random.default_rng([seed, 0])
    deviation = {"sigmoid": 0.01, "tanh": 0.1, "smart": 0.01}[initialisation]
    w_in, w_rec, w_out = (
        rng.normal(0, deviation, shape) for shape in ((inputs, hidden), (hidden, hidden), (hidden, outputs))
    )
    if initialisation == "smart":
        links = rng.permuted(np.tile(np.arange(hidden), (hidden, 1)), axis=1)[:, :SPARSE_LINKS]
        kept = np.zeros_like(w_rec)
        np.put_along_axis(kept, links, np.take_along_axis(w_rec, links, axis=1), axis=1)
        w_rec = kept * SPECTRAL_RADIUS / np.abs(np.linalg.eigvals(kept)).max()
    return [w_in, w_rec, w_out]
