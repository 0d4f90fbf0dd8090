"""BLEU (Papineni et al. 2002), as sacrebleu counts it and as the papers' ``multi-bleu.perl`` did.

Both are percentages, cased, with one reference per sentence. They differ in the tokens: sacrebleu makes its own from
running text (so that numbers of different systems can be compared), ``multi-bleu`` takes the system's.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sacrebleu.metrics import BLEU


class Score(NamedTuple):
    """``signature`` names every choice that the number depends on."""

    bleu: float
    signature: str
    precisions: tuple[float, ...]  # of 1- to 4-grams, in percent
    brevity_penalty: float


def bleu(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """sacrebleu of running (detokenised) text. Raises ValueError for unequal numbers of sentences."""
    return _score(BLEU(tokenize="13a", force=True), hypotheses, references)  # force: no warning


def multi_bleu(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> Score:
    """BLEU of tokens as they are, not smoothed. Raises ValueError for unequal numbers of sentences."""
    metric = BLEU(tokenize="none", smooth_method="none", force=True)
    return _score(metric, [" ".join(words) for words in hypotheses], [" ".join(words) for words in references])


def _score(metric: BLEU, hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references")
    if not hypotheses:
        raise ValueError("BLEU of no sentence is not defined")
    score = metric.corpus_score(list(hypotheses), [list(references)])
    return Score(score.score, str(metric.get_signature()), tuple(score.precisions), score.bp)
