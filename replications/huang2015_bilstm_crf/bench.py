"""Training speed of BI-LSTM-CRF with 100 units a direction, 9 tags, on sentences of 5 to 35 made-up words.

The reference is what one writes first: ``nn.LSTM`` and a CRF that loops over the words of one sentence after another,
and over the tags of each. Between them, where it is installed, stands pytorch-crf: a recursion over all sentences and
tags at once, which torch differentiates.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from common.cells.blstm import BLSTM
from common.data.tagged.batches import Batch, batches
from common.data.tagged.corpus import Encoded
from common.output.crf import CRF, inside

SENTENCES, VOCABULARY, EMBEDDING, HIDDEN, TAGS, BATCH = 64, 10_000, 100, 100, 9, 16
UNIT = "words"
REFERENCE = "plain torch: nn.LSTM, a loop over sentences, words and tags"


def text() -> list[Batch]:
    draw = np.random.default_rng(1)
    starts = np.cumsum([0, *draw.integers(5, 36, SENTENCES)])
    words, tags = (draw.integers(size, size=starts[-1]) for size in (VOCABULARY, TAGS))
    return [*batches(Encoded(words, tags, np.zeros((len(words), 0)), np.zeros(SENTENCES, int), starts), 0, BATCH)]


def looped(crf: CRF, scores: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
    """-log p ``[B]``, a sentence, a word and a tag at a time."""
    nats = []
    for b, length in enumerate(lengths.tolist()):
        alpha = crf.start + scores[0, b]
        score = alpha[tags[0, b]]
        for t in range(1, length):
            alpha = torch.stack(
                [torch.logsumexp(alpha + crf.transitions[:, k], 0) + scores[t, b, k] for k in range(scores.shape[2])]
            )
            score = score + crf.transitions[tags[t - 1, b], tags[t, b]] + scores[t, b, tags[t, b]]
        nats.append(torch.logsumexp(alpha + crf.stop, 0) - score - crf.stop[tags[length - 1, b]])
    return torch.stack(nats)


def packaged() -> Callable[[], int]:
    """The same with the CRF of pytorch-crf, which takes its weights from ours."""
    import torchcrf

    theirs = torchcrf.CRF(TAGS)

    def loss(crf: CRF, scores: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        theirs.start_transitions, theirs.end_transitions, theirs.transitions = crf.start, crf.stop, crf.transitions
        return -theirs(scores, tags, inside(lengths, len(scores)), reduction="none")

    return learner(lambda: PlainTorch(EMBEDDING, HIDDEN, bidirectional=True), loss)()


class PlainTorch(nn.LSTM):
    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(super().forward(packed)[0])[0]


def learner(cell: Callable[[], nn.Module], loss: Callable) -> Callable[[], Callable[[], int]]:
    """Sets up an epoch of training."""

    def make() -> Callable[[], int]:
        torch.manual_seed(1)
        network = nn.ModuleList([nn.Embedding(VOCABULARY, EMBEDDING), cell(), nn.Linear(2 * HIDDEN, TAGS), CRF(TAGS)])
        embedding, lstm, output, crf = network
        optimiser, sentences = torch.optim.Adam(network.parameters(), 1e-3, fused=True), text()

        def work() -> int:
            for batch in sentences:
                scores = output(lstm(embedding(batch.words), batch.lengths))
                optimiser.zero_grad()
                loss(crf, scores, batch.tags, batch.lengths).mean().backward()
                optimiser.step()
            return sum(batch.total_words for batch in sentences)

        return work

    return make


CASES = {
    REFERENCE: learner(lambda: PlainTorch(EMBEDDING, HIDDEN, bidirectional=True), looped),
    "nn.LSTM, pytorch-crf": packaged,
    "peephole LSTM, our CRF": learner(lambda: BLSTM(EMBEDDING, HIDDEN), CRF.__call__),
}
