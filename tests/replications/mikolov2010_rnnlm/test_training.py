"""The trained network is the one of a plain loop; what a run records; what goes wrong on the way."""

import errno
import json
import os
import re

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from common import config as configuration
from common import paths
from common.data.text.windows import windows
from common.errors import UserError
from common.metrics.perplexity import perplexity
from common.training import fit as fitting
from common.training import precision
from common.training.checkpoints import SaveLast, load
from common.training.execute import execute
from replications.mikolov2010_rnnlm import demo
from replications.mikolov2010_rnnlm.config import Config
from replications.mikolov2010_rnnlm.experiment import dynamic_probabilities, load_data, static_probabilities
from replications.mikolov2010_rnnlm.module import LanguageModel

PAPER = "mikolov2010_rnnlm"


def results(folder):
    return json.loads((folder / "results.json").read_text())


def weights(folder, seed=1):
    return torch.load(folder / f"seed-{seed}.pt", weights_only=True)["weights"]


# --- training


def test_a_vocabulary_may_be_limited(checkout, tiny):
    settings = configuration.resolve(PAPER, "rnn", "quick", tiny(vocabulary=5))
    assert len(load_data(Config(**settings)).vocabulary) == 5
    assert configuration.resolve(PAPER, "rnn", "paper")["vocabulary"] is None


@pytest.mark.parametrize("clip_norm", [None, 0.5])
def test_an_epoch_is_that_of_a_plain_loop(checkout, tiny, clip_norm):
    changes = {"max_epochs": 1, "classes": None, "bptt": 0, "weight_decay": 0.001, "clip_norm": clip_norm}
    folder = execute(PAPER, "rnn", overrides=tiny(**changes), accelerator="cpu")
    config = Config(**results(folder)["config"])
    corpus = load_data(config)
    torch.manual_seed(1)
    module = LanguageModel(config, np.asarray(corpus.vocabulary.counts))
    u, w, v = module.network.elman.input.weight, module.network.elman.recurrent, module.network.output.weight
    state = torch.full((4, 8), 0.1)
    shrink = 1 - config.lr * 4 * config.weight_decay  # once for each of four streams
    for words, next_words in windows(corpus.train, corpus.eos, 4, 5):
        loss = 0.0
        for now, following in zip(words, next_words, strict=True):
            state = torch.sigmoid(u[now] + state.detach() @ w.t())
            loss = loss + F.cross_entropy(state @ v.t(), following, reduction="sum")
        gradients = torch.autograd.grad(loss, [u, w, v])
        norm = sum(g.square().sum() for g in gradients).sqrt()
        factor = 1 if clip_norm is None else min(1, 4 * clip_norm / norm)
        with torch.no_grad():
            u[words.unique()] *= shrink
            for weight, gradient in zip((u, w, v), gradients, strict=True):
                if weight is not u:
                    weight *= shrink
                weight -= config.lr * factor * gradient
    torch.testing.assert_close(weights(folder), module.state_dict(), rtol=1e-4, atol=1e-5)


def test_settings_that_change_training_change_the_weights(checkout, tiny, monkeypatch):
    monkeypatch.setattr(precision, "has_bfloat16", lambda accelerator: True)  # slow is fine here

    def network(**changes):
        folder = execute(PAPER, "rnn", overrides=tiny(max_epochs=2, **changes), accelerator="cpu")
        return torch.cat([weight.flatten() for weight in weights(folder).values()])

    plain = network()
    assert torch.equal(network(), plain)
    for changes in (
        {"bptt": 2},
        {"error_clip": 0.01},
        {"clip_norm": 0.1},
        {"weight_decay": 0.01},
        {"lr": 0.4},
        {"precision": "bf16-mixed"},
    ):
        other = network(**changes)
        assert other.shape == plain.shape and not torch.equal(other, plain), changes
        assert torch.isfinite(other).all()


