"""A linear-chain conditional random field: the probability of a whole sequence of tags.

Lafferty, McCallum and Pereira (2001); as the output of a network: Collobert et al. (2011), section 3.3.2; Huang, Xu and
Yu (2015), section 2.4. With scores f of each tag at each word, A of each pair of neighbours, and of both ends::

    s(x, y) = start(y_1) + sum_t f(t, y_t) + sum_t A(y_t, y_t+1) + stop(y_T)
    p(y | x) = exp(s(x, y)) / Z(x)

Z sums over all sequences by the forward recursion. The recursion is a product of matrices once the largest term is
taken out, and its gradient is that of the forward-backward algorithm, so that neither loops over tags.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

NEGLIGIBLE, LARGE = 1e-30, 60.0  # for products in single precision


def inside(lengths: Tensor, steps: int) -> Tensor:
    """Which of T steps are within the lengths ``[B]``, ``[T, B]``."""
    return torch.arange(steps, device=lengths.device).unsqueeze(1) < lengths


def _advance(scores: Tensor, transitions: Tensor, weights: Tensor) -> Tensor:
    """log sum_j exp(scores_j + transitions_jk) for scores ``[B, K]``; ``weights`` are exp(transitions - their maximum).

    Where all terms of a sum are next to nothing beside the largest score, it is done term by term.
    """
    most = scores.amax(1, keepdim=True)
    sums = (scores - most).exp_() @ weights
    if sums.amin() < NEGLIGIBLE:
        return (scores.unsqueeze(2) + transitions).logsumexp(1)
    return sums.log_().add_(most + transitions.amax())


class LogPartition(torch.autograd.Function):
    """log Z ``[B]`` of scores ``[T, B, K]`` (those of the ends added to them) and A ``[K, K]``, from row to column."""

    @staticmethod
    def forward(ctx, scores: Tensor, transitions: Tensor, lengths: Tensor) -> Tensor:
        weights = (transitions - transitions.amax()).exp()
        within = inside(lengths, len(scores)).unsqueeze(2)
        alpha = [scores[0]]
        for here, now in zip(scores[1:].unbind(), within[1:].unbind(), strict=True):
            alpha.append(torch.where(now, _advance(alpha[-1], transitions, weights) + here, alpha[-1]))
        log_z = alpha[-1].logsumexp(1)
        ctx.save_for_backward(scores, transitions, weights, within, torch.stack(alpha), log_z)
        return log_z

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        scores, transitions, weights, within, alpha, log_z = ctx.saved_tensors
        beta, after = [torch.zeros_like(scores[0])], []  # after(t): step t + 1 and all that comes later
        across = transitions.t(), weights.t().contiguous()
        for here, now in zip(reversed(scores[1:].unbind()), reversed(within[1:].unbind()), strict=True):
            after.append(here + beta[-1])
            beta.append(torch.where(now, _advance(after[-1], *across), beta[-1]))
        share = within * gradient.unsqueeze(1)
        of_scores = (alpha + torch.stack(beta[::-1]) - log_z.unsqueeze(1)).exp_().mul_(share)  # p(y_t = k | x)
        if not after:
            return of_scores, torch.zeros_like(weights), None
        # The expected number of each pair of tags: sum of exp(alpha_t(j) + A_jk + after_t(k) - log Z), as a product.
        peak = alpha[:-1].amax(2, keepdim=True)
        later = torch.stack(after[::-1]).masked_fill(~within[1:], -torch.inf) - log_z.unsqueeze(1)
        ahead = later + (peak + transitions.amax())
        if ahead.amax() > LARGE:
            pairs = [
                (before.unsqueeze(2) + transitions + rest.unsqueeze(1)).exp() * part.unsqueeze(2)
                for before, rest, part in zip(alpha, later, share[1:], strict=False)
            ]
            return of_scores, torch.stack(pairs).sum((0, 1)), None
        left = (alpha[:-1] - peak).exp_().flatten(0, 1)
        return of_scores, weights * (left.t() @ ahead.exp_().mul_(share[1:]).flatten(0, 1)), None


class CRF(nn.Module):
    """The layer: scores of ``tags`` at each word in, log-probabilities of their sequences out. All weights begin at 0.

    Sequences stand in columns, padded at the end; what stands at padding neither counts nor gets a gradient.
    """

    def __init__(self, tags: int):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(tags))
        self.transitions = nn.Parameter(torch.zeros(tags, tags))  # A, from row to column
        self.stop = nn.Parameter(torch.zeros(tags))

    def _with_ends(self, scores: Tensor, lengths: Tensor) -> Tensor:
        last = torch.arange(len(scores), device=scores.device).unsqueeze(1) == lengths - 1
        ends = last.unsqueeze(2) * self.stop
        return torch.cat([scores[:1] + ends[:1] + self.start, scores[1:] + ends[1:]])

    def log_partition(self, scores: Tensor, lengths: Tensor) -> Tensor:
        """log Z ``[B]`` of scores ``[T, B, K]`` with lengths ``[B]``, at least 1."""
        return LogPartition.apply(self._with_ends(scores, lengths), self.transitions, lengths)

    def score(self, scores: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """s(x, y) ``[B]`` of tags ``[T, B]``."""
        within = inside(lengths, len(scores))
        emitted = self._with_ends(scores, lengths).gather(2, tags.unsqueeze(2)).squeeze(2)
        return (emitted * within).sum(0) + (self.transitions[tags[:-1], tags[1:]] * within[1:]).sum(0)

    def forward(self, scores: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """-log p(y | x) ``[B]`` in nats."""
        return self.log_partition(scores, lengths) - self.score(scores, tags, lengths)

    def marginals(self, scores: Tensor, lengths: Tensor) -> Tensor:
        """p(y_t = k | x) ``[T, B, K]``, 0 at padding: the gradient of log Z."""
        with torch.enable_grad():
            scores = scores.detach().requires_grad_()
            return torch.autograd.grad(self.log_partition(scores, lengths).sum(), scores)[0]

    @torch.no_grad()
    def viterbi(self, scores: Tensor, lengths: Tensor) -> Tensor:
        """The most probable tags ``[T, B]``; at padding the last one again."""
        scores = self._with_ends(scores, lengths)
        within = inside(lengths, len(scores)).unsqueeze(2)
        best, back = scores[0], []
        stay = torch.arange(scores.shape[2], device=scores.device).expand_as(best)
        for here, now in zip(scores[1:].unbind(), within[1:].unbind(), strict=True):
            value, source = (best.unsqueeze(2) + self.transitions).max(1)
            best = torch.where(now, value + here, best)
            back.append(torch.where(now, source, stay))
        path = [best.argmax(1)]
        for source in reversed(back):
            path.append(source.gather(1, path[-1].unsqueeze(1)).squeeze(1))
        return torch.stack(path[::-1])
