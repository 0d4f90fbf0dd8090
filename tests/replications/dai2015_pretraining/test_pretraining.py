import io
import random
import shutil
import tarfile

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from common.config import paper_setting
from common.errors import UserError
from common.reporting.pages import figures as look
from common.training.execute import execute
from common.training.run import read_json
from replications.dai2015_pretraining import data, demo, experiment, figures, made_up, model
from replications.dai2015_pretraining.config import Config
from replications.dai2015_pretraining.experiment import build
from replications.dai2015_pretraining.module import Pretrainer
from tests.replications.dai2015_pretraining.tiny import BRIEF, SIZES, reviews, settings

PAPER = "dai2015_pretraining"


def setting(experiment="lstm", **changes) -> Config:
    return Config(**paper_setting(PAPER, experiment) | {"corpus": "moods", "vocabulary": 60} | SIZES | BRIEF | changes)


@pytest.fixture
def corpus(tmp_path) -> data.Reviews:
    return data.load(setting(corpus=reviews(tmp_path)))


def test_what_each_pretraining_reads_and_foresees():
    words, lengths = torch.tensor([[5, 8], [6, 0], [0, 0]]), torch.tensor([3, 2])  # 5 6 </s> and 8 </s>
    assert model.read_twice(words, lengths)[:, 0].tolist() == [5, 6, 0, 5, 6, 0]
    assert model.read_twice(words, lengths)[:4, 1].tolist() == [8, 0, 8, 0]
    read, asked = model.next_words(words, lengths, False)
    assert torch.equal(read, words) and asked.t().tolist() == [[True, True], [True, False]]
    read, asked = model.next_words(words, lengths, True)
    assert read[1:, 0][asked[:, 0]].tolist() == [5, 6, 0] and read[1:, 1][asked[:, 1]].tolist() == [8, 0]


@pytest.mark.parametrize("pretrain", ["lm", "sa"])
def test_the_loss_is_that_of_each_review_by_itself(corpus, pretrain):
    module = Pretrainer(setting(pretrain=pretrain), corpus, 1).double().eval()
    (batch,) = data.loader(corpus.splits["test"], corpus.vocabulary.eos, 20)
    nats = 0.0
    for words in corpus.splits["test"].words:
        read = torch.from_numpy(np.tile(words, 1 + module.autoencoder)).long()
        hidden = module.reader(read[:-1].unsqueeze(1))[:, 0][len(words) - 1 if module.autoencoder else 0 :]
        nats += module.output(hidden, read[-len(hidden) :]).sum()
    torch.testing.assert_close(module.validation_step(batch, 0)["nats"], nats)


@pytest.mark.parametrize("changes", [{}, {"model": "cnn", "dense": None}, {"model": "average"}])
def test_an_answer_does_not_depend_on_what_else_is_in_the_batch(corpus, changes):
    network = build(setting(**changes), corpus).double().eval().network
    (batch,) = data.loader(corpus.splits["test"], corpus.vocabulary.eos, 20)
    for column, length in enumerate(batch.lengths.tolist()):
        alone = network(batch.words[:length, [column]], batch.lengths[[column]])
        torch.testing.assert_close(network(batch.words, batch.lengths)[[column]], alone, rtol=0, atol=1e-12)


def test_order_matters_to_all_but_the_average(corpus):
    words, lengths = torch.tensor([[3, 6], [4, 5], [5, 4], [6, 3]]), torch.tensor([4, 4])
    for changes, alike in (({}, False), ({"model": "cnn"}, False), ({"model": "average"}, True)):
        one, other = build(setting(**changes), corpus).eval().network(words, lengths)
        assert torch.allclose(one, other) == alike


def test_linear_gain_is_a_weighted_mean_over_the_words(corpus):
    network = build(setting(gain=True), corpus).double().eval().network
    words, lengths, labels = torch.tensor([[3, 4], [5, 0], [0, 0]]), torch.tensor([3, 2]), torch.tensor([1, 0])
    first = [F.cross_entropy(network(words[:t], torch.tensor([t, t])), labels, reduction="none") for t in (1, 2, 3)]
    wanted = [(first[0][0] + 2 * first[1][0] + 3 * first[2][0]) / 6, (first[0][1] + 2 * first[1][1]) / 3]
    torch.testing.assert_close(network.gain_loss(words, lengths, labels), torch.stack(wanted))