def test_what_a_run_of_networks_records(checkout, tiny):
    settings = tiny(max_epochs=2, seeds=[1, 2], dynamic=True)
    folder = execute(PAPER, "rnn", overrides=settings, accelerator="cpu")
    found = results(folder)
    metrics = found["metrics"]
    for split in ("valid", "test"):
        for what in ("", "/+kn5", "/+kn5+cache", "/dynamic", "/dynamic+kn5", "/dynamic+kn5+cache"):
            assert metrics[f"{split}/perplexity{what}"].keys() == {"1", "2"}
        for what in ("/average", "/average+kn5", "/average+kn5+cache"):
            assert metrics[f"{split}/perplexity{what}"].keys() == {"1+2"}
    for seed in "12":  # the weights come from the validation text, so there a mixture is not worse than its parts
        assert metrics["valid/perplexity/+kn5"][seed] <= metrics["valid/perplexity"][seed] + 1e-6
    config = Config(**found["config"])
    corpus = load_data(config)
    probabilities = []
    for seed in (1, 2):
        module = LanguageModel(config, np.asarray(corpus.vocabulary.counts))
        module.load_state_dict(weights(folder, seed))
        probabilities.append(static_probabilities(module, corpus.test, corpus.eos))
        assert perplexity(np.log(probabilities[-1])) == pytest.approx(metrics["test/perplexity"][str(seed)])
    average = perplexity(np.log(np.mean(probabilities, axis=0)))
    assert average == pytest.approx(metrics["test/perplexity/average"]["1+2"])
    assert found["parameters"] == sum(weight.numel() for weight in module.parameters())
    assert sum(bucket["words"] for bucket in found["figures"]["gain_by_frequency"]) == len(corpus.test)
    assert found["throughput"].keys() == {"1", "2"} and found["throughput_unit"] == "words/s"
    history = (folder / "history.csv").read_text().splitlines()
    assert {line.split(",")[3] for line in history[1:]} == {
        "lr",
        "train/perplexity",
        "train/words_per_second",
        "valid/nll",
        "valid/perplexity",
    }


def test_samples_stand_for_all_words(checkout, tiny):
    """Trained on ten words at a time, networks are nearly as good as those that saw all of them."""
    found = {
        samples: results(
            execute(PAPER, "rnn", overrides=tiny(classes=None, samples=samples, seeds=[1, 2, 3]), accelerator="cpu")
        )
        for samples in (None, 10)
    }
    nats = {samples: np.log(list(run["metrics"]["valid/perplexity"].values())).mean() for samples, run in found.items()}
    words = len(load_data(Config(**found[10]["config"])).vocabulary)
    assert nats[None] < 0.8 * np.log(words) and nats[10] < nats[None] + 0.15
    folder = execute(PAPER, "rnn", overrides=tiny(classes=None, samples=10, max_epochs=1), accelerator="cpu")
    curves = {line.split(",")[3] for line in (folder / "history.csv").read_text().splitlines()[1:]}
    assert "train/perplexity_among_samples" in curves and "train/perplexity" not in curves


def test_counting_models_have_no_network(checkout, tiny):
    found = results(execute(PAPER, "ngram", overrides=tiny(), accelerator="cpu"))
    assert found["parameters"] is None
    assert {name for name in found["metrics"] if name.startswith("test/")} == {
        f"test/perplexity/{model}" for model in ("gt3", "gt5", "kn3", "kn5", "kn5+cache")
    }


def test_speed_is_measured_for_every_number_of_classes_in_every_round(checkout, tiny):
    found = results(execute(PAPER, "speed", "scaled", overrides=tiny(model="speed", seeds=[1, 2]), accelerator="cpu"))
    assert found["metrics"].keys() == {f"words_per_second/{count}" for count in (30, 100, 400, 1000, 4000, "full")}
    assert all(values.keys() == {"1", "2"} and min(values.values()) > 0 for values in found["metrics"].values())


