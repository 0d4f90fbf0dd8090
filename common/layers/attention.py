"""Additive attention: a soft choice among the annotations of a source (Bahdanau et al. 2015, section 3.1, A.1.2)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Memory(NamedTuple):
    """What is attended to: computed once per sentence, whatever the number of steps and hypotheses."""

    annotations: Tensor  # a, [B, S, A]
    keys: Tensor  # U_a a, [B, S, n']
    mask: Tensor  # [B, S], false at padding


class AdditiveAttention(nn.Module):
    """e_ij = v_a . tanh(W_a s_{i-1} + U_a a_j), alpha_i = softmax_j e_ij, c_i = sum_j alpha_ij a_j.

    Starts as the paper does: W_a, U_a from N(0, std^2), v_a = 0 (every annotation weighs the same), bias 0.

    Args:
        query, annotation, hidden: sizes Q of s, A of a, n' of the alignment model.
        std: 0.001 in the paper.
    """

    def __init__(self, query: int, annotation: int, hidden: int, std: float = 0.001):
        super().__init__()
        self.query = nn.Linear(query, hidden, bias=False)  # W_a
        self.key = nn.Linear(annotation, hidden)  # U_a and a bias
        self.energy = nn.Parameter(torch.zeros(hidden))  # v_a
        for layer in (self.query, self.key):
            nn.init.normal_(layer.weight, std=std)
        nn.init.zeros_(self.key.bias)

    def memory(self, annotations: Tensor, mask: Tensor) -> Memory:
        """From annotations ``[S, B, A]`` and their mask ``[S, B]``, true at words.

        Raises:
            ValueError: a sentence without words, of which no mean can be taken.
        """
        if not bool(mask.any(0).all()):
            raise ValueError("attention: a source without words; end every source with </s>")
        annotations = annotations.transpose(0, 1).contiguous()
        return Memory(annotations, self.key(annotations), mask.t())

    def forward(self, state: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Contexts ``[N, A]`` and weights ``[N, S]`` for states ``[N, Q]``; sentence b has N / B rows, together.

        N = B in training; in beam search each sentence has a row per hypothesis.
        """
        sentences, source, _ = memory.keys.shape
        query = self.query(state).view(sentences, -1, 1, len(self.energy))
        energy = torch.tanh(query + memory.keys.unsqueeze(1)) @ self.energy  # [B, N / B, S]
        weights = energy.masked_fill(~memory.mask.unsqueeze(1), float("-inf")).softmax(-1)
        context = weights @ memory.annotations
        return context.flatten(0, 1), weights.view(-1, source)
