"""The decoder against every translation there is; tuning against a grid."""

import itertools

import numpy as np
import pytest

from common.errors import UserError
from common.metrics.bleu import multi_bleu
from common.metrics.bleu_statistics import bleu_of, corpus_statistics, packed, unpacked
from common.ngram.kneser_ney import KneserNey
from common.phrase_based import tuning
from common.phrase_based.decoder import Decoder, NBest
from common.phrase_based.options import Options, options_of
from common.phrase_based.phrase_table import PhraseTable
from common.search.ngram_automaton import compile_automaton
from common.text.vocabulary import Vocabulary

WEIGHTS = np.array([0.7, -0.4, 0.8, 0.5])  # two local features, language model, distortion
LM = KneserNey(3, np.random.default_rng(0).integers(0, 6, 300), 6, 0)


def decoder(stack: int = 2000, limit: int = 6) -> Decoder:
    return Decoder(compile_automaton(LM), 0, longest=3, stack=stack, distortion_limit=limit)


def made_up(words: int, seed: int) -> tuple[Options, np.ndarray]:
    """Two translations of every word and one of some phrases."""
    draw = np.random.default_rng(seed)
    spans = [(i, i + 1) for i in range(words) for _ in range(2)]
    spans += [(i, i + n) for n in (2, 3) for i in range(words - n + 1) if draw.random() < 0.5]
    target = [draw.integers(1, 6, draw.integers(1, 3)) for _ in spans]
    start, end = np.array(sorted(spans)).T
    options = Options(words, start, end, np.arange(len(spans)), target, [[str(w) for w in ids] for ids in target])
    return options, draw.normal(size=(len(spans), 2))


def every_translation(options: Options, local: np.ndarray, limit: int) -> dict[tuple, float]:
    """The best score of each sequence of words, over all orders and cuts that the limit allows."""
    found: dict[tuple, float] = {}

    def extend(covered: frozenset, end: int, words: list, features: np.ndarray, jumped: int) -> None:
        if len(covered) == options.words:
            log_p = LM.log_probabilities(np.array([*words, 0])).sum()
            score = np.array([*features, log_p, -jumped]) @ WEIGHTS
            key = tuple(map(str, words))
            found[key] = max(found.get(key, -np.inf), score)
            return
        gap = min(set(range(options.words)) - covered)
        for o, (a, b) in enumerate(zip(options.start.tolist(), options.end.tolist(), strict=True)):
            if covered & set(range(a, b)) or abs(a - end) > limit or (a > gap and b - gap > limit):
                continue
            extend(
                covered | set(range(a, b)),
                b,
                [*words, *options.target[o].tolist()],
                features + local[o],
                jumped + abs(a - end),
            )

    extend(frozenset(), 0, [], np.zeros(2), 0)
    return found


@pytest.mark.parametrize(("words", "limit", "seed"), [(1, 6, 1), (3, 6, 2), (4, 6, 3), (4, 2, 4), (4, 0, 5), (4, 1, 6)])
def test_a_wide_beam_finds_the_best_of_all(words, limit, seed):
    options, local = made_up(words, seed)
    every = every_translation(options, local, limit)
    found = decoder(limit=limit).translate(options, local, WEIGHTS, 400)
    scores = found.features @ WEIGHTS
    np.testing.assert_allclose(scores[0], max(every.values()), rtol=1e-9)
    assert (np.diff(scores) <= 1e-9).all() and len({tuple(w) for w in found.words}) == len(found.words)
    for text, score in zip(found.words[:20], scores, strict=False):  # and their features are those of the words
        np.testing.assert_allclose(score, every[tuple(text)], rtol=1e-9)
    ranked = sorted(every.values(), reverse=True)
    np.testing.assert_allclose(scores[:5], ranked[:5], rtol=1e-9)


def test_a_narrow_beam_is_no_better():
    options, local = made_up(9, 7)
    wide, narrow = (decoder(stack).translate(options, local, WEIGHTS).features[0] @ WEIGHTS for stack in (3000, 1))
    assert narrow <= wide + 1e-9


def table() -> tuple[PhraseTable, Vocabulary]:
    """One pair: word 3 becomes word 2."""
    words = np.array([3]), np.array([2])
    span = np.array([[0, 1]])
    return PhraseTable(
        *words, span, span, np.array([0]), np.array([0]), np.array([1]), np.zeros((2, 4)), 3
    ), Vocabulary(("</s>", "<unk>", "chat", "a", "b", "c"), (6, 5, 4, 3, 2, 1))


def test_a_sentence_in_which_nothing_is_known_is_copied():
    phrases, vocabulary = table()
    options = options_of([5, 5], ["Zagreb", "42"], phrases, vocabulary, 20)
    local = np.zeros((len(options.row), 2))
    assert decoder().translate(options, local, WEIGHTS).words == [["Zagreb", "42"]]
    assert options.row.tolist() == [1, 1]  # the row of copied words
    options = options_of([5, 3], ["Zagreb", "cat"], phrases, vocabulary, 20)
    assert sorted(decoder().translate(options, np.zeros((2, 2)), WEIGHTS).words[0]) == ["Zagreb", "chat"]
    empty = options_of([], [], phrases, vocabulary, 20)
    assert decoder().translate(empty, np.zeros((0, 2)), WEIGHTS).words == [[]]


