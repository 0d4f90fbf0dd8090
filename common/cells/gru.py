"""The gated recurrent unit as in the papers, with its scan over time and the scan's gradient written out.

Cho et al. (2014), equations 5-8 and appendix; Bahdanau et al. (2015), appendix A.1.1. They and ``torch.nn.GRU`` differ
in two things, named here ``update`` and ``reset``::

    r = sigmoid(x_r + U_r h)     z = sigmoid(x_z + U_z h)
    g = tanh(x_g + U (r * h))            reset "before" the recurrent product: Cho's encoder, Bahdanau
    g = tanh(x_g + r * (U h + inner))    reset "after" it: Cho's decoder (inner = C c), torch (inner = b_hn)
    h' = (1 - z) * h + z * g             update takes the "new": Bahdanau
    h' = z * h + (1 - z) * g             update keeps the "old": Cho, torch

x is what enters from outside, W times the input and the rest. Rows of stacked matrices are in the order r, z, g, which
is torch's.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from common.errors import unknown

UPDATES = ("new", "old")
RESETS = ("before", "after")


def gru_step(x: Tensor, h: Tensor, recurrent: Tensor, update: str, reset: str, inner: Tensor | float = 0.0) -> Tensor:
    """h(t) ``[B, H]`` from x ``[B, 3H]``, h(t-1) ``[B, H]`` and U ``[3H, H]``: the equations as they stand above."""
    hidden = h.shape[1]
    gates = torch.sigmoid(torch.addmm(x[:, : 2 * hidden], h, recurrent[: 2 * hidden].t()))
    r, z = gates.split(hidden, 1)
    x_g, u = x[:, 2 * hidden :], recurrent[2 * hidden :].t()
    g = torch.tanh(torch.addmm(x_g, r * h, u) if reset == "before" else x_g + r * (h @ u + inner))
    return torch.lerp(h, g, z) if update == "new" else torch.lerp(g, h, z)


class _GRUScan(torch.autograd.Function):
    """All steps; on the way back, what needs no earlier error is computed for all steps at once."""

    @staticmethod
    def forward(ctx, x, initial, recurrent, inner, mask, update, before):
        steps, _, width = x.shape
        hidden = width // 3
        states = x.new_empty(steps + 1, *initial.shape)
        states[0] = initial
        gates = x.new_empty(steps, len(initial), 2 * hidden)
        new = torch.empty_like(states[1:])  # g
        reset = torch.empty_like(new)  # what the reset gate gave: r * h, or U h + inner before it was multiplied
        to_gates, to_new = recurrent[: 2 * hidden].t(), recurrent[2 * hidden :].t()
        views = (
            states[:-1],
            states[1:],
            x[..., : 2 * hidden],
            x[..., 2 * hidden :],
            gates,
            gates[..., :hidden],
            gates[..., hidden:],
            new,
            reset,
        )  # made once: of small networks they cost as much as the products
        masks = [None] * steps if mask is None else mask.unbind()
        for h, following, x_gates, x_g, r_and_z, r, z, g, inside, word in zip(
            *(v.unbind() for v in views), masks, strict=True
        ):
            torch.addmm(x_gates, h, to_gates, out=r_and_z).sigmoid_()
            if before:
                torch.mul(r, h, out=inside)
                torch.addmm(x_g, inside, to_new, out=g).tanh_()
            else:
                torch.addmm(inner, h, to_new, out=inside)
                torch.addcmul(x_g, r, inside, out=g).tanh_()
            if not update:
                z.neg_().add_(1)  # from here on z is the share of the new
            if word is not None:
                z.mul_(word)  # a step without a word changes nothing
            torch.lerp(h, g, z, out=following)
        ctx.save_for_backward(states, gates, new, reset, recurrent)
        ctx.settings = update, before
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        states, gates, new, reset, recurrent = ctx.saved_tensors
        update, before = ctx.settings
        hidden = new.shape[2]
        h, r, z = states[:-1], gates[..., :hidden], gates[..., hidden:]
        slope_g = (1 - new * new).mul_(z)  # error of h' -> net input of g
        slope_z = (new - h).mul_(z).mul_(1 - z)  # error of h' -> net input of z
        if not update:
            slope_z.neg_()
        slope_r = (1 - r).mul_(r).mul_(h if before else reset)  # error of r * h (or of r * inside) -> net input of r
        to_gates, to_new = recurrent[: 2 * hidden], recurrent[2 * hidden :]
        delta = torch.empty(*new.shape[:2], 3 * hidden, dtype=new.dtype, device=new.device)  # of all net inputs
        delta_inner = None if before else torch.empty_like(new)
        error = torch.zeros_like(gradient[0])
        views = [gradient, delta[..., : 2 * hidden], *delta.split(hidden, 2), slope_r, slope_z, slope_g, r, 1 - z]
        views += [] if before else [delta_inner]
        for of_h, of_gates, of_r, of_z, of_g, to_r, to_z, to_g, r_t, keep, *of_inner in reversed(
            list(zip(*(v.unbind() for v in views), strict=True))
        ):
            error += of_h
            torch.mul(error, to_g, out=of_g)
            torch.mul(error, to_z, out=of_z)
            kept = error * keep
            if before:
                of_reset = of_g @ to_new
                torch.mul(of_reset, to_r, out=of_r)
                kept.addcmul_(of_reset, r_t)
            else:
                torch.mul(of_g, to_r, out=of_r)
                torch.mul(of_g, r_t, out=of_inner[0])
                kept.addmm_(of_inner[0], to_new)
            error = kept.addmm_(of_gates, to_gates)
        of_gates = delta[..., : 2 * hidden].flatten(0, 1).t() @ h.flatten(0, 1)
        if before:
            of_new = delta[..., 2 * hidden :].flatten(0, 1).t() @ reset.flatten(0, 1)
        else:
            of_new = delta_inner.flatten(0, 1).t() @ h.flatten(0, 1)
        of_inner = None if before else delta_inner.sum(0)
        return delta, error, torch.cat([of_gates, of_new]), of_inner, None, None, None


def gru_scan(
    x: Tensor,
    initial: Tensor,
    recurrent: Tensor,
    *,
    update: str,
    reset: str,
    inner: Tensor | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Hidden states h(1..T) ``[T, B, H]``.

    Args:
        x: what enters the net inputs from outside, ``[T, B, 3H]``.
        initial: h(0), ``[B, H]``.
        recurrent: U_r, U_z, U, one above the other, ``[3H, H]``.
        update, reset: see above.
        inner: with reset "after", what is added to U h before it is reset, ``[B, H]``; None: nothing.
        mask: ``[T, B]``, false where there is no word: the state stays as it is.

    Raises:
        UserError: an unknown update or reset.
        ValueError: ``inner`` with reset "before", where there is no place for it.
    """
    _check(update, reset)
    if inner is not None and reset == "before":
        raise ValueError("gru_scan: inner needs reset='after'")
    with torch.autocast(x.device.type, enabled=False):  # rounding errors would accumulate over time
        x, initial = (part.float() if part.dtype == torch.bfloat16 else part for part in (x, initial))
        inner = torch.zeros_like(initial) if inner is None else inner.to(initial.dtype)
        mask = None if mask is None else mask.to(x.dtype).unsqueeze(2)
        return _GRUScan.apply(x, initial, recurrent, inner, mask, update == "new", reset == "before")


