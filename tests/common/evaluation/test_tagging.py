from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from common.data.tagged import corpus as tagged
from common.data.tagged.corpus import Sentence
from common.evaluation.tagging import record_answers
from common.training.tagging import Answer, Tagging, counted


class Given(nn.Module):
    """Scores that only depend on the word."""

    def __init__(self, corpus):
        super().__init__()
        self.table = nn.Embedding(len(corpus.vocabulary), len(corpus.target) + len(corpus.intents))
        self.tags = len(corpus.target)

    def forward(self, batch):
        scores = self.table(batch.words)
        return scores[..., : self.tags], scores[0, :, self.tags :]


@pytest.fixture
def module():
    corpus = tagged.load("travel", sentences=40)
    torch.manual_seed(1)
    return Tagging(Given(corpus), corpus, crf=False).double()


def test_the_loss_of_a_sentence_is_that_of_its_words_and_of_its_intent(module):
    corpus = module.corpus
    batch = next(iter(module.loader(corpus.train[:5])()))
    for column, number in enumerate(batch.numbers.tolist()):
        one = corpus.encode([corpus.train[number]])
        scores = module.network.table.weight[torch.from_numpy(one.words)]
        words = F.cross_entropy(scores[:, : module.network.tags], torch.from_numpy(one.tags), reduction="sum")
        intent = F.cross_entropy(scores[:1, module.network.tags :], torch.from_numpy(one.intents))
        torch.testing.assert_close(module.nats(batch)[column], words + intent, rtol=0, atol=1e-12)


def test_answers_come_in_the_order_of_the_sentences(module):
    sentences = module.corpus.valid[:70]  # more than a batch
    answer = module.tag(sentences)
    assert [len(tags) for tags in answer.tags] == [len(one.words) for one in sentences]
    assert answer.tags[69] == module.tag(sentences[69:]).tags[0] and len(answer.intents) == 70
    chances = module.probabilities(sentences[0])
    torch.testing.assert_close(chances.sum(1), torch.ones(len(chances), dtype=torch.float64))
    assert [module.corpus.target.words[k] for k in chances.argmax(1)] == answer.tags[0]


def test_the_best_epoch_is_chosen_by_f1_and_by_intents_only_where_nothing_else_is_asked(module):
    train, spans = {"nats": 4.0, "words": 2}, {"right": 1, "found": 2, "gold": 2}
    both = module.curves(train, spans | {"intents": 3, "asked": 4})
    assert (both["valid/f1"], both["valid/intent"], both["valid/error"], both["train/nll"]) == (50, 75, 50, 2)
    alone = module.curves(train, {"right": 0, "found": 0, "gold": 0, "intents": 3, "asked": 4})
    assert alone["valid/error"] == 25 and "valid/f1" not in alone


def test_what_is_recorded_of_an_answer():
    gold = (Sentence(("a", "b"), ("B-X", "O"), intent="flight#fare"), Sentence(("c",), ("B-Y",), intent="ground"))
    found = {}
    run = SimpleNamespace(
        corpus=SimpleNamespace(test=gold, spans=True),
        figures={},
        record=lambda metric, seed, value: found.update({metric: value}),
    )
    record_answers(run, 1, "test", Answer([["B-X", "B-X"], ["O"]], ["flight", "ground"]))
    assert found == {
        "test/f1": 50,
        "test/precision": 50,
        "test/recall": 50,
        "test/accuracy": pytest.approx(100 / 3),
        "test/intent": 50,
        "test/any_intent": 100,
    }
    assert run.figures["types"]["1"] == {"X": [1, 2, 1], "Y": [0, 0, 1]}
    assert counted([["N", "V"]], [Sentence(("a", "b"), ("N", "N"))], spans=False) == (1, 2, 2)
