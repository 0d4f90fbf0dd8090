"""BLEU (Papineni et al. 2002), as sacrebleu counts it and as the papers' ``multi-bleu.perl`` did.

Both are percentages, cased, with one reference per sentence. They differ in the tokens: sacrebleu makes its own from
running text (so that numbers of different systems can be compared), ``multi-bleu`` takes the system's.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sacrebleu.metrics import BLEU

from common.text.letters import is_unspaced

TOKENISERS = ("13a", "intl", "char")
PERFECT = 99.9  # percent: of a thousand real sentences two or three have quotation marks that no rule can join again


class Score(NamedTuple):
    """``signature`` names every choice that the number depends on."""

    bleu: float
    signature: str
    precisions: tuple[float, ...]  # of 1- to 4-grams, in percent
    brevity_penalty: float


def bleu(hypotheses: Sequence[str], references: Sequence[str], tokeniser: str = TOKENISERS[0]) -> Score:
    """sacrebleu of running (detokenised) text. Raises ValueError for unequal numbers of sentences."""
    return _score(BLEU(tokenize=tokeniser, force=True), hypotheses, references)  # force: no warning


def tokeniser_for(references: Sequence[str], perfect: Sequence[str]) -> str | None:
    """The first of sacrebleu's tokenisers that can judge a language: ``perfect``, the references as a system without
    fault returns them (tokenised and joined again), score 100. None: there is none, and no number means anything.

    13a, the default of WMT, knows the punctuation of ASCII only; text without blanks between words has only characters.
    """
    if is_unspaced(references):
        return TOKENISERS[-1]
    judges = {name: BLEU(tokenize=name, effective_order=True, force=True) for name in TOKENISERS}  # short texts count
    return next((name for name, judge in judges.items() if _score(judge, perfect, references).bleu > PERFECT), None)


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
