"""The decoder that looks at the source before each word: additive attention and a gated unit, with their gradient.

Bahdanau et al. (2015), sections 3.1 and A.2.2; step i, for state s, memory of annotations a_j and keys k_j = U_a a_j::

    e_j = v_a . tanh(W_a s_{i-1} + k_j)     alpha = softmax(e)     c_i = sum_j alpha_j a_j
    s_i = gated unit (s_{i-1}, x_i + C c_i)

The equations, one step at a time: :class:`common.layers.attention.AdditiveAttention`, :func:`common.cells.gru.gru_step`
(update "new", reset "before"); beam search goes through them. In training all words are known, and what a step needs of
the others is only s: the rest of the gradient is computed for all steps at once.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from common.layers.attention import AdditiveAttention, Memory


class Attended(NamedTuple):
    """Where T target words came from."""

    states: Tensor  # s_0 .. s_{T-1}, [T, B, H]
    contexts: Tensor  # c_1 .. c_T, [T, B, A]
    weights: Tensor  # alpha of each word, [T, B, S]; without gradient


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, initial, annotations, keys, absent, query, energy, context, recurrent):
        steps, batch, hidden = len(x) + 1, *initial.shape
        source, attended = annotations.shape[1:]
        states = x.new_empty(steps, batch, hidden)
        states[0] = initial
        contexts, weights = x.new_empty(steps, batch, attended), x.new_empty(steps, batch, source)
        hiddens = x.new_empty(steps, batch, source, len(energy))  # tanh(W_a s + k)
        entering = x.clone()  # x + C c, from which the gates and the new state are made in place
        gates, new = entering[..., :2 * hidden], entering[..., 2 * hidden:]
        reset = torch.empty_like(states[1:])  # r * h
        query_t, context_t = query.t(), context.t()
        to_gates, to_new = recurrent[:2 * hidden].t(), recurrent[2 * hidden:].t()
        rows = zip(*(part.unbind() for part in (
            states[:-1], states[1:], contexts[:-1], weights[:-1], hiddens[:-1], entering, gates, gates[..., :hidden],
            gates[..., hidden:], new, reset)), strict=True)

        def attend(s, c, alpha, inner):
            torch.add((s @ query_t).unsqueeze(1), keys, out=inner).tanh_()
            torch.softmax((inner @ energy).masked_fill_(absent, float("-inf")), 1, out=alpha)
            torch.bmm(alpha.unsqueeze(1), annotations, out=c.unsqueeze(1))

        for h, following, c, alpha, inner, into, r_and_z, r, z, g, rh in rows:
            attend(h, c, alpha, inner)
            into.addmm_(c, context_t)
            r_and_z.addmm_(h, to_gates).sigmoid_()
            torch.mul(r, h, out=rh)
            g.addmm_(rh, to_new).tanh_()
            torch.lerp(h, g, z, out=following)
        attend(states[-1], contexts[-1], weights[-1], hiddens[-1])
        ctx.save_for_backward(states, contexts, weights, hiddens, entering, reset, annotations, query, energy, context,
                              recurrent)
        ctx.mark_non_differentiable(weights)
        return states, contexts, weights

    @staticmethod
    @once_differentiable
    def backward(ctx, of_states, of_contexts, _):
        (states, contexts, weights, hiddens, entering, reset, annotations, query, energy, context,
         recurrent) = ctx.saved_tensors
        hidden = states.shape[2]
        h, (r, z, g) = states[:-1], entering.split(hidden, 2)
        slope_g = (1 - g * g).mul_(z)  # error of s_i -> net input of g
        slope_z = (g - h).mul_(z).mul_(1 - z)  # error of s_i -> net input of z
        slope_r = (1 - r).mul_(r).mul_(h)  # error of r * h -> net input of r
        slope_e = hiddens.square().neg_().add_(1).mul_(energy)  # error of e_j -> net input of its tanh
        kept = 1 - z
        to_gates, to_new = recurrent[:2 * hidden], recurrent[2 * hidden:]
        of_contexts, of_entering = of_contexts.clone(), torch.empty_like(entering)
        of_energies, of_queries = torch.empty_like(weights), torch.empty(*states.shape[:2], len(energy)).to(states)
        by_source = annotations.transpose(1, 2)

        def attend(error, of_c, alpha, slope, of_e, of_q):
            """Adds what the attention before a step says about the state that it started from."""
            of_alpha = torch.bmm(of_c.unsqueeze(1), by_source).squeeze(1)
            torch.mul(alpha, of_alpha.sub_(torch.linalg.vecdot(alpha, of_alpha).unsqueeze(1)), out=of_e)
            torch.bmm(of_e.unsqueeze(1), slope, out=of_q.unsqueeze(1))
            return error.addmm_(of_q, query)

        *looks, last = zip(*(part.unbind() for part in (of_contexts, weights, slope_e, of_energies, of_queries)),
                           strict=True)
        rows = zip(*(part.unbind() for part in (
            of_states[:-1], of_entering, of_entering[..., :2 * hidden], *of_entering.split(hidden, 2), slope_r, slope_z,
            slope_g, r, kept)), looks, strict=True)
        error = attend(of_states[-1].clone(), *last)
        for of_s, into, gates, of_r, of_z, of_g, to_r, to_z, to_g, r_i, keep, look in reversed(list(rows)):
            torch.mul(error, to_g, out=of_g)
            torch.mul(error, to_z, out=of_z)
            of_reset = of_g @ to_new
            torch.mul(of_reset, to_r, out=of_r)
            before = torch.addcmul(of_s, error, keep).addcmul_(of_reset, r_i).addmm_(gates, to_gates)
            look[0].addmm_(into, context)
            error = attend(before, *look)

        def matrix(errors, inputs):
            return errors.flatten(0, 1).t() @ inputs.flatten(0, 1)

        of_gates, of_new = of_entering.split([2 * hidden, hidden], 2)
        of_recurrent = torch.cat([matrix(of_gates, h), matrix(of_new, reset)])
        of_keys = slope_e.mul_(of_energies.unsqueeze(3)).sum(0)
        of_annotations = torch.bmm(weights.permute(1, 2, 0), of_contexts.transpose(0, 1))
        of_energy = of_energies.flatten() @ hiddens.flatten(0, 2)
        return (of_entering, error, of_annotations, of_keys, None, matrix(of_queries, states), of_energy,
                matrix(of_entering, contexts[:-1]), of_recurrent)


def attentive_gru_scan(x: Tensor, initial: Tensor, memory: Memory, attention: AdditiveAttention, context: Tensor,
                       recurrent: Tensor) -> Attended:
    """The states and contexts of T target words, and where each looked.

    Args:
        x: what the words before add to the net inputs of the gated unit, W E y and the biases, of all words but the
            last, ``[T - 1, B, 3H]``, in the order r, z, g.
        initial: s_0, ``[B, H]``.
        memory: of B sentences, from ``attention.memory``.
        context: C_r, C_z, C, one above the other, ``[3H, A]``.
        recurrent: U_r, U_z, U, one above the other, ``[3H, H]``.
    """
    with torch.autocast(x.device.type, enabled=False):  # rounding errors would accumulate over time
        return Attended(*_Scan.apply(x.to(initial.dtype), initial, memory.annotations, memory.keys, ~memory.mask,
                                     attention.query.weight, attention.energy, context, recurrent))
