"""Pieces that encoder-decoder networks share: masks, the maxout output layer, and the loss of a batch of sentences."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def sequence_mask(lengths: Tensor, steps: int) -> Tensor:
    """``[T, B]``, true at the words of sentences of these lengths ``[B]``, false at the padding after them."""
    return torch.arange(steps, device=lengths.device).unsqueeze(1) < lengths


def shifted(target: Tensor, start: int) -> Tensor:
    """Teacher forcing: what a decoder reads when it is to write ``target`` ``[T, B]``, the word before each."""
    return torch.cat([torch.full_like(target[:1], start), target[:-1]])


def reversed_words(source: Tensor, lengths: Tensor) -> Tensor:
    """``source`` ``[S, B]`` with the words of each sentence in reverse and the padding still after them."""
    steps = torch.arange(len(source), device=source.device).unsqueeze(1)
    return source.gather(0, torch.where(steps < lengths, lengths - 1 - steps, steps))


def maxout(x: Tensor) -> Tensor:
    """max(x_2i-1, x_2i) for i = 1..l, ``[..., 2l]`` to ``[..., l]`` (Goodfellow et al. 2013)."""
    return x.unflatten(-1, (-1, 2)).amax(-1)


class DeepOutput(nn.Module):
    """The distribution of the next word from the decoder's state s, the word before e(y) and the context c.

    t = maxout(U_o s + V_o e(y) + C_o c), p = softmax(W_o t) (Bahdanau et al. 2015, A.2.2), or with a factor G_l G_r of
    low rank in place of W_o (Cho et al. 2014, appendix). Weights start as N(0, 0.01^2), biases 0.

    Args:
        state, word, context: sizes of s, e(y), c.
        maxout: l.
        vocabulary: V.
        rank: of the output matrix; None: full.
        dropout: of t, while training.
    """

    def __init__(
        self,
        state: int,
        word: int,
        context: int,
        maxout: int,
        vocabulary: int,
        *,
        rank: int | None = None,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.state = nn.Linear(state, 2 * maxout)  # U_o and the bias
        self.word = nn.Linear(word, 2 * maxout, bias=False)  # V_o
        self.context = nn.Linear(context, 2 * maxout, bias=False)  # C_o
        self.dropout = nn.Dropout(dropout)
        self.right = nn.Identity() if rank is None else nn.Linear(maxout, rank, bias=False)  # G_r
        self.words = nn.Linear(maxout if rank is None else rank, vocabulary)  # W_o, or G_l, and the bias
        for layer in (self.state, self.word, self.context, self.right, self.words):
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.01)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, state: Tensor, word: Tensor, context: Tensor) -> Tensor:
        """Logits ``[..., V]``."""
        return self.added(state, word, self.context(context))

    def added(self, state: Tensor, word: Tensor, context: Tensor) -> Tensor:
        """Logits where the context is C_o c already, ``[..., 2l]``."""
        t = maxout(self.state(state) + self.word(word) + context)
        return self.words(self.right(self.dropout(t)))


def nats_per_sentence(logits: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """-log p of each sentence ``[B]``, its words' added up; the number of words is ``mask.sum(0)``.

    Args:
        logits: of the words only, the rows of ``[T, B]`` where the mask is true, ``[M, V]``: at padding an output
            layer of thousands of words would work in vain.
        target: ``[T, B]``.
        mask: ``[T, B]``, true at words and at the end of each sentence.
    """
    logits = logits.float() if logits.dtype == torch.bfloat16 else logits
    nats = F.cross_entropy(logits, target[mask], reduction="none")
    sentence = mask.nonzero()[:, 1]
    return nats.new_zeros(mask.shape[1]).index_add(0, sentence, nats)