def _check(update: str, reset: str) -> None:
    if update not in UPDATES:
        raise unknown("update convention", update, UPDATES, "GRU")
    if reset not in RESETS:
        raise unknown("place of the reset", reset, RESETS, "GRU")


class GRU(nn.Module):
    """A layer of H gated units over inputs of size I.

    ``input.weight`` ``[3H, I]`` stacks W_r, W_z, W, with the biases ``[3H]`` that the papers leave out of their
    equations; ``recurrent`` ``[3H, H]`` stacks U_r, U_z, U. Both papers start alike: recurrent matrices orthogonal,
    W from N(0, 0.01^2), biases 0.

    Raises:
        UserError: an unknown update or reset.
    """

    def __init__(self, inputs: int, hidden: int, *, update: str, reset: str = "before"):
        super().__init__()
        _check(update, reset)
        self.hidden, self.update, self.reset = hidden, update, reset
        self.input = nn.Linear(inputs, 3 * hidden)
        self.recurrent = nn.Parameter(torch.empty(3 * hidden, hidden))
        nn.init.normal_(self.input.weight, std=0.01)
        nn.init.zeros_(self.input.bias)
        for matrix in self.recurrent.data.split(hidden):
            nn.init.orthogonal_(matrix)

    def step(self, x: Tensor, h: Tensor, inner: Tensor | float = 0.0) -> Tensor:
        """One step, from x ``[B, 3H]``, which is :attr:`input` of the word and whatever is added to it."""
        return gru_step(x, h, self.recurrent, self.update, self.reset, inner)

    def forward(
        self,
        inputs: Tensor,
        initial: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        context: Tensor | None = None,
        inner: Tensor | None = None,
        backward: bool = False,
    ) -> Tensor:
        """h at each of T steps ``[T, B, H]``.

        Args:
            inputs: ``[T, B, I]``.
            initial: ``[B, H]``; None: zeros.
            mask: ``[T, B]``, false at padding.
            context: what a decoder adds to the net inputs of every step, C c, ``[B, 3H]`` or ``[T, B, 3H]``.
            inner: see :func:`gru_scan`.
            backward: read from the last step to the first; h of step t is still at row t.
        """
        x = self.input(inputs) if context is None else self.input(inputs) + context
        initial = x.new_zeros(x.shape[1], self.hidden) if initial is None else initial
        if not backward:
            return gru_scan(x, initial, self.recurrent, update=self.update, reset=self.reset, inner=inner, mask=mask)
        mask = None if mask is None else mask.flip(0)
        return gru_scan(
            x.flip(0), initial, self.recurrent, update=self.update, reset=self.reset, inner=inner, mask=mask
        ).flip(0)
