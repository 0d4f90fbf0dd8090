import itertools
import random

import pytest

from common.metrics.span_f1 import Counts, count, spans


def conlleval(tags):
    """Chunks as the script finds them: its endOfChunk and startOfChunk, written out for B, I and O."""
    found, start = [], None
    for at in range(len(tags) + 1):
        before, here = tags[at - 1] if at else "O", tags[at] if at < len(tags) else "O"
        before_tag, _, before_type = before.partition("-")
        tag, _, kind = here.partition("-")
        ends = before_tag in "BI" and tag in "BO" or before_tag != "O" and before_type != kind
        begins = tag == "B" or before_tag == "O" and tag == "I" or tag != "O" and before_type != kind
        if ends and start is not None:
            found.append((start, at, before_type))
            start = None
        if begins:
            start = at
    return found


def test_spans_are_conllevals_on_every_sequence_of_five_tags():
    for tags in itertools.product(("O", "B-X", "I-X", "B-Y", "I-Y"), repeat=5):
        assert spans(tags) == conlleval(tags), tags


def test_the_published_example_and_ill_formed_tags():
    assert spans(["I-A", "I-A", "I-B", "O", "B-B", "I-A"]) == [(0, 2, "A"), (2, 3, "B"), (4, 5, "B"), (5, 6, "A")]
    assert spans([]) == spans(["O"]) == []


def test_counts_by_type_add_up():
    gold = [["B-A", "I-A", "O", "B-B"], ["B-A", "O", "O", "O"]]
    found = [["B-A", "I-A", "O", "B-A"], ["B-A", "I-A", "O", "B-B"]]
    counts = count(found, gold)
    assert counts == {"A": Counts(1, 3, 2), "B": Counts(0, 1, 1), "": Counts(1, 4, 3)}
    assert counts[""].precision == 25 and counts[""].recall == pytest.approx(100 / 3)
    assert counts[""].f1 == pytest.approx(2 * 25 * (100 / 3) / (25 + 100 / 3))
    assert Counts(0, 0, 0).f1 == Counts(0, 0, 3).precision == 0


def test_a_perfect_answer_has_100():
    draw = random.Random(1)
    gold = [draw.choices(["O", "B-A", "I-A"], k=7) for _ in range(20)]
    assert count(gold, gold)[""].f1 == 100
