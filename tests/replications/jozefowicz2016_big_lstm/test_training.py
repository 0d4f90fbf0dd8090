"""Through ``replicate run`` and ``replicate try``: what a run leaves, and what goes wrong."""

import json
import os
import signal

import numpy as np
import pytest
import torch
import yaml

from common import paths
from common.errors import UserError
from common.metrics.perplexity import perplexity
from common.training import trained as training
from common.training.checkpoints import load
from common.training.execute import execute
from common.training.trained import restored
from replications.jozefowicz2016_big_lstm import demo, experiment, figures
from replications.jozefowicz2016_big_lstm.config import Config
from replications.jozefowicz2016_big_lstm.experiment import probabilities

PAPER = "jozefowicz2016_big_lstm"


def results(folder) -> dict:
    return json.loads((folder / "results.json").read_text())


def load_model(path):
    return restored(path, Config, experiment.load_data, experiment.build)


@pytest.fixture
def trained(checkout, tiny):
    """A network that reads characters, two seeds."""
    return execute(PAPER, "big_lstm_cnn", overrides=tiny(seeds=[1, 2], lr=0.3, max_epochs=6), accelerator="cpu")


def test_a_run_and_what_is_in_it(trained, tmp_path):
    found = results(trained)
    metrics, found_by_seed = found["metrics"], []
    for seed in (1, 2):
        module, corpus = load_model(trained / f"seed-{seed}.pt")
        found_by_seed.append(probabilities(module, corpus.test, corpus.eos))
        assert perplexity(np.log(found_by_seed[-1])) == pytest.approx(metrics["test/perplexity"][str(seed)])
        assert len(found_by_seed[-1]) == len(corpus.test)  # no word is left out
    average = perplexity(np.log(np.mean(found_by_seed, axis=0)))
    assert average == pytest.approx(metrics["test/perplexity/average"]["1+2"])
    assert metrics["test/perplexity/average"]["1+2"] < max(metrics["test/perplexity"].values())
    assert metrics["test/perplexity"]["1"] < 6  # it has learned: 25 words, half of them certain
    assert found["parameters"] == sum(weight.numel() for weight in module.parameters())
    assert sum(row["words"] for row in found["figures"]["loss_by_frequency"]) <= len(corpus.test)
    assert all(row["word"] not in corpus.vocabulary for row in found["figures"]["neighbours"])
    names = [
        name
        for name, _, figure in figures.draw(
            {"kn5": found | {"parameters": None}, "big_lstm_cnn": found, "big_lstm": found}
        )
    ]
    assert names == ["parameters", "loss-by-frequency", "neighbours", "samples"]

    # the demo
    text = demo.demo(trained / "seed-1.pt", "the dog", length=30)
    assert text.startswith("the dog ") and text == demo.demo(trained / "seed-1.pt", "the dog", length=30)
    assert text != demo.demo(trained / "seed-1.pt", "the dog", seed=2, length=30)

    # a vocabulary that does not match the checkpoint
    saved = load(trained / "seed-1.pt")
    torch.save(saved | {"vocabularies": ["0" * 64]}, tmp_path / "other.pt")
    with pytest.raises(UserError, match="other.pt: was made with another vocabulary"):
        load_model(tmp_path / "other.pt")


def test_evaluation_in_one_stream_is_exact(trained):
    """Word by word, with the state carried and the full softmax."""
    module, corpus = load_model(trained / "seed-1.pt")
    module.config = module.config.model_copy(update={"evaluation_streams": 1})
    found = probabilities(module, corpus.test, corpus.eos)
    state, read, expected = module.network.initial(1), corpus.eos, []
    for word in corpus.test.tolist():
        with torch.no_grad():
            hidden, state = module.network(torch.tensor([[read]]), state)
            expected.append(module.network.output.log_probabilities(hidden[0])[0, word].exp().item())
        read = word
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_character_lstm_spells_words(checkout, tiny):
    folder = execute(PAPER, "character_lstm", overrides=tiny(max_epochs=1, train_words=200), accelerator="cpu")
    module, corpus = load_model(folder / "seed-1.pt")
    assert not hasattr(module.network, "output")
    found = probabilities(module, corpus.test, corpus.eos)
    assert perplexity(np.log(found)) == pytest.approx(results(folder)["metrics"]["test/perplexity"]["1"])
    assert demo.demo(folder / "seed-1.pt", "the dog", length=3).startswith("the dog")


