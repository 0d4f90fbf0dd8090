"""How good captions are, by the definitions of the COCO caption evaluation (Chen et al. 2015).

BLEU is sacrebleu's. CIDEr (CIDEr-D, document frequencies from the references), ROUGE-L and METEOR are those of
``pycocoevalcap``, the extra ``captions``; only METEOR runs a Java program. Sentences are tuples of words as
:func:`common.data.pictures.captions.tokenise` makes them: lower case, no punctuation. COCO's tokeniser, another Java
program, is not used.
"""

import importlib.util
import shutil
from collections.abc import Sequence

import numpy as np
from sacrebleu.metrics import BLEU

from common.errors import UserError

Sentence = Sequence[str]


def bleu(hypotheses: Sequence[Sentence], references: Sequence[Sequence[Sentence]]) -> dict[str, float]:
    """BLEU-1 to BLEU-4 of a corpus in percent: closest reference length, no smoothing.

    Args:
        hypotheses: one sentence for each of N pictures.
        references: one or more for each.
    """
    most = max(len(each) for each in references)
    streams = [[" ".join(each[k]) if k < len(each) else None for each in references] for k in range(most)]
    lines = [" ".join(words) for words in hypotheses]
    scorers = {n: BLEU(tokenize="none", smooth_method="none", max_ngram_order=n, force=True) for n in range(1, 5)}
    return {f"bleu{n}": scorer.corpus_score(lines, streams).score for n, scorer in scorers.items()}


def consensus(hypotheses: Sequence[Sentence], references: Sequence[Sequence[Sentence]]) -> dict[str, float]:
    """CIDEr and ROUGE-L in percent, and METEOR where there is Java.

    Raises:
        UserError: ``pycocoevalcap`` is not installed.
    """
    require_consensus()
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.meteor.meteor import Meteor
    from pycocoevalcap.rouge.rouge import Rouge

    ours = {i: [" ".join(words)] for i, words in enumerate(hypotheses)}
    theirs = {i: [" ".join(words) for words in each] for i, each in enumerate(references)}
    scorers = {"cider": Cider, "rouge_l": Rouge} | ({"meteor": Meteor} if shutil.which("java") else {})
    return {name: 100 * float(make().compute_score(theirs, ours)[0]) for name, make in scorers.items()}


def require_consensus() -> None:
    """A UserError if :func:`consensus` has not what it needs: before a training, not after."""
    if not importlib.util.find_spec("pycocoevalcap"):
        raise UserError(
            "CIDEr, ROUGE-L and METEOR come with pycocoevalcap, which is not installed: "
            "pip install '.[captions]', or --set consensus=false"
        )


def ranks(scores: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The rank, from 1, of the best wanted item of each of N queries ``[N]``; of equal scores the wanted comes last.

    Args:
        scores: of M items for each query ``[N, M]``; higher is better.
        wanted: which items belong to the query, bool ``[N, M]``.
    """
    best = np.where(wanted, scores, -np.inf).max(1, keepdims=True)
    return 1 + ((scores >= best) & ~wanted).sum(1)


def recall(found: np.ndarray) -> dict[str, float]:
    """R@1 and R@10 in percent, and the median of some ranks."""
    return {
        "r1": 100 * float((found <= 1).mean()),
        "r10": 100 * float((found <= 10).mean()),
        "median_rank": float(np.median(found)),
    }


def retrieval(scores: np.ndarray, owner: np.ndarray) -> dict[str, float]:
    """Ranking of captions for pictures (``annotation``) and of pictures for captions (``search``).

    Args:
        scores: log p(caption | picture), ``[pictures, captions]``.
        owner: the picture that each caption belongs to ``[captions]``.

    A caption that is likely for every picture would be chosen for all of them, so for annotation its scores are less
    its log-probability averaged over the pictures. That changes nothing
    in the ranking of pictures for one caption.
    """
    belongs = owner[None, :] == np.arange(len(scores))[:, None]
    highest = scores.max(0)
    prior = highest + np.log(np.exp(scores - highest).mean(0))
    tables = {
        "annotation": ranks(scores - prior, belongs),
        "search": ranks(scores.T, belongs.T),
        "annotation_raw": ranks(scores, belongs),
    }
    return {f"{task}/{name}": value for task, found in tables.items() for name, value in recall(found).items()}


def share_known(sentences: Sequence[Sentence], known: set[tuple[str, ...]]) -> float:
    """Share of the sentences, in percent, that ``known`` (the training captions) holds word for word."""
    return 100 * sum(tuple(words) in known for words in sentences) / len(sentences)
