"""Label error rate: edit distances over the number of reference labels (Graves et al. 2006, section 2.1)."""

from collections.abc import Sequence

from torchaudio.functional import edit_distance


def label_error_rate(hypotheses: Sequence[Sequence], references: Sequence[Sequence]) -> float:
    """Percent: all edit distances together over all reference labels together; above 100 with many insertions.

    Labels may be phones, characters or words. A reference may be empty, not all of them.

    Raises:
        ValueError: another number of hypotheses than of references, or not a single reference label.
    """
    labels = sum(map(len, references))
    if not labels:
        raise ValueError("no reference labels: there is nothing that could be wrong")
    return 100 * edits(hypotheses, references) / labels


def edits(hypotheses: Sequence[Sequence], references: Sequence[Sequence]) -> int:
    """All edit distances together."""
    pairs = zip(hypotheses, references, strict=True)
    return sum(edit_distance(list(reference), list(hypothesis)) for hypothesis, reference in pairs)