def test_static_and_dynamic_evaluation(checkout, tiny):
    config = Config(**configuration.resolve(PAPER, "rnn", "quick", tiny()))
    corpus = load_data(config)
    torch.manual_seed(1)
    module = LanguageModel(config, np.asarray(corpus.vocabulary.counts)).eval()
    static = static_probabilities(module, corpus.test, corpus.eos)
    words, next_words = next(iter(windows(corpus.test, corpus.eos, 1, len(corpus.test))))
    with torch.no_grad():
        log_p, _ = module.log_probabilities(words, module.network.initial(1))
    np.testing.assert_allclose(static, log_p.gather(1, next_words).exp().flatten().numpy(), rtol=1e-5)
    before = {name: weight.clone() for name, weight in module.state_dict().items()}
    dynamic = dynamic_probabilities(module, corpus.test, corpus.eos)
    first = config.dynamic_block
    np.testing.assert_allclose(dynamic[:first], static[:first], rtol=1e-5)
    assert not np.allclose(dynamic[first:], static[first:])
    assert any(not torch.equal(weight, before[name]) for name, weight in module.state_dict().items())


# --- what goes wrong


def test_a_loss_that_is_not_a_number_stops_and_keeps_the_batch(checkout, tiny):
    with pytest.raises(
        UserError,
        match=r"training diverged: loss \w+ at epoch 0, update \d+; its batch and the one "
        r"before are in .*nan-batches.pt. Lower lr or the clipping threshold.",
    ):
        execute(PAPER, "rnn", overrides=tiny(lr=1e30), accelerator="cpu")
    (path,) = checkout.glob("build/work/*/seed-1/model/nan-batches.pt")
    (before, _), (words, next_words) = load(path)
    assert before.shape == words.shape == next_words.shape == (5, 4) and not torch.equal(words, before)
    assert not list(checkout.glob("**/results.json"))


def test_a_full_disk_stops_and_the_run_goes_on_from_the_checkpoint_of_before(checkout, tiny, monkeypatch):
    whole = weights(execute(PAPER, "rnn", overrides=tiny(max_epochs=4), accelerator="cpu"))
    flush, calls = os.fsync, []

    def full(file):
        calls.append(file)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(file)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        UserError,
        match="last.ckpt: checkpoint not written .*No space left on device.*; the previous "
        "checkpoint is kept. Free disk space and run the same command again",
    ):
        execute(PAPER, "rnn", overrides=tiny(max_epochs=4), accelerator="cpu")
    monkeypatch.setattr(os, "fsync", flush)
    (path,) = checkout.glob("build/work/*/seed-1/model/last.ckpt")
    assert load(path)["epoch"] == 1  # the third epoch's was not written
    assert not list(checkout.glob("**/*.partial"))
    again = weights(execute(PAPER, "rnn", overrides=tiny(max_epochs=4), accelerator="cpu"))
    assert all(torch.equal(again[name], weight) for name, weight in whole.items())


def interrupt(monkeypatch, error):
    class Interrupted(SaveLast):
        def on_train_epoch_end(self, trainer, module):
            super().on_train_epoch_end(trainer, module)
            if trainer.current_epoch == 1:
                raise error

    monkeypatch.setattr(fitting, "SaveLast", Interrupted)


def interrupted(checkout, tiny, monkeypatch):
    """The checkpoint of a training that failed halfway."""
    with monkeypatch.context() as patched:
        interrupt(patched, RuntimeError("the power fails"))
        with pytest.raises(RuntimeError):
            execute(PAPER, "rnn", overrides=tiny(max_epochs=3), accelerator="cpu")
    (path,) = checkout.glob("build/work/*/seed-1/model/last.ckpt")
    return path


def test_a_corrupted_checkpoint_says_what_to_do(checkout, tiny, monkeypatch):
    path = interrupted(checkout, tiny, monkeypatch)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(UserError, match="last.ckpt: not a readable checkpoint .*replace it by previous.ckpt"):
        execute(PAPER, "rnn", overrides=tiny(max_epochs=3), accelerator="cpu")
    os.replace(path.with_name("previous.ckpt"), path)
    again = weights(execute(PAPER, "rnn", overrides=tiny(max_epochs=3), accelerator="cpu"))
    whole = weights(execute(PAPER, "rnn", overrides=tiny(max_epochs=3), accelerator="cpu"))
    assert all(torch.equal(again[name], weight) for name, weight in whole.items())


