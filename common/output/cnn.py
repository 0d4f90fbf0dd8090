"""CNN softmax: the vector of each word comes from its characters. Jozefowicz et al. (2016), section 3.3.

z_w = h . CNN(w), and with a correction z_w = h . (CNN(w) + M corr_w), corr_w a small learned vector per word: words
that are spelled alike but mean different things get different vectors too. There is no bias; after training, all
vectors can be computed once.
"""

import torch
from torch import Tensor, nn

from common.layers.table import Table
from common.output.sampled import Loss, SampledOutput
from common.text.characters import CharacterCNN, CharacterInputs

AT_ONCE = 4096  # words whose vectors are computed together


class CNNSoftmax(SampledOutput):
    """A softmax over words known by their characters.

    Args:
        spelling: the characters of each word ``[V, L]``, see :func:`common.text.characters.spell`.
        cnn: reads them; its output has the size P of h.
        correction: size of corr_w; None: no correction.
        samples, loss: see :class:`common.output.sampled.SampledOutput`.
    """

    def __init__(
        self,
        spelling: Tensor,
        cnn: CharacterCNN,
        correction: int | None,
        samples: int | None,
        loss: Loss = "importance",
    ):
        super().__init__(len(spelling), samples, loss)
        self.characters = CharacterInputs(spelling, cnn)
        self.correction = Table(len(spelling), correction) if correction else None
        self.mix = nn.Linear(correction, cnn.linear.out_features, bias=False) if correction else None  # M
        if correction:
            nn.init.zeros_(self.correction.weight)  # at first, a word is what its characters say

    def vectors(self, words: Tensor, shared: bool = False) -> tuple[Tensor, float]:
        return self.corrected(self.characters(words), words, shared), 0.0

    def vectors_of_both(self, targets: Tensor, sample: Tensor) -> tuple[tuple, tuple]:
        """As of the base class; a word that is in both is read once."""
        own, others = self.characters(torch.cat([targets, sample])).split([len(targets), len(sample)])
        return (self.corrected(own, targets), 0.0), (self.corrected(others, sample, shared=True), 0.0)

    def corrected(self, vectors: Tensor, words: Tensor, shared: bool = False) -> Tensor:
        """CNN(w) + M corr_w, or CNN(w)."""
        return vectors if self.correction is None else vectors + self.mix(self.correction(words, shared))

    def matrix(self) -> tuple[Tensor, float]:
        parts = torch.arange(self.words, device=self.characters.spelling.device).split(AT_ONCE)
        return torch.cat([self.vectors(words, shared=True)[0] for words in parts]), 0.0