def test_only_the_likeliest_options_are_kept():
    options = [table()[0]]
    wide = options[0]
    scores = np.zeros((4, 4))
    scores[:3, 2] = np.log([0.2, 0.5, 0.3])
    several = PhraseTable(
        wide.source_words,
        np.arange(2, 5),
        np.array([[0, 1]]),
        np.array([[0, 1], [1, 2], [2, 3]]),
        np.zeros(3, int),
        np.arange(3),
        np.ones(3, int),
        scores,
        3,
    )
    found = options_of([3], ["cat"], several, table()[1], 2)
    assert [ids.tolist() for ids in found.target] == [[3], [4]]


def test_weights_that_are_no_weights_are_refused():
    options, local = made_up(3, 1)
    for bad in (WEIGHTS * np.nan, WEIGHTS * 0, WEIGHTS * 1e9):
        with pytest.raises(UserError, match="tuning has diverged"):
            decoder().translate(options, local, bad)
    with pytest.raises(UserError, match="distortion_limit=60"):
        decoder(limit=60)


def lists(seed: int) -> tuple[list[NBest], list[list[str]]]:
    """Candidates whose first feature says how good they are and whose second feature is noise."""
    draw, found, references = np.random.default_rng(seed), [], []
    for _ in range(40):
        reference = [str(w) for w in draw.integers(0, 9, 8)]
        spoilt = draw.integers(0, 6, 12)
        words = [[w if i >= n else "x" for i, w in enumerate(reference)] for n in spoilt]
        features = np.stack([-spoilt + draw.normal(0, 1, 12), draw.normal(0, 3, 12)], 1)
        found.append(NBest(words, features, []))
        references.append(reference)
    return found, references


def bleu_with(found: list[NBest], references: list[list[str]], weights: np.ndarray) -> float:
    return multi_bleu([each.words[each.best(weights)] for each in found], references).bleu


def test_tuning_finds_weights_as_good_as_a_grid():
    found, references = lists(1)
    pool = tuning.Pool(references)
    assert pool.add(found) == 480 and pool.add(found) == 0
    weights, _ = tuning.tune(pool, np.array([0.0, 1.0]))
    angles = np.linspace(0, 2 * np.pi, 720)
    best = max(bleu_with(found, references, np.array([np.cos(a), np.sin(a)])) for a in angles)
    assert bleu_with(found, references, np.array([0.0, 1.0])) < 70
    assert bleu_with(found, references, weights) > best - 1.5
    other, others = lists(2)  # and they hold for other sentences
    assert bleu_with(other, others, weights) > 75


def test_the_gradient_of_expected_bleu():
    found, references = lists(3)
    pool = tuning.Pool(references)
    pool.add(found)
    features, counts, starts = pool.arrays()
    sentence = np.repeat(np.arange(len(found)), np.diff(starts))
    weights = np.array([0.3, -0.2])
    value, slope = tuning.log_bleu(features, counts, starts, sentence, weights)
    for place, step in itertools.product(range(2), (1e-5,)):
        moved = weights + step * np.eye(2)[place]
        numeric = (tuning.log_bleu(features, counts, starts, sentence, moved)[0] - value) / step
        np.testing.assert_allclose(slope[place], numeric, rtol=1e-3)
    sharp = tuning.log_bleu(features, counts, starts, sentence, 1e6 * weights)[0]
    np.testing.assert_allclose(100 * np.exp(sharp), bleu_with(found, references, weights), rtol=1e-6)


def test_tuning_that_cannot_work_says_so():
    found, references = lists(4)
    pool = tuning.Pool(references)
    pool.add(found)
    with pytest.raises(UserError, match="tuning has diverged"):
        tuning.tune(pool, np.array([np.inf, 1.0]))
    pool.add([found[0]._replace(features=np.full((12, 2), -np.inf))])
    with pytest.raises(UserError, match="gives a probability of 0"):
        tuning.tune(pool, np.ones(2))
    with pytest.raises(UserError, match="0 rounds"):
        tuning.decode_and_tune(lambda weights: found, references, np.ones(2), rounds=0)
    weights, bleu = tuning.decode_and_tune(lambda weights: found, references, np.array([0.0, 1.0]), rounds=5)
    assert bleu > 60 and np.isfinite(weights).all()


def test_counts_give_the_bleu_of_multi_bleu():
    found, references = lists(5)
    one = [each.words[0] for each in found]
    counts = corpus_statistics(one, references)
    np.testing.assert_allclose(bleu_of(counts.sum(0)), multi_bleu(one, references).bleu)
    short = [words[:5] for words in one]
    np.testing.assert_allclose(bleu_of(corpus_statistics(short, references).sum(0)), multi_bleu(short, references).bleu)
    assert bleu_of(corpus_statistics([["q"]], [["r"]]).sum(0)) == 0


def test_counts_are_kept_as_text():
    found, references = lists(6)
    counts = corpus_statistics([each.words[0] for each in found], references)
    assert isinstance(packed(counts), str) and unpacked(packed(counts)).tolist() == counts.tolist()
    assert len(packed(np.tile(counts, (200, 1)))) < counts.size * 200