def test_the_classifier_begins_with_what_was_pretrained_and_is_tried(checkout, tmp_path, monkeypatch):
    pretrained, made = experiment.pretrained, []
    monkeypatch.setattr(experiment, "pretrained", lambda *which: made.append(pretrained(*which)) or made[0])
    folder = execute(PAPER, "lm_lstm", overrides=settings(reviews(tmp_path), lr=1e-12))
    kept = torch.load(folder / "seed-1.pt", weights_only=True)["weights"]
    for name, weight in made[0].reader.state_dict().items():
        torch.testing.assert_close(kept[f"network.encoder.{name}"], weight)
    results = read_json(folder / "results.json", {})
    assert results["metrics"]["test/deviation"] == {"1": 0} and len(results["figures"]["reading"]) == 2
    shown = demo.demo(folder / "seed-1.pt", "The plot was NOT dull, Zanzibar!").splitlines()
    assert [line.split()[0] for line in shown[:7]] == ["the", "plot", "was", "not", "dull", ",", "zanzibar"]
    assert shown[8] == "words that it has not learnt: ,, zanzibar, !"
    with pytest.raises(UserError, match="'<br />': there are no words in it; give a review"):
        demo.demo(folder / "seed-1.pt", "<br />")
    run = results | {"history": [("1", 1, 5, "valid/error", 40.0), ("1", 2, 9, "valid/error", 30.0)]}
    with look.style():
        found = {name: figure for name, _, figure in figures.draw({"lm_lstm": run})}
    assert found["curves"].axes[0].lines[0].get_ydata().tolist() == [40, 30] and "reading-lm_lstm" in found


def test_a_run_that_ends_between_its_trainings_goes_on_to_the_same_end(checkout, tmp_path, monkeypatch):
    """What is dropped out of the classifier does not depend on whether pretraining went before in this process."""
    own, trained, weights = settings(reviews(tmp_path), dropout=0.5, embedding_dropout=0.3), experiment.trained, []

    def ends(run, seed, module, *others, **options):
        if "name" not in options:
            raise KeyboardInterrupt
        return trained(run, seed, module, *others, **options)

    for interrupted in (False, True):
        if interrupted:
            monkeypatch.setattr(experiment, "trained", ends)
            with pytest.raises(KeyboardInterrupt):
                execute(PAPER, "lm_lstm", overrides=own)
            monkeypatch.setattr(experiment, "trained", trained)
        folder = execute(PAPER, "lm_lstm", overrides=own)
        weights.append(torch.load(folder / "seed-1.pt", weights_only=True)["weights"])
        shutil.rmtree(folder)
    assert all(torch.equal(weight, weights[1][name]) for name, weight in weights[0].items())


def test_made_up_reviews_have_as_much_of_the_other_mood_before_but():
    for positive in (False, True):
        texts = [made_up.review(random.Random(seed), positive) for seed in range(300)]
        for text in texts:
            parts = text.split(" . but ")
            moods = [sum(mood(clause) for clause in part.split(" . ")) for part in parts]
            assert (moods[-1] > 0) == positive and sum(moods) == (moods[-1] if len(parts) == 1 else 0)
        assert 100 < sum(" but " in text for text in texts) < 200


def mood(clause: str) -> int:
    word = clause.removesuffix(" .").split()[-1]
    return ((word in made_up.GOOD) - (word in made_up.BAD)) * (-1 if " not " in clause else 1)


def test_your_own_reviews(tmp_path, corpus):
    assert (corpus.labels, len(corpus.splits["train"].labels)) == (("negative", "positive"), 40)
    assert [len(corpus.splits[name].labels) for name in ("valid", "test", "text")] == [8, 20, 72]
    assert corpus.splits["text"].labels.tolist().count(-1) == 20
    assert data.tokenise("It's BAD.<br /><br />Really") == ["it's", "bad", ".", "really"]
    scripts = "हिन्दी की çok İyi cafe\u0301!"  # marks stay with their letters
    assert data.tokenise(scripts) == ["हिन्दी", "की", "çok", "i\u0307yi", "café", "!"]
    file, other = tmp_path / "own.txt", tmp_path / "other.txt"
    other.write_text("".join(f"{label}\tfine\n" for label in "ab" * 8))
    for text, message in {
        "a\tfine\nno tab": "own.txt:2: no tab; write the label",
        "a\tfine\nb\t \n": "own.txt:2: a review without words",
        "\n": "own.txt:1: no review",
        "a\tfine\n" * 9: "own.txt:1: 1 kinds of label",
        "a\tfine\nc\tfine\n" * 9: "other.txt:1: label 'b' is none of a, c",
        "a\tfine\nb\tfine\n" * 2: "2 reviews labelled 'a': too few to hold some out",
    }.items():
        file.write_text(text)
        with pytest.raises(UserError, match=message):
            data.load(setting(corpus=f"reviews:{file},{other}", labels=None))
    with pytest.raises(UserError, match="labels 99: .* has 52 to learn from"):
        data.load(setting(corpus=reviews(tmp_path), labels=99))


def test_imdb_is_read_in_the_order_of_its_numbers(tmp_path, monkeypatch):
    names = [
        f"aclImdb/{split}/{kind}/{n}_7.txt" for split in ("train", "test") for kind in ("pos", "neg") for n in (10, 9)
    ]
    with tarfile.open(tmp_path / "aclImdb_labelled.tar.xz", "w:xz") as archive:
        for name in (*names, "aclImdb/README"):
            archive.addfile(member := tarfile.TarInfo(name), io.BytesIO(name.encode().ljust(member.size)))
    monkeypatch.setattr(data.fetch, "fetch", lambda corpus: tmp_path)
    train, test = data.imdb(unlabelled=False)
    assert [label for label, _ in train] == ["negative", "negative", "positive", "positive"] and len(test) == 4
    with pytest.raises(UserError, match="no unlabelled reviews in it; get the archive from"):
        data.imdb(unlabelled=True)
