"""Hierarchical softmax: a word is found by walking down a binary tree, with a logistic choice at every node.

Morin and Bengio (2005); Huffman's tree over the counts as in Mikolov et al. (2013, section 2.1), so that frequent words
have short ways. A token costs H log2 V products instead of H V, and moves the weights of its own way only.

With direct connections (RNNME: Mikolov et al. 2011, "Strategies for training large scale neural network language
models", section 4) hashed contexts of the last 0, 1, ... words add a weight of their own to every choice: a maximum
entropy n-gram model, trained together with the network.
"""

import heapq

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from common.output import hierarchical_kernel

PRIME = 2_654_435_761  # near the golden section of 2 ** 32, so that neighbouring words come to lie far apart


def huffman(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ways from the root to the words: nodes ``[P]``, whether the step from each goes right ``[P]``, and where the way
    of each word begins, with P at the end ``[V+1]``. Node 0 is the root; there are V - 1.

    The two rarest parts are joined again and again (Huffman 1952); of equally rare ones the more frequent words first.
    """
    words = len(counts)
    parts = [(int(count), part) for part, count in enumerate(counts)]
    heapq.heapify(parts)
    parent, right = np.zeros(2 * words - 1, dtype=np.int64), np.zeros(2 * words - 1, dtype=bool)
    for joined in range(words, 2 * words - 1):
        (few, left), (more, other) = heapq.heappop(parts), heapq.heappop(parts)
        parent[left] = parent[other] = joined
        right[other] = True
        heapq.heappush(parts, (few + more, joined))
    root = 2 * words - 2
    depth = np.zeros(2 * words - 1, dtype=np.int64)
    for part in range(root - 1, -1, -1):
        depth[part] = depth[parent[part]] + 1
    first = np.concatenate([[0], np.cumsum(depth[:words])])
    nodes, turns = np.zeros(first[-1], dtype=np.int64), np.zeros(first[-1], dtype=bool)
    at, place = np.arange(words), first[1:].copy()
    while len(at := at[keep := at != root]):  # from all words up, a step at a time
        place = place[keep] - 1
        turns[place] = right[at]
        at = parent[at]
        nodes[place] = root - at
    return nodes, turns, first


def hashed_contexts(words: Tensor, contexts: int, slots: int) -> Tensor:
    """Codes in 0..slots-1 of the last 0, 1, ..., K - 1 words, ``[K - 2 + T, B]`` -> ``[T, B, K]``; K = ``contexts``."""
    known = max(contexts - 2, 0)
    codes = []
    for length in range(contexts):
        code = torch.full_like(words[known:], length)
        for back in range(length):
            code = (code + words[known - back : len(words) - back] + 1) * PRIME  # integers go round at 2 ** 64
        codes.append(code % slots)
    return torch.stack(codes, 2)


class _Walk(torch.autograd.Function):
    """-log P(w | s) of each token, with gradients for the nodes on the ways alone (on the CPU)."""

    @staticmethod
    def forward(ctx, hidden, weight, direct, contexts, targets, first, nodes, right):
        loss = hidden.new_empty(len(hidden))
        errors = hidden.new_empty(int((first[targets + 1] - first[targets]).sum()))
        by_hidden = torch.zeros_like(hidden if ctx.needs_input_grad[0] else hidden[:0])
        hierarchical_kernel.losses(
            *map(_array, (hidden, weight, direct, contexts, targets, first, nodes, right, loss, errors, by_hidden))
        )
        ctx.save_for_backward(hidden, by_hidden, errors, contexts, targets, first, nodes)
        ctx.sizes = weight.shape, direct.shape
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        hidden, by_hidden, errors, contexts, targets, first, nodes = ctx.saved_tensors
        (count, width), table = ctx.sizes
        place = torch.full((count,), -1)
        on_a_way = hierarchical_kernel.places(*map(_array, (targets, first, nodes, place)))
        rows = hidden.new_zeros(on_a_way, width)
        slots = targets.new_empty(contexts.shape[1] * len(errors))
        by_slot = hidden.new_empty(len(slots), 1)
        hierarchical_kernel.gradients(
            *map(_array, (hidden, gradient, contexts, targets, first, nodes, errors, place, rows, slots, by_slot)),
            table[0],
        )
        by_weight = torch.sparse_coo_tensor(
            (place >= 0).nonzero().t(), rows, (count, width), is_coalesced=True, check_invariants=False
        )
        by_direct = torch.sparse_coo_tensor(slots[None], by_slot, table, check_invariants=False) if table[0] else None
        return by_hidden * gradient[:, None] if len(by_hidden) else None, by_weight, by_direct, *[None] * 5


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().contiguous().numpy()


class HierarchicalSoftmax(nn.Module):
    """P(w | s) = product over the way to w of sigma(+-(v_node s + sum of direct weights)).

    Args:
        hidden: H.
        counts: of each word, which make the tree ``[V]``.
        slots: size of the table of direct connections; 0: none.
    """

    def __init__(self, hidden: int, counts: np.ndarray, slots: int = 0):
        super().__init__()
        self.nodes = nn.Embedding(len(counts) - 1, hidden, sparse=True)  # v
        self.direct = nn.Embedding(slots, 1, sparse=True) if slots else None
        if slots:
            nn.init.zeros_(self.direct.weight)
        for name, part in zip(("way", "right", "first"), huffman(np.asarray(counts)), strict=True):
            self.register_buffer(name, torch.as_tensor(part), persistent=False)

    def forward(self, hidden: Tensor, targets: Tensor, contexts: Tensor | None = None) -> Tensor:
        """Negative log-probability (nats) of targets ``[N]`` given hidden ``[N, H]`` and hashed contexts ``[N, K]``:
        ``[N]``."""
        hidden = hidden.to(self.nodes.weight.dtype)
        contexts = targets.new_empty(len(targets), 0) if contexts is None else contexts
        if hidden.device.type != "cpu":
            return self.plain(hidden, targets, contexts)
        direct = self.direct.weight if self.direct else hidden.new_empty(0, 1)
        return _Walk.apply(hidden, self.nodes.weight, direct, contexts, targets, self.first, self.way, self.right)

    def plain(self, hidden: Tensor, targets: Tensor, contexts: Tensor) -> Tensor:
        """The same, as it is written; all ways as long as the longest."""
        lengths = self.first[targets + 1] - self.first[targets]
        steps = torch.arange(int(lengths.max()) if len(lengths) else 0, device=hidden.device)
        on_the_way = steps < lengths[:, None]  # [N, D]
        place = torch.where(on_the_way, self.first[targets][:, None] + steps, 0)
        nodes, right = self.way[place], self.right[place]
        scores = (self.nodes(nodes) @ hidden[:, :, None]).squeeze(2) + self._from_contexts(contexts, nodes)
        return (F.softplus(torch.where(right, -scores, scores)) * on_the_way).sum(1)

    def _from_contexts(self, contexts: Tensor, nodes: Tensor) -> Tensor | float:
        """What contexts ``[N, K]`` add to the scores of nodes ``[N, D]``: ``[N, D]``."""
        if not contexts.shape[1]:
            return 0.0
        slots = (contexts[:, None, :] + nodes[:, :, None]) % self.direct.num_embeddings
        return self.direct(slots).squeeze(3).sum(2)

    def log_probabilities(self, hidden: Tensor, contexts: Tensor | None = None) -> Tensor:
        """Log-probabilities of all words, ``[N, H]`` and ``[N, K]`` -> ``[N, V]``."""
        scores = hidden @ self.nodes.weight.t()
        if contexts is not None:
            every = torch.arange(scores.shape[1], device=scores.device).expand_as(scores)
            scores = scores + self._from_contexts(contexts, every)
        choice = torch.stack([F.logsigmoid(-scores), F.logsigmoid(scores)])  # left, right
        found = scores.new_zeros(len(scores), len(self.first) - 1)
        lengths = self.first.diff()
        for step in range(int(lengths.max())):
            words = (lengths > step).nonzero()[:, 0]
            place = self.first[words] + step
            found[:, words] += choice[self.right[place].long(), :, self.way[place]].t()
        return found
