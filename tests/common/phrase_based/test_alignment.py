"""From word alignments to the phrase table."""

import itertools

import numpy as np
import pytest

from common.errors import UserError
from common.phrase_based import phrase_table
from common.phrase_based.bitext import Bitext, Links, read_links
from common.phrase_based.extraction import extract
from common.phrase_based.symmetrise import METHODS, symmetrise
from common.phrase_based.word_alignment import EMPTY, Cells, _best, _expect, _transitions, align


def bitext(*pairs: tuple[list[int], list[int]]) -> Bitext:
    return Bitext.of([(np.array(source), np.array(target)) for source, target in pairs])


def links(*pairs: list[tuple[int, int]]) -> Links:
    flat = np.array([link for pair in pairs for link in pair], np.int64).reshape(-1, 2)
    return Links(flat[:, 0].copy(), flat[:, 1].copy(), np.cumsum([0, *map(len, pairs)]))


def test_the_markov_model_sums_over_all_paths():
    """Expected counts and the best path of the compiled loops, against every path written out."""
    draw = np.random.default_rng(1)
    text = bitext(([0, 1, 2], [0, 1, 1]), ([2, 0], [1, 0]))
    cells = Cells(text, 3)
    cells.t = draw.random(len(cells.t))
    jumps = draw.random(41) + 0.1
    counts = np.zeros(len(cells.t))
    for n in range(2):
        size, words = np.diff(text.source_starts)[n], np.diff(text.target_starts)[n]
        move = _transitions(jumps, size)
        np.testing.assert_allclose(move.sum(1), 1 - EMPTY)
        paths = {}
        for path in itertools.product(range(size + 1), repeat=words):  # size: the empty word
            p, memory = 1.0, 0
            for j, i in enumerate(path):
                p *= cells.t[cells.cell[cells.starts[n] + j * (size + 1) + i]]
                p *= EMPTY if i == size else move[memory, i]
                memory = memory if i == size else i + 1
            paths[path] = p
        for path, p in paths.items():
            for j, i in enumerate(path):
                counts[cells.cell[cells.starts[n] + j * (size + 1) + i]] += p / sum(paths.values())
        best = max(paths, key=paths.get)
        arrays = cells.cell, cells.starts, text.source_starts, text.target_starts
        found = _best(np.log(cells.t), jumps, *arrays)[text.target_starts[n] : text.target_starts[n + 1]]
        assert [i if i < size else -1 for i in best] == found.tolist()
    found, jump_counts = _expect(cells.t, jumps, *arrays)
    np.testing.assert_allclose(found, counts, rtol=1e-10)
    assert jump_counts.sum() <= len(text.target)


def test_words_that_always_come_together_are_linked():
    draw = np.random.default_rng(1)
    order = [draw.permutation(8)[: draw.integers(2, 6)] for _ in range(150)]
    text = bitext(*((source.tolist(), (source[::-1] + 20).tolist()) for source in order))  # the other way round
    found = align(text, 8)
    right = [
        found[text.target_starts[n] + j] == len(source) - 1 - j
        for n, source in enumerate(order)
        for j in range(len(source))
    ]
    assert np.mean(right) > 0.95


def test_joining_two_alignments_by_hand():
    text = bitext(([0, 1, 2], [0, 1, 2]))
    forwards, backwards = np.array([0, 0, 2]), np.array([0, -1, 1])  # agree on (0, 0); apart: (0, 1), (2, 2), (2, 1)
    found = {method: symmetrise(text, forwards, backwards, method).of(0) for method in METHODS}
    assert found["intersection"] == {(0, 0)}
    assert found["union"] == {(0, 0), (0, 1), (2, 2), (2, 1)}
    assert found["grow-diag-final-and"] == {(0, 0), (0, 1), (2, 2)}  # (2, 1) would link target word 1 again
    with pytest.raises(UserError, match="did you mean 'union'"):
        symmetrise(text, forwards, backwards, "unoin")


