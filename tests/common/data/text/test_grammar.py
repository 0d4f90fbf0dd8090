"""The English-like corpus: true probabilities, true entropy, long dependencies, a Zipfian lexicon."""

import collections
import hashlib
import math

import numpy as np
import pytest

from common.data.text import grammar
from common.data.text.probabilistic_grammar import Parser
from common.errors import UserError
from common.ngram.kneser_ney import KneserNey


@pytest.fixture(scope="module")
def text() -> grammar.Text:
    return grammar.generate(seed=1)


def after(*words: str) -> dict[str, float]:
    parser = Parser(grammar.GRAMMAR)
    for word in words:
        parser.read(word)
    return parser.next_words()


def test_sizes_and_form(text):
    for sentences, tokens in ((text.train, 200_000), (text.valid, 20_000), (text.test, 20_000)):
        lengths = [len(sentence.split()) + 1 for sentence in sentences]
        assert tokens <= sum(lengths) < tokens + lengths[-1]
    assert all(sentence == " ".join(sentence.lower().split()) for sentence in text.train)
    assert grammar.END not in " ".join(text.train)
    assert text.train[:500] != text.valid[:500] != text.test[:500]


def test_the_same_seed_gives_the_same_text_on_every_machine():
    sentences = grammar.generate(seed=1, train_tokens=5_000, valid_tokens=100, test_tokens=100).train
    assert hashlib.sha256("\n".join(sentences).encode()).hexdigest()[:16] == "c9175fd9faabbdfc"
    assert grammar.generate(seed=2, train_tokens=5_000, valid_tokens=100, test_tokens=100).train != sentences
    assert grammar.generate(seed=0, train_tokens=5_000, valid_tokens=100, test_tokens=100).train != sentences


def test_the_lexicon_is_large_and_zipfian(text):
    counts = collections.Counter(word for sentence in text.train for word in sentence.split())
    closed = {*grammar.PREPOSITIONS, *sum(grammar.DETERMINERS.values(), []), *sum(grammar.TIMES.values(), [])}
    closed |= set("the it they its their itself themselves that and of".split())
    ranked = sorted((count for word, count in counts.items() if word not in closed), reverse=True)
    assert len(ranked) >= 2_000
    ranks = np.unique(np.geomspace(10, len(ranked), 50).astype(int))  # every part of the curve weighs the same
    slope = np.polyfit(np.log(ranks), np.log(np.array(ranked)[ranks - 1]), 1)[0]
    assert -1.4 < slope < -0.8


def test_probabilities_of_all_rules_sum_to_one():
    for symbol in grammar.GRAMMAR.reachable():
        assert math.fsum(p for p, *_ in grammar.GRAMMAR.rules(symbol)) == pytest.approx(1, abs=1e-12), symbol


def test_oracle_distributions_sum_to_one_and_contain_the_word_that_came(text):
    parser = Parser(grammar.GRAMMAR)
    for sentence, log_ps in zip(text.test[:60], grammar.log_probabilities(text.test), strict=False):
        for word, log_p in zip([*sentence.split(), grammar.END], log_ps, strict=True):
            distribution = parser.next_words()
            assert math.fsum(distribution.values()) == pytest.approx(1, abs=1e-12)
            assert math.log(distribution[word]) == pytest.approx(log_p, abs=1e-12)
            parser.read(word)


def test_entropy_rate_is_the_oracles_mean_loss(text):
    losses = [(-sum(log_ps), len(log_ps)) for log_ps in grammar.log_probabilities(text.train)]
    # Sentences depend on their neighbours through the topic: the error is that of means over blocks of them.
    blocks = np.array([np.sum(losses[i : i + 100], axis=0) for i in range(0, len(losses) - 99, 100)])
    loss, tokens = blocks.sum(axis=0)
    deviations = blocks[:, 0] - loss / tokens * blocks[:, 1]
    standard_error = deviations.std(ddof=1) * math.sqrt(len(blocks)) / tokens
    assert standard_error < 0.01
    assert abs(loss / tokens - grammar.entropy_rate()) < 3 * standard_error
    assert text.entropy_rate == grammar.entropy_rate()


def test_the_verb_agrees_with_its_subject_across_a_phrase():
    bridge = "in the quiet garden of the glass".split()
    ship, ships = after("the", "ship", *bridge), after("the", "ships", *bridge)
    assert "steers" in ship and "steer" not in ship
    assert "steer" in ships and "steers" not in ships
    assert "steered" in after("yesterday", "the", "ships", *bridge)
    assert "steer" not in after("yesterday", "the", "ships", *bridge)


def test_reflexive_possessive_and_pronoun_agree():
    assert {"itself", "its"} <= after("yesterday", "the", "king", "ruled").keys()
    assert {"themselves", "their"} <= after("yesterday", "the", "kings", "ruled").keys()
    assert "it" not in after("the", "kings", "rule", grammar.END)
    assert "they" in after("the", "kings", "rule", grammar.END)


def test_the_topic_lasts():
    assert "rule" in after("the", "kings", "rule", grammar.END, "they")
    assert "steer" not in after("the", "kings", "rule", grammar.END, "they")
    next_nouns = after("the", "kings", "rule", grammar.END, "the")
    unknown = after("the")
    assert next_nouns["queen"] == pytest.approx(len(grammar.TOPICS) * grammar.KEEP_TOPIC * unknown["queen"])


def test_a_place_has_one_name(text):
    assert after("the", "ship", "near", "the", "tower", "of", "the").keys() == {"sorrow"}


def test_bad_sentences_are_named():
    with pytest.raises(UserError, match="sentence 2 .*'rules'"):
        list(grammar.log_probabilities(["the king rules", "the kings rules"]))
    with pytest.raises(UserError, match="sentence 1 .*</s>"):
        list(grammar.log_probabilities(["the king"]))


def test_a_5_gram_is_far_from_the_best(text):
    ids: dict[str, int] = collections.defaultdict(lambda: len(ids))
    eos = ids[grammar.END]
    train, test = (
        np.array([ids[word] for sentence in split for word in [*sentence.split(), grammar.END]])
        for split in (text.train, text.test)
    )
    seen = test <= train.max()  # a handful of test words never occur in training
    models = {n: KneserNey(n, train, int(train.max()) + 1, eos) for n in (3, 5)}
    loss = {n: -model.log_probabilities(test * seen)[seen].mean() for n, model in models.items()}
    assert loss[5] < loss[3]
    assert 0.3 < loss[5] - text.entropy_rate
