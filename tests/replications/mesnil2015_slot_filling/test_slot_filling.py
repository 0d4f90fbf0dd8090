import pytest
import torch

from common.config import paper_setting
from common.data.tagged.corpus import Sentence
from common.errors import UserError
from common.training.execute import execute
from replications.mesnil2015_slot_filling import demo, model
from replications.mesnil2015_slot_filling.config import Config
from replications.mesnil2015_slot_filling.experiment import build, load_data, normalise, split_words
from replications.mesnil2015_slot_filling.module import Tagger
from tests.replications.mesnil2015_slot_filling.tiny import settings, stub
from tests.replications.texts import requests

PAPER = "mesnil2015_slot_filling"


def setting(experiment="elman", **changes) -> Config:
    return Config(**paper_setting(PAPER, experiment) | changes)


@pytest.mark.parametrize(
    "experiment, sizes, weights",
    [
        ("elman", {"hidden": 100, "embedding": 100}, 150_327),
        ("jordan", {"hidden": 100, "embedding": 100}, 153_054),
        ("elman", {}, 164_577),
    ],
)
def test_networks_have_the_authors_number_of_weights(experiment, sizes, weights):
    config = setting(experiment, **sizes)
    assert sum(weight.numel() for weight in build(config, stub(config)).parameters()) == weights


def test_the_authors_preprocessing():
    found = split_words(
        Sentence(
            ("i'd", "like", "o'hare", "by", "5", "o'clock", "1984", "'s"),
            ("O", "O", "B-airport", "O", "B-time", "I-time", "B-year", "O"),
            intent="flight",
        )
    )
    assert found.words == ("i", "'d", "like", "o", "'hare", "by", "5", "o'clock", "1984", "'s")
    assert found.tags == ("O", "O", "O", "B-airport", "O", "O", "B-time", "I-time", "B-year", "O")
    assert (normalise("1984"), normalise("DC10"), found.intent) == ("DIGIT" * 4, "dc10", "flight")


def test_intents_cannot_be_asked_for_where_there_are_none(tmp_path):
    with pytest.raises(UserError, match="no intents; set intent to none"):
        load_data(setting("joint", corpus=requests(tmp_path)))


def test_windows_are_centred_and_end_in_padding():
    words = torch.tensor([[1, 4], [2, 9], [3, 9]])
    assert model.windows(words, 3, 9)[:, 0].tolist() == [[9, 1, 2], [1, 2, 3], [2, 3, 9]]
    assert model.windows(words, 3, 9)[0, 1].tolist() == [9, 4, 9]


@pytest.mark.parametrize("experiment", ["elman", "jordan", "hybrid", "bi_jordan", "crf", "bilstm_crf", "attention"])
def test_an_answer_does_not_depend_on_what_else_is_in_the_batch(experiment):
    config = setting(experiment, corpus="travel", hidden=5, embedding=4)
    corpus = load_data(config)
    torch.manual_seed(1)
    module = build(config, corpus).double().eval()
    torch.nn.init.normal_(module.network.embedding.weight)
    one, *others = corpus.valid[:5]
    alone, together = (next(iter(module.loader(some)())) for some in ([one], [one, *others]))
    column = together.numbers.tolist().index(0)
    for a, b in zip(module.network(alone), module.network(together), strict=True):
        if a is not None:
            b = b[: len(a), column] if a.dim() == 3 else b[column]
            torch.testing.assert_close(a[:, 0] if a.dim() == 3 else a[0], b, rtol=0, atol=1e-12)
    torch.testing.assert_close(module.nats(alone)[0], module.nats(together)[column], rtol=0, atol=1e-10)


def test_two_directions_see_both_ends_and_one_does_not():
    config = setting("jordan", corpus="travel", window=1, hidden=5, embedding=4)
    corpus = load_data(config)
    first, last = corpus.train[0], corpus.train[0]._replace(words=(*corpus.train[0].words[:-1], "leave"))
    for directions, differs in ((1, False), (2, True)):
        module = Tagger(config.model_copy(update={"directions": directions}), corpus).eval()
        scores = [module.network(next(iter(module.loader([one])())))[0] for one in (first, last)]
        assert torch.equal(scores[0][-2], scores[1][-2]) != differs


def test_embeddings_have_length_one_after_an_update_and_the_rate_is_halved(checkout):
    options = settings(
        "travel", unit_length=True, optimizer="sgd", lr=1e-4, halve_after=1, batch_size=300, max_epochs=3
    )
    folder = execute(PAPER, "elman", overrides=options)
    weight = torch.load(folder / "seed-1.pt", weights_only=True)["weights"]["network.embedding.weight"]
    torch.testing.assert_close(weight.norm(dim=1), torch.ones(len(weight)))
    rates = [float(row.rsplit(",", 1)[1]) for row in (folder / "history.csv").read_text().splitlines() if ",lr," in row]
    assert rates == [1e-4, 1e-4, 5e-5]  # nothing is learnt, so that the first epoch stays the best


def test_the_lectures_example_and_its_twin(checkout):
    options = settings("travel", hidden=30, embedding=30, lr=0.01, batch_size=8, max_epochs=5, min_count=2)
    folder = execute(PAPER, "joint", overrides=options)
    for verb, place, time in (("arrive", "destination", "arrival_time"), ("leave", "departure", "departure_time")):
        shown = demo.demo(folder / "seed-1.pt", f"{verb} Taipei on November 2nd when does it go")
        lines = [line.split()[:2] for line in shown.splitlines()]
        assert lines[1:5] == [["Taipei", f"B-{place}"], ["on", "O"], ["November", f"B-{time}"], ["2nd", f"I-{time}"]]
        assert "intent: flight" in shown and shown.endswith(".svg")
    assert "learnt: Zanzibar" in demo.demo(folder / "seed-1.pt", "leave Zanzibar")