def test_a_checkpoint_of_two_processes_is_refused_by_one(checkout, tiny, monkeypatch):
    path = interrupted(checkout, tiny, monkeypatch)
    saved = load(path)
    saved["streams"] *= 2
    torch.save(saved, path)
    with pytest.raises(UserError, match="interrupted on 2 devices .* continue it with --devices 2, or delete .*last"):
        execute(PAPER, "rnn", overrides=tiny(max_epochs=3), accelerator="cpu")


def options(overrides):
    return [word for text in overrides for word in ("--set", text)]


def test_through_the_command_line(checkout, tiny, replicate, tmp_path, monkeypatch):
    """Each as one message and exit code 2."""
    latin = tmp_path / "latin.txt"
    latin.write_bytes(b"caf\xe9\n" * 20)
    for overrides, message in (
        (tiny(lr=1e30), "training diverged"),
        (tiny(streams=100_000), "words cannot fill 100000 streams"),
        (tiny(corpus=f"text:{tmp_path}/absent.txt"), "absent.txt: "),
        (tiny(corpus=f"text:{latin}"), "latin.txt:1: not UTF-8"),
        (tiny(order=1), "order = 1: Input should be greater than or equal to 2"),
        (tiny(hiden=3), "unknown key 'hiden'; did you mean 'hidden'?"),
    ):
        code, _, errors = replicate("run", PAPER, "rnn", "--accelerator", "cpu", *options(overrides))
        assert code == 2 and message in errors and "Traceback" not in errors, errors
    code, output, errors = replicate("run", PAPER, "rnn", "--accelerator", "cpu", *options(tiny(max_epochs=1)))
    assert code == 0 and errors == "" and re.search(r"runs/own/rnn-\w{8}\n$", output)
    interrupt(monkeypatch, KeyboardInterrupt())
    code, _, errors = replicate("run", PAPER, "rnn", "--accelerator", "cpu", *options(tiny(max_epochs=3)))
    assert code == 130 and errors.endswith("interrupted; the same command goes on where it stopped\n")


# --- using a trained network


@pytest.fixture
def model(checkout, tiny):
    return execute(PAPER, "rnn", overrides=tiny(), accelerator="cpu") / "seed-1.pt"


def test_it_continues_a_text(model):
    text = demo.demo(model, "the dog", length=30)
    assert text.startswith("the dog ") and text == demo.demo(model, "the dog", length=30)
    assert text != demo.demo(model, "the dog", seed=2, length=30)
    lines = text.split("\n")
    assert len(lines) > 3 and sum(len(line.split()) for line in lines) + len(lines) in (32, 33, 34)
    assert set(text.split()) <= set(load_data(Config(**load(model)["config"])).vocabulary.words)
    pairs = {"dog": "barks", "cat": "sleeps", "dogs": "bark", "cats": "sleep", "bird": "sings", "birds": "sing"}
    agreeing = [line.split()[-1] in pairs.values() for line in lines[:-1]]
    assert sum(agreeing) >= 0.7 * len(agreeing)  # it has learned how a sentence ends


def test_it_starts_from_nothing_and_from_unknown_words(model):
    assert demo.demo(model, "", length=5)
    assert demo.demo(model, "zyzzyva", length=1).startswith("<unk> ")


def test_a_model_of_another_vocabulary_is_refused(model):
    saved = load(model)
    saved["vocabularies"] = ["0" * 64]
    torch.save(saved, model)
    with pytest.raises(UserError, match="seed-1.pt: was made with another vocabulary"):
        demo.demo(model, "")


def test_a_text_that_changed_is_another_vocabulary(model, text):
    content = text.read_text()
    try:
        text.write_text(content + "a new word\n" * 20)
        with pytest.raises(UserError, match="was made with another vocabulary"):
            demo.demo(model, "")
    finally:
        text.write_text(content)


def test_try_without_a_model(checkout, replicate):
    code, _, errors = replicate("try", PAPER, "the dog")
    assert code == 2 and "no trained model; train it: replicate run mikolov2010_rnnlm rnn --scale quick" in errors
    assert paths.REPLICATIONS == checkout / "replications"
