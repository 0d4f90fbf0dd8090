"""A translator that copies, so that every mix-up of sentences shows; groups of sentences by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from common.data.parallel.corpus import Pairs
from common.evaluation.translation import by_group, record_bleu, short_and_long, total_nats, translate
from common.metrics.bleu import bleu, multi_bleu

END = 0
FOUND = [["a", "b", "c", "d"], ["a", "b", "c", "d", "e"], ["a", "b", "x", "d", "e", "f"], ["f", "a", "b", "c", "d"]]
REFERENCES = [["a", "b", "c", "d"], ["a", "b", "c", "d", "f"], ["a", "b", "c", "d", "e", "f"], ["a", "b", "c", "d"]]


def copy(source, lengths):
    """Writes the source, whose words are the likeliest each time by far."""
    state = source.t().contiguous(), torch.zeros(len(lengths), dtype=torch.long)

    def step(words, state):
        sentence, place = state
        wanted = sentence.gather(1, place.unsqueeze(1))
        return torch.full((len(words), 9), -20.0).scatter(1, wanted, -0.1), (sentence, place + 1)

    return step, state


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_every_sentence_gets_its_own_translation(batch_size):
    draw = np.random.default_rng(1)
    sources = [np.append(draw.integers(1, 9, length), END) for length in (3, 0, 7, 1, 7, 2, 5)]
    found = translate(
        copy,
        sources,
        max_length=lambda longest: longest,
        batch_size=batch_size,
        start=END,
        end=END,
        beam_size=2,
        n_best=2,
    )
    assert [list(best.words) for best, *_ in found] == [source[:-1].tolist() for source in sources]
    assert translate(copy, [], max_length=int, start=END, end=END, beam_size=2) == []


def test_length_is_bounded_by_the_longest_source_of_a_batch():
    sources = [np.array([3, 4, END]), np.array([5, END])]
    for batch_size, expected in ((2, [(3, 4), (5,)]), (1, [(3, 4), ()])):
        found = translate(
            copy,
            sources,
            max_length=lambda longest: longest if longest > 2 else 0,
            batch_size=batch_size,
            start=END,
            end=END,
            beam_size=1,
        )
        assert [best.words for (best,) in found] == expected


def test_nats_of_all_sentences():
    pairs = Pairs.of(*[np.array([5, 1] * 100 + [6, 5, 1])] * 2, (1, 1))
    assert total_nats(lambda batch: batch.target_lengths * 0.5, pairs) == pytest.approx(203 / 2)


def test_both_bleus_of_the_first_sentences():
    recorded = {}
    corpus = SimpleNamespace(
        tokenised_references=lambda split: REFERENCES,
        detokenise=" ".join,
        references=lambda split: [" ".join(words) for words in REFERENCES],
        bleu_tokeniser="13a",
    )
    run = SimpleNamespace(
        corpus=corpus,
        figures={},
        name="made up",
        record=lambda metric, seed, value: recorded.update({(metric, seed): value}),
    )
    record_bleu(run, "", 1, FOUND)
    record_bleu(run, "beam_1", 1, FOUND[:2])
    running = [" ".join(words) for words in FOUND], [" ".join(words) for words in REFERENCES]
    assert recorded == {
        ("test/bleu", 1): multi_bleu(FOUND, REFERENCES).bleu,
        ("test/sacrebleu", 1): bleu(*running).bleu,
        ("test/bleu/beam_1", 1): multi_bleu(FOUND[:2], REFERENCES[:2]).bleu,
        ("test/sacrebleu/beam_1", 1): bleu(running[0][:2], running[1][:2]).bleu,
    }
    assert "tok:13a" in run.figures["signatures"]["test/sacrebleu"]


@pytest.mark.parametrize("tokeniser", ["13a", "intl"])
def test_an_unknown_word_is_one_wrong_word_to_sacrebleu(tokeniser):
    """13a makes three tokens of "<unk>": longer translations, whose n-grams all miss."""
    references = ["the old man sees a red house at noon .".split(), "a dog reads the long book here .".split()]
    corpus = SimpleNamespace(
        tokenised_references=lambda split: references,
        detokenise=" ".join,
        references=lambda split: [" ".join(words) for words in references],
        bleu_tokeniser=tokeniser,
    )
    scores = {}
    for written in ("<unk>", "zebra"):
        run = SimpleNamespace(
            corpus=corpus,
            figures={},
            name="made up",
            record=lambda metric, seed, value, word=written: scores.update({(metric, word): value}),
        )
        record_bleu(run, "", 1, [[written if word in ("noon", "long") else word for word in one] for one in references])
    assert scores["test/sacrebleu", "<unk>"] == scores["test/sacrebleu", "zebra"]
    assert scores["test/sacrebleu", "<unk>"] == pytest.approx(scores["test/bleu", "<unk>"])


def test_a_number_that_would_mean_nothing_is_not_shown(capsys):
    recorded = {}
    corpus = SimpleNamespace(tokenised_references=lambda split: REFERENCES, bleu_tokeniser=None)
    run = SimpleNamespace(
        corpus=corpus, figures={}, name="made up", record=lambda metric, seed, value: recorded.update({metric: value})
    )
    record_bleu(run, "", 1, FOUND)
    assert recorded.keys() == run.figures["signatures"].keys() == {"test/bleu"}
    assert "sacrebleu cannot judge this language" in capsys.readouterr().out


def test_groups():
    rows = by_group(FOUND, REFERENCES, np.array([7, 2, 7, 2]))
    assert [(row["group"], row["sentences"]) for row in rows] == [(2, 2), (7, 2)]
    assert rows[0]["bleu"] == multi_bleu([FOUND[1], FOUND[3]], [REFERENCES[1], REFERENCES[3]]).bleu


def test_the_shorter_half_and_the_longest_quarter():
    numbers = short_and_long(FOUND, REFERENCES, np.array([3, 4, 9, 8]))
    assert numbers["short"] == multi_bleu(FOUND[:2], REFERENCES[:2]).bleu
    assert numbers["long"] == multi_bleu(FOUND[2:3], REFERENCES[2:3]).bleu
    assert numbers["drop"] == numbers["short"] - numbers["long"]
    assert short_and_long(FOUND, REFERENCES, np.full(4, 5)) == {}
