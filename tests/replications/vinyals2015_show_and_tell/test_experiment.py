"""Whole runs on a few scenes: the numbers are there, an interrupted run goes on, the network learns what it sees."""

import json

import pytest
import torch
from PIL import Image

from common import config as configuration
from common import paths
from common.errors import UserError
from common.reporting.evidence.results import Record
from common.training.execute import execute
from replications.vinyals2015_show_and_tell import data, demo, experiment, figures
from replications.vinyals2015_show_and_tell.eyes import Eyes
from replications.vinyals2015_show_and_tell.module import Captioner

PAPER = "vinyals2015_show_and_tell"
TINY = {"hidden": 8, "embedding": 6, "max_epochs": 2, "batch_size": 16, "beam_size": 3, "wide_beam": 3, "n_best": 3,
        "max_length": 12, "rank_pictures": 6, "seeds": [1, 2]}


def tiny(**changes) -> list[str]:
    return [f"{key}={json.dumps(value)}" for key, value in (TINY | changes).items()]


@pytest.fixture
def results(checkout):
    return lambda folder: json.loads((folder / "results.json").read_text())


def test_a_run_measures_all_that_the_paper_reports(checkout, results):
    folder = execute(PAPER, "nic", overrides=tiny())
    found = results(folder)
    wanted = {"test/bleu1", "test/bleu4", "test/bleu4/greedy", "test/bleu4/people", "test/true", "test/exact",
              "test/bleu4/wide_beam", "test/in_training", "test/n_best_novel", "test/perplexity", "valid/perplexity",
              "annotation/r1", "annotation/median_rank", "search/r10", "test/bleu1/scenes-other"}
    assert wanted <= found["metrics"].keys()
    assert all(found["metrics"][name].keys() == {"1", "2"} for name in wanted)
    assert found["metrics"]["test/bleu4/ensemble"].keys() == {"1+2"}
    assert {"examples", "n_best", "neighbours"} <= found["figures"].keys()
    drawn = dict((name, figure) for name, _, figure in figures.draw({"nic": found, "every_step": found}))
    assert drawn.keys() == {"grid", "n-best", "neighbours", "contrasts"}
    assert Record.model_validate(found)


def test_an_encoder_that_is_tuned_changes_and_one_that_is_not_does_not(checkout):
    saved = {}
    for start in (None, 2):
        execute(PAPER, "nic", overrides=tiny(fine_tune_from=start, seeds=[1], transfer=[]))
        saved[start] = torch.load(paths.REPLICATIONS / PAPER / "runs/own/nic/seed-1.pt", weights_only=True)
    before, after = saved[None], saved[2]
    changed = [name for name, weight in before["encoder"].items() if not torch.equal(weight, after["encoder"][name])]
    assert changed and not any("running" in name for name in changed)  # normalisation keeps its statistics
    assert all(torch.equal(after["weights"][f"encoder.{name}"], w) for name, w in after["encoder"].items())


def test_a_run_that_was_interrupted_gives_the_same(checkout, monkeypatch, results):
    straight = results(execute(PAPER, "nic", overrides=tiny(seeds=[1], max_epochs=3, dropout=0.3)))["metrics"]
    validate = Captioner.on_validation_epoch_start

    def stop(module):
        if module.trainer.current_epoch == 2:
            raise KeyboardInterrupt
        validate(module)

    monkeypatch.setattr(Captioner, "on_validation_epoch_start", stop)
    with pytest.raises(KeyboardInterrupt):
        execute(PAPER, "nic", overrides=tiny(seeds=[1], max_epochs=3, dropout=0.3))
    monkeypatch.setattr(Captioner, "on_validation_epoch_start", validate)
    again = results(execute(PAPER, "nic", overrides=tiny(seeds=[1], max_epochs=3, dropout=0.3)))["metrics"]
    assert again == straight


def test_the_network_learns_what_it_is_shown(checkout, settings_of):
    """Forty scenes by heart, where a network that does not see the picture stays above a perplexity of 2."""
    config = settings_of(hidden=64, embedding=32)
    chosen = data.load(config)
    features = {split: Eyes(config, chosen.set).features(chosen.set, split) for split in ("train", "valid")}
    torch.manual_seed(1)
    module = Captioner(config, len(chosen.vocabulary), features)
    optimiser = torch.optim.Adam(module.parameters(), 0.01)
    batches = data.Captions(chosen.set.train, chosen.vocabulary, 50, 1)
    nll = None
    for _ in range(40):
        for batch in batches:
            nll = module.negative_log_probabilities(features["train"][batch.pictures], batch).mean()
            optimiser.zero_grad()
            nll.backward()
            optimiser.step()
    assert nll.exp() < 1.6


@pytest.fixture
def model(checkout):
    return execute(PAPER, "nic", overrides=tiny(seeds=[1])) / "seed-1.pt"


def test_five_captions_of_a_picture_with_their_probabilities(model, tmp_path):
    Image.new("LA", (50, 20), (90, 255)).save(tmp_path / "any.png")
    lines = demo.demo(model, str(tmp_path / "any.png")).splitlines()
    assert len(lines) == 5
    p = [float(line.split()[0]) for line in lines]
    assert p == sorted(p, reverse=True) and 0 <= sum(p) <= 1


def test_a_picture_that_is_none_and_the_grid(model, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(UserError, match="not a picture"):
        demo.demo(model, str(tmp_path / "notes.txt"))
    assert "the grid of test pictures is in" in demo.demo(model, "")
    assert list(paths.BUILD.glob("*.png"))


def test_your_own_pictures(checkout, tmp_path, results):
    lines = []
    for number in range(20):
        Image.new("RGB", (9, 9), (12 * number, 0, 0)).save(tmp_path / f"{number}.png")
        lines.append(f"{number}.png\t{'a dark picture' if number < 10 else 'a bright picture'}\n")
    (tmp_path / "mine.tsv").write_text("".join(lines))
    own = tiny(corpus=f"captions:{tmp_path / 'mine.tsv'}", transfer=[], rank_pictures=2, seeds=[1])
    assert "test/true" not in results(execute(PAPER, "nic", overrides=own))["metrics"]


def test_every_experiment_of_every_scale_is_a_setting_and_quick_needs_no_extra(monkeypatch):
    for scale in configuration.SCALES:
        for name in configuration.experiments(PAPER, scale):
            settings = configuration.resolve(PAPER, name, scale)
            assert scale != "quick" or (settings["encoder"], settings["consensus"]) == ("small_cnn", False)
    assert experiment.load_data
