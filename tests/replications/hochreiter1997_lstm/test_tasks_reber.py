import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replications.hochreiter1997_lstm.tasks.reber import LEGAL, START, SUCCESSOR, SYMBOL, SYMBOLS, Reber

# The grammar once more, as a regular expression: M leads from the node before T|V to the end of the inner graph.
M = "T*V(?:PXT*V)*(?:V|PS)"
EMBEDDED = re.compile(f"B([TP])B(?:TS*X(?:S|X{M})|P{M})E\\1E")
# From every state of the grammar, one of these tails leads to the end.
TAILS = {whole[i:] for whole in ("BTBTXSETE", "BPBTXSEPE", "BTBPVVETE", "BPBPVVEPE") for i in range(10)}


def may_follow(prefix):
    """The legal symbols by brute force: those that some tail completes to a string of the language."""
    return {s for s in SYMBOLS if any(EMBEDDED.fullmatch(prefix + s + tail) for tail in TAILS)}


def spell(symbols):
    return "".join(SYMBOLS[symbol] for symbol in symbols)


def spell_set(legal):
    return {symbol for symbol, is_legal in zip(SYMBOLS, legal, strict=True) if is_legal}


def strings(batch):
    """What was read, and the last symbol that was only predicted."""
    return [
        spell([*index[:length, 0], following[length - 1]])
        for index, following, length in zip(batch.index, batch.next, batch.length, strict=True)
    ]


def test_the_recogniser_by_hand():
    for string in ("BTBTXSETE", "BPBPVVEPE", "BTBTSSXXTVPXVPSETE", "BPBPTTVVEPE"):
        assert EMBEDDED.fullmatch(string)
    for string in ("BTBTXSEPE", "BTBTSETE", "BPBPVEPE", "BTXSE", "BTBTXSET"):
        assert not EMBEDDED.fullmatch(string)
    assert may_follow("") == {"B"} and may_follow("B") == {"T", "P"} and may_follow("BTBTXSE") == {"T"}


@settings(deadline=None, derandomize=True, max_examples=20)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_strings_are_of_the_grammar_and_everything_legal_is_known(seed, n):
    batch = Reber().sample(np.random.default_rng(seed), n)
    for row, string in enumerate(strings(batch)):
        assert EMBEDDED.fullmatch(string)
        assert len(string) == batch.length[row] + 1 >= 9  # the shortest, as in the paper's Table 10
        for step in range(batch.length[row]):
            assert spell(batch.next[row, step : step + 1]) == string[step + 1]
            assert spell_set(batch.legal[row, step]) == may_follow(string[: step + 1])


def test_both_ways_have_the_same_probability():
    draws = 10_000
    counts = Counter(strings(Reber().sample(np.random.default_rng(1), draws)))
    lengths = sum(len(string) * count for string, count in counts.items()) / draws
    assert lengths == pytest.approx(12, abs=0.2)  # 4 around an inner string of 8, solved from the graph's equations
    # One half for each branch: T|P, T|P, S|X, X|S; and T|P, P|T, T|V, P|V.
    for string, probability in {"BTBTXSETE": 1 / 16, "BPBPVVEPE": 1 / 16, "BTBTSXSETE": 1 / 32, "BTBPTVVETE": 1 / 32,
                                "BPBTXXVVEPE": 1 / 64}.items():  # fmt: skip
        assert counts[string] / draws == pytest.approx(probability, abs=5 * (probability / draws) ** 0.5)
    assert sum(counts[s] for s in counts if s[1] == "T") / draws == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_training_and_test_strings_are_disjoint(seed):
    train, test = (strings(part) for part in Reber().split(np.random.default_rng(seed)))
    assert len(train) == len(test) == 256
    assert not set(train) & set(test)
    assert all(EMBEDDED.fullmatch(string) for string in train + test)
    assert len(set(train)) < 256  # drawn as they come
    again = Reber().split(np.random.default_rng(seed))
    assert [strings(part) for part in again] == [train, test]


def test_splits_of_other_sizes():
    for count in (1, 600):
        train, test = (strings(part) for part in Reber().split(np.random.default_rng(1), count))
        assert len(train) == len(test) == count and not set(train) & set(test)


@settings(deadline=None, derandomize=True, max_examples=20)
@given(st.integers(0, 10_000), st.integers(1, 200))
def test_a_stream_is_strings_back_to_back(seed, n):
    symbols, start = Reber().stream(np.random.default_rng(seed), n)
    assert symbols.shape == start.shape == (n,) and start[0]
    begins = [*np.flatnonzero(start), n]
    for first, last in zip(begins[:-1], begins[1:], strict=True):
        string = spell(symbols[first:last])
        assert EMBEDDED.fullmatch(string) or last == n
        assert all(string[step] in may_follow(string[:step]) for step in range(1, len(string)))


def test_the_tables_walk_the_grammar():
    """What a compiled generator would use: from state to state, either way."""
    rng = np.random.default_rng(7)
    for _ in range(50):
        state, string = START, ""
        while not EMBEDDED.fullmatch(string):
            assert spell_set(LEGAL[state]) == may_follow(string) and len(string) < 200
            way = rng.integers(2)
            string, state = string + SYMBOLS[SYMBOL[state, way]], SUCCESSOR[state, way]
