"""Whole runs on a few scenes: the numbers are there, the network learns what it sees, and describes it."""

import json
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from common import config as configuration
from common import paths
from common.data.pictures.batches import captions as batched
from common.errors import UserError
from common.metrics import captions as metrics
from common.reporting.evidence.results import Record
from common.training.execute import execute
from common.vision import encoders
from replications.vinyals2015_show_and_tell import data, demo, evaluation, experiment, figures
from replications.vinyals2015_show_and_tell.eyes import Eyes
from tests.replications.vinyals2015_show_and_tell.tiny import settings

PAPER = "vinyals2015_show_and_tell"


@pytest.fixture
def results(checkout):
    return lambda folder: json.loads((folder / "results.json").read_text())


def test_a_run_measures_all_that_the_paper_reports(checkout, results):
    folder = execute(PAPER, "nic", overrides=settings())
    found = results(folder)
    wanted = {
        "test/bleu1",
        "test/bleu4",
        "test/bleu4/greedy",
        "test/bleu4/unnormalised",
        "test/true",
        "test/exact",
        "test/bleu4/people_in_turn",
        "test/bleu4/network_in_turn",
        "test/bleu4/wide_beam",
        "test/in_training",
        "test/n_best_novel",
        "test/perplexity",
        "valid/perplexity",
        "annotation/r1",
        "annotation/median_rank",
        "search/r10",
        "test/bleu1/scenes-other",
    }
    assert wanted <= found["metrics"].keys()
    assert all(found["metrics"][name].keys() == {"1", "2"} for name in wanted)
    assert found["metrics"]["test/bleu4/ensemble"].keys() == {"1+2"}
    assert {"examples", "n_best", "neighbours"} <= found["figures"].keys()
    drawn = dict((name, figure) for name, _, figure in figures.draw({"nic": found, "every_step": found}))
    assert drawn.keys() == {"grid", "n-best", "neighbours", "contrasts"}
    assert Record.model_validate(found)


def test_people_and_network_are_judged_by_the_same_references():
    """A network that writes what the second person wrote is judged without her in one of three turns."""
    one, two, three = ("a red car stands".split(), "one man rides a horse".split(), "two dogs run on grass".split())
    recorded = {}
    run = SimpleNamespace(record=lambda metric, seed, value: recorded.update({metric: value}))
    evaluation.beside_people(run, 1, [two], SimpleNamespace(captions=((one, two, three),)))
    turns = ((one, two, three), (two, one, three), (three, one, two))
    each = [metrics.bleu([judged], [others])["bleu1"] for judged, *others in turns]
    assert recorded["test/bleu1/people_in_turn"] == pytest.approx(sum(each) / 3)
    assert recorded["test/bleu1/network_in_turn"] == pytest.approx((100 + each[1] + 100) / 3)
    recorded.clear()
    evaluation.beside_people(run, 1, [two], SimpleNamespace(captions=((one,),)))
    assert not recorded


def test_an_encoder_that_is_tuned_changes_but_keeps_its_statistics(checkout):
    overrides = settings(fine_tune_from=2, seeds=[1], transfer=[])
    saved = torch.load(execute(PAPER, "nic", overrides=overrides) / "seed-1.pt", weights_only=True)["weights"]
    before = encoders.load("small_cnn").state_dict()
    changed = [name for name, weight in before.items() if not torch.equal(weight, saved[f"encoder.{name}"])]
    assert changed and not any("running" in name for name in changed)
    with pytest.raises(UserError, match="the encoder learns on one device only; leave --devices out"):
        execute(PAPER, "nic", overrides=overrides, devices=2, name="two")


def test_the_network_learns_what_it_is_shown(checkout, settings_of):
    """Forty scenes by heart, where a network that does not see the picture stays above a perplexity of 2."""
    config = settings_of(hidden=64, embedding=32)
    chosen = data.load_data(config)
    features = Eyes(config, chosen.set).features(chosen.set, "train")
    torch.manual_seed(1)
    module = experiment.build(config, chosen)
    module.network.standardise(features)
    optimiser = torch.optim.Adam(module.parameters(), 0.01)
    batches = batched(chosen.set.train, chosen.vocabulary, 50, 1)
    nll = None
    for epoch in range(40):
        batches.set_epoch(epoch)
        for batch in batches:
            nll = module.negative_log_probabilities(features[batch.pictures], batch).mean()
            optimiser.zero_grad()
            nll.backward()
            optimiser.step()
    assert nll.exp() < 1.6


@pytest.fixture
def model(checkout):
    return execute(PAPER, "nic", overrides=settings(seeds=[1])) / "seed-1.pt"


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
    own = settings(corpus=f"captions:{tmp_path / 'mine.tsv'}", transfer=[], rank_pictures=2, seeds=[1])
    assert "test/true" not in results(execute(PAPER, "nic", overrides=own))["metrics"]


def test_every_experiment_of_every_scale_is_a_setting_and_quick_needs_no_extra():
    for scale in configuration.SCALES:
        for name in configuration.experiments(PAPER, scale):
            found = configuration.resolve(PAPER, name, scale)
            assert scale != "quick" or (found["encoder"], found["consensus"]) == ("small_cnn", False)
