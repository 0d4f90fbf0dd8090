"""The decoders against enumeration of all paths."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import UserError
from common.ngram.good_turing import GoodTuring
from common.ngram.kneser_ney import KneserNey
from common.search.ctc_beam import ctc_beam_search, label_model, word_model
from common.search.ctc_best_path import best_path, collapse
from common.search.ctc_prefix import prefix_search, sections
from common.search.ngram_automaton import compile_automaton, step

small = st.tuples(st.integers(1, 6), st.integers(2, 4), st.sampled_from([0.2, 1.0, 5.0]), st.integers(0, 10**6))


def outputs(steps, symbols, concentration, seed) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(symbols, concentration), steps)


def all_labellings(y) -> dict[tuple[int, ...], float]:
    found = {}
    for path in itertools.product(range(y.shape[1]), repeat=len(y)):
        labels = tuple(collapse(path))
        found[labels] = found.get(labels, 0.0) + np.prod([y[t, k] for t, k in enumerate(path)])
    return found


@pytest.mark.parametrize(
    ("path", "labels"),
    [([0, 1, 1, 0, 1, 2, 2], [1, 1, 2]), ([0, 0, 0], []), ([], []), ([3], [3]), ([1, 2, 1], [1, 2, 1])],
)
def test_collapse(path, labels):
    assert collapse(path) == labels


def test_best_path_stops_at_each_length():
    scores = torch.eye(3)[torch.tensor([[1, 1], [0, 2], [1, 1]])]  # [T, B, K]
    assert best_path(scores, torch.tensor([3, 2])) == [[1, 1], [1, 2]]


@settings(max_examples=150, deadline=None)
@given(small)
def test_prefix_search_finds_the_most_probable_labelling(case):
    y = outputs(*case)
    p = all_labellings(y)
    found = prefix_search(np.log(y), threshold=None)
    assert found.unfinished == 0
    assert p[tuple(found.labels)] == pytest.approx(max(p.values()), rel=1e-9)
    assert np.exp(found.log_probability) == pytest.approx(max(p.values()), rel=1e-9)


def test_best_path_is_not_always_the_most_probable_labelling():
    y = np.array([[0.6, 0.4], [0.6, 0.4]])  # the path of two blanks has 0.36, label 1 has 0.64 in three paths
    assert collapse(y.argmax(1)) == []
    assert prefix_search(np.log(y), threshold=None).labels == [1]


@settings(max_examples=50, deadline=None)
@given(small, small)
def test_cut_at_certain_blanks_each_section_is_exact(first, second):
    symbols = first[1]
    a, b = outputs(*first), outputs(second[0], symbols, *second[2:])
    a[:, 0], b[:, 0] = np.minimum(a[:, 0], 0.99), np.minimum(b[:, 0], 0.99)
    certain = np.eye(symbols)[[0]] * (1 - 1e-6) + 1e-9
    found = prefix_search(np.log(np.concatenate([certain, a, certain, certain, b]).clip(1e-300)))
    parts = [prefix_search(np.log(part.clip(1e-300)), threshold=None) for part in (a, b)]
    assert found.sections == 2
    assert found.labels == parts[0].labels + parts[1].labels


def test_sections():
    assert sections(np.array([1, 0.5, 0.2, 1, 1, 0.1]), 0.9999) == [(1, 3), (5, 6)]
    assert sections(np.array([0.5, 0.5]), 0.9999) == [(0, 2)]
    assert sections(np.array([1.0, 1.0]), 0.9999) == []
    assert sections(np.array([1.0, 1.0]), None) == [(0, 2)]
    assert sections(np.array([]), 0.9999) == []


def test_at_the_limit_it_is_no_worse_than_the_best_path():
    y = outputs(40, 20, 0.3, 1)
    found = prefix_search(np.log(y.clip(1e-300)), threshold=None, max_expansions=3)
    assert found.unfinished == 1
    whole = prefix_search(np.log(y.clip(1e-300)), threshold=None, max_expansions=20000)
    assert whole.log_probability >= found.log_probability >= np.log(y.max(1)).sum() - 1e-9


@pytest.mark.parametrize("frames", [1, 100, 2000])
def test_undecided_outputs_neither_crash_nor_take_for_ever(frames):
    found = prefix_search(np.full((frames, 62), -np.log(62)), threshold=None, max_expansions=50)
    assert np.isfinite(found.log_probability)


# --- beam search


def text_of(seed, symbols) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return np.concatenate([np.append(draw.integers(1, symbols, draw.integers(1, 6)), 0) for _ in range(30)])


@settings(max_examples=60, deadline=None)
@given(small)
def test_wide_beam_without_model_is_exact(case):
    y = outputs(*case)
    p = all_labellings(y)
    assert p[tuple(ctc_beam_search(np.log(y.clip(1e-300)), beam_size=2000, least=0))] == pytest.approx(max(p.values()))


@settings(max_examples=60, deadline=None)
@given(small, st.floats(0, 2), st.floats(-1, 1))
def test_wide_beam_with_a_model_of_labels_is_exact(case, weight, bonus):
    y = outputs(*case)
    symbols = y.shape[1]
    lm = KneserNey(3, text_of(case[3], symbols), symbols, 0)
    score = {
        labels: np.log(p) + weight * lm.log_probabilities(np.array([*labels, 0])).sum() + bonus * len(labels)
        for labels, p in all_labellings(y).items()
        if p > 0
    }
    found = ctc_beam_search(
        np.log(y.clip(1e-300)), label_model(lm), beam_size=2000, weight=weight, bonus=bonus, least=0
    )
    assert score[tuple(found)] == pytest.approx(max(score.values()), abs=1e-9)


LEXICON = {1: [2], 2: [2, 3], 3: [3, 3]}  # words spelled with labels 2 and 3; label 1 stands between words


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 2), st.floats(-1, 1))
def test_wide_beam_with_a_model_of_words_is_exact_over_sentences_of_the_lexicon(seed, weight, bonus):
    y = outputs(6, 4, 1.0, seed)
    lm = KneserNey(2, text_of(seed, 4), 4, 0)
    spelled = {tuple(spelling): word for word, spelling in LEXICON.items()}
    score = {}
    for labels, p in all_labellings(y).items():
        words = [tuple(letters) for is_space, letters in itertools.groupby(labels, lambda k: k == 1) if not is_space]
        proper = list(labels) == [k for word in words for k in (1, *word)][1:]
        if proper and all(word in spelled for word in words):
            ids = np.array([*(spelled[word] for word in words), 0])
            score[labels] = np.log(p) + weight * lm.log_probabilities(ids).sum() + bonus * len(words)
    found = ctc_beam_search(
        np.log(y), word_model(lm, LEXICON, 1, 4), beam_size=5000, weight=weight, bonus=bonus, least=0
    )
    assert score[tuple(found)] == pytest.approx(max(score.values()), abs=1e-9)


def test_a_model_changes_the_transcript_and_weight_zero_does_not():
    y = np.log(np.array([[0.1, 0.45, 0.44, 0.01], [0.9, 0.04, 0.03, 0.03], [0.1, 0.01, 0.44, 0.45]]))
    lm = label_model(KneserNey(2, np.array([2, 2, 0] * 20), 4, 0))
    assert ctc_beam_search(y) == ctc_beam_search(y, lm, weight=0.0) == [1, 3]
    assert ctc_beam_search(y, lm, weight=1.0, bonus=1.0) == [2, 2]


def test_repeated_labels_need_a_blank_between_them():
    y = np.log(np.array([[0.02, 0.98], [0.98, 0.02], [0.02, 0.98]]))
    assert ctc_beam_search(y) == prefix_search(y).labels == [1, 1]


def test_silence_is_an_empty_transcript():
    y = np.log(np.tile([1 - 2e-12, 1e-12, 1e-12], (50, 1)))
    lm = label_model(KneserNey(2, np.array([1, 2, 0]), 3, 0))
    assert ctc_beam_search(y, lm) == prefix_search(y).labels == []
    assert best_path(torch.from_numpy(y)[:, None], torch.tensor([50])) == [[]]


@pytest.mark.parametrize("lexicon", [{1: []}, {1: [2, 1]}, {1: [2], 2: [2]}])
def test_a_word_without_a_spelling_of_its_own(lexicon):
    with pytest.raises(UserError, match="lexicon: word"):
        word_model(KneserNey(2, np.array([1, 2, 0]), 3, 0), lexicon, 1, 4)


# --- the automaton


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.sampled_from([KneserNey, GoodTuring]))
def test_automaton_reads_a_sentence_as_the_model_does(seed, order, kind):
    model = kind(order, text_of(seed, 6), 6, 0)
    automaton = compile_automaton(model)
    sentence = [*np.random.default_rng(seed + 1).integers(1, 6, 7).tolist(), 0]
    state, found = automaton.start, []
    for word in sentence:
        log_p, state = step(automaton, state, word)
        found.append(log_p)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(found, model.log_probabilities(np.array(sentence)), atol=1e-12)