def naive(source: int, target: int, found: set, longest: int) -> set:
    """Phrase pairs by definition."""
    return {
        (a, b, c, d)
        for a in range(source)
        for b in range(a + 1, min(a + longest, source) + 1)
        for c in range(target)
        for d in range(c + 1, min(c + longest, target) + 1)
        if any(a <= i < b and c <= j < d for i, j in found) and all((a <= i < b) == (c <= j < d) for i, j in found)
    }


def test_phrase_pairs_are_those_of_the_definition():
    draw = np.random.default_rng(2)
    for _ in range(60):
        size, words, longest = draw.integers(1, 7, 3)
        pair = [(i, j) for i in range(size) for j in range(words) if draw.random() < 0.25]
        found = extract(bitext((list(range(size)), list(range(words)))), links(pair), longest)
        rows = list(zip(*(part.tolist() for part in found), strict=True))
        assert len(rows) == len(set(rows)) and set(rows) == naive(size, words, set(pair), longest)


def test_scores_of_a_table_by_hand():
    """la -> the twice, maison -> house; bleu has no link."""
    text = bitext(([0, 1], [0, 1]), ([0, 1], [0, 1, 2]))
    table = phrase_table.build(text, links([(0, 0), (1, 1)], [(0, 0), (1, 1)]), 3)
    at = {
        (tuple(table.source_phrase(r).tolist()), tuple(table.target_phrase(r).tolist())): r for r in range(len(table))
    }
    assert set(at) == {((0,), (0,)), ((1,), (1,)), ((1,), (1, 2)), ((0, 1), (0, 1)), ((0, 1), (0, 1, 2))}
    assert table.count[at[(0,), (0,)]] == 2
    np.testing.assert_allclose(table.scores[at[(0,), (0,)]], 0.0, atol=1e-12)
    np.testing.assert_allclose(np.exp(table.scores[at[(1,), (1,)]]), [1, 1, 2 / 3, 1])  # house: twice; + bleu: once
    np.testing.assert_allclose(np.exp(table.scores[at[(1,), (1, 2)]]), [1, 1, 1 / 3, 1])
    assert list(table.rows((1,))) == sorted([at[(1,), (1,)], at[(1,), (1, 2)]])
    assert list(table.rows((7,))) == [] and (table.scores[-1] == 0).all()


def test_scores_are_normalised():
    draw = np.random.default_rng(3)
    pairs = [(draw.integers(0, 4, draw.integers(1, 6)), draw.integers(0, 4, draw.integers(1, 6))) for _ in range(30)]
    text = Bitext.of(pairs)
    table = phrase_table.build(text, links(*([(i, min(i, len(t) - 1)) for i in range(len(s))] for s, t in pairs)), 3)
    for column, of in ((0, table.target), (2, table.source)):
        sums = np.bincount(of, np.exp(table.scores[:-1, column]))
        np.testing.assert_allclose(sums, 1.0)
    assert (table.scores <= 1e-12).all()


def test_bad_alignments_are_told(tmp_path):
    text, path = bitext(([0, 1], [0, 1]), ([0], [0, 1])), tmp_path / "links"
    path.write_text("0-0 1-1\n0-1\n")
    assert read_links(path, text).of(1) == {(0, 1)}
    for content, message in (
        ("0-0\n1-0\n", r"links:2: link 1-0 names source word 1, but .* has 1 "),
        ("0-2\n\n", r"links:1: link 0-2 names target word 2"),
        ("0-0\n", "links:2: 1 lines for 2"),
        ("0-0\n0:1\n", "links:2: '0:1' is not a link"),
        ("0--1\n\n", "links:1: '0--1' is not"),
    ):
        path.write_text(content)
        with pytest.raises(UserError, match=message):
            read_links(path, text)
    with pytest.raises(UserError, match="no such alignment file"):
        read_links(tmp_path / "none", text)
    with pytest.raises(UserError, match="the phrase table is empty"):
        phrase_table.build(text, links([], []), 3)
    with pytest.raises(UserError, match="no side of a pair may be empty"):
        bitext(([], [0]))