def test_a_character_lstm_stands_on_a_network_that_is_there(checkout, tiny, monkeypatch):
    """Of the same settings; it learns what it learns on one of its own, and shows both learning curves."""
    params = paths.REPLICATIONS / PAPER / "params.yaml"
    declared = yaml.safe_load(params.read_text())
    tiny_settings = {key: yaml.safe_load(value) for key, value in (text.split("=", 1) for text in tiny())}
    shared = {"inputs": "characters", "layers": 1, "quick": tiny_settings}
    declared["experiments"] = {"big_lstm_cnn": shared, "character_lstm": shared | {"output": "characters"}}
    params.write_text(yaml.safe_dump(declared, sort_keys=False))

    def train(name):
        folder = execute(PAPER, name, accelerator="cpu")
        history = [row.split(",") for row in (folder / "history.csv").read_text().splitlines()]
        return results(folder)["metrics"], sorted(row for row in history if "second" not in row[3])

    alone = train("character_lstm")
    train("big_lstm_cnn")
    trained = []
    fit = training.fit
    monkeypatch.setattr(
        training,
        "fit",
        lambda run, seed, module, *rest, **options: (
            trained.append(type(module).__name__),
            fit(run, seed, module, *rest, **options),
        ),
    )
    assert train("character_lstm") == alone
    assert trained == ["CharacterPredictor"]
    declared["experiments"]["big_lstm_cnn"] = shared | {"quick": tiny_settings | {"lr": 0.1}}
    params.write_text(yaml.safe_dump(declared, sort_keys=False))
    assert train("character_lstm") == alone
    assert trained == ["CharacterPredictor", "LanguageModel", "CharacterPredictor"]


def test_kn5_is_optional(checkout, tiny):
    with_it, without = (
        results(execute(PAPER, "lstm_512", overrides=tiny(kn5=kn5, seeds=[1, 2], max_epochs=1), accelerator="cpu"))[
            "metrics"
        ]
        for kn5 in (True, False)
    )
    assert {name for name in with_it if name not in without} == {
        f"{what}+kn5" for split in ("valid", "test") for what in (f"{split}/perplexity/", f"{split}/perplexity/average")
    } | {"weight/+kn5", "weight/average+kn5"}
    assert without == {name: with_it[name] for name in without}


def test_asked_to_end_it_saves_and_the_same_command_goes_on(checkout, tiny, replicate, monkeypatch):
    """SIGUSR1, as SLURM sends it, in mid-epoch."""
    command = [
        "run",
        PAPER,
        "lstm_512",
        "--accelerator",
        "cpu",
        *(word for text in tiny(kn5=False) for word in ("--set", text)),
    ]
    step, steps = experiment.LanguageModel.training_step, []

    def asked(module, batch, index):
        steps.append(index)
        if len(steps) == 7:
            os.kill(os.getpid(), signal.SIGUSR1)
        return step(module, batch, index)

    monkeypatch.setattr(experiment.LanguageModel, "training_step", asked)
    code, _, errors = replicate(*command)
    assert code == 75 and "goes on where it stopped" in errors and len(steps) == 7
    code, output, _ = replicate(*command)
    assert code == 0 and "results: " in output and steps[7] == 7


def test_what_goes_wrong_is_said(checkout, tiny, replicate, tmp_path):
    """Each as one message and exit code 2."""
    long = tmp_path / "long.txt"
    long.write_text("the dog barks\n" * 20 + "x" * 60 + "\n" + "the dog barks\n" * 5)
    (tmp_path / "empty").mkdir()
    for overrides, message in (
        (tiny(corpus=f"text:{long}", samples=3), "has 60 bytes; with its begin and end marks it does not fit into 50"),
        (tiny(corpus=f"shards:{tmp_path}/empty"), "no shard news.en-00001-of-... there"),
        (tiny(samples=1000), "1000 samples of "),
        (tiny(train_words=10**9), "train_words=1000000000: "),
        (tiny(lr=1e30), "training diverged"),
    ):
        options = [word for text in overrides for word in ("--set", text)]
        code, _, errors = replicate("run", PAPER, "big_lstm", "--accelerator", "cpu", *options)
        assert code == 2 and message in errors and "Traceback" not in errors, errors
