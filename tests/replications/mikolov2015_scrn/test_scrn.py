import math

import numpy as np
import pytest
import torch

from common.config import paper_setting
from common.data.text import corpora
from common.errors import UserError
from common.reporting.pages import figures as look
from common.training.execute import execute
from common.training.run import read_json
from replications.mikolov2015_scrn import bench, demo, figures
from replications.mikolov2015_scrn.config import Config
from replications.mikolov2015_scrn.experiment import build, in_random_order
from replications.mikolov2015_scrn.model import Network
from tests.replications.mikolov2015_scrn.tiny import settings, stub
from tests.replications.texts import agreeing

PAPER = "mikolov2015_scrn"


def setting(experiment="scrn", **changes) -> Config:
    return Config(**paper_setting(PAPER, experiment) | changes)


@pytest.mark.parametrize(
    "experiment, millions",
    [("srn", 2.01), ("srn_50", 1.0025), ("srn_300", 6.09), ("scrn", 2.009), ("scrn_50", 1.002), ("scrn_300", 6.902)],
)
def test_networks_have_as_many_weights_as_the_equations(experiment, millions):
    config = setting(experiment)
    with torch.device("meta"):
        found = sum(weight.numel() for weight in build(config, stub(config)).parameters())
    assert found == pytest.approx(millions * 1e6, abs=6e3)


@pytest.mark.parametrize("experiment", ["scrn", "lstm"])
def test_errors_reach_back_over_the_window_and_states_go_on(experiment):
    """Blocks of two words give the outputs of the whole text; a window of five gets a gradient."""
    changes = {"hidden": 4, "context": 3 if experiment == "scrn" else 0, "block": 2, "window": 5}
    torch.manual_seed(1)
    network = Network(setting(experiment, **changes), np.arange(9)[::-1]).double()
    words = torch.arange(9)[:, None]
    state, seen = network.initial(1), []
    for start in range(0, 8, 2):
        part, state = network(words[start : start + 2], state)
        seen.append(part)
    torch.testing.assert_close(torch.cat(seen), network(words, network.initial(1))[0][:8], rtol=0, atol=1e-12)
    table = network.cell.input if experiment == "lstm" else network.cell.of_hidden
    seen[-1].sum().backward()
    assert sorted(table.weight.grad.coalesce().indices()[0].tolist()) == [3, 4, 5, 6, 7]


def test_outputs_begin_at_zero_and_move_first():
    network = Network(setting(hidden=4, context=3), np.arange(9)[::-1])
    seen, _ = network(torch.arange(5)[:, None], network.initial(1))
    loss = network.output(seen[:, 0], torch.arange(5)).mean()
    loss.backward()
    assert loss.item() == pytest.approx(math.log(9)) and network.output.weight.grad.abs().sum() > 0
    assert all(not weight.grad.coalesce().values().any() for weight in (network.cell.of_hidden.weight,))


def test_a_random_order_keeps_the_sentences():
    corpus = corpora.load("topics")
    mixed = in_random_order(corpus.test, corpus.eos)
    assert sorted(mixed) == sorted(corpus.test) and mixed[-1] == corpus.eos and not np.array_equal(mixed, corpus.test)
    ends = np.flatnonzero(mixed == corpus.eos)
    first = mixed[: ends[0] + 1].tolist()
    assert any(corpus.test[n : n + len(first)].tolist() == first for n in range(len(corpus.test)))


def test_what_cannot_be_is_refused():
    for changes in ({"window": 4}, {"hidden": 0, "context": 0}, {"model": "lstm", "context": 1}):
        with pytest.raises(ValueError, match="must reach|needs hidden"):
            setting("srn", **changes)


def test_the_rate_falls_and_the_best_weights_come_back(checkout, tmp_path):
    """A rate of 1e-9 learns nothing to speak of, so that no epoch after the first is better."""
    options = settings(agreeing(tmp_path / "own.txt", 60), lr=1e-9, max_epochs=3, context=2)
    folder = execute(PAPER, "scrn", overrides=options)
    rows = (folder / "history.csv").read_text().splitlines()
    rates = [float(row.rsplit(",", 1)[1]) for row in rows if ",lr," in row]
    assert rates == pytest.approx([1e-9, 1e-9, 1e-9 / 1.5])


def test_a_run_is_drawn_and_shown(checkout, tmp_path):
    text, runs = agreeing(tmp_path / "own.txt", 60), {}
    for name, changes in {"learned": {"context": 3}, "srn": {}}.items():
        folder = execute(PAPER, name, overrides=settings(text, **changes), name=name)
        runs[name] = read_json(folder / "results.json", {})
    assert 0 < runs["learned"]["metrics"]["alpha"]["1"] < 1
    with look.style():
        for name, _, figure in figures.draw(runs):
            look.save(figure, checkout / f"{name}.svg")
    assert len(list(checkout.glob("*.svg"))) == 2
    shown = demo.demo(folder.parent / "learned/seed-1.pt", "the dog barks . étrange").splitlines()
    assert [line.split()[0] for line in shown] == ["the", "dog", "barks", "</s>", "étrange"]
    with pytest.raises(UserError, match="without context units"):
        demo.demo(folder.parent / "srn/seed-1.pt", "the dog")


@pytest.mark.parametrize("case", bench.CASES)
def test_every_case_of_the_benchmark_does_its_work(monkeypatch, case):
    monkeypatch.setattr(bench, "SYMBOLS", 20)
    monkeypatch.setattr(bench, "PASSES", 1)
    assert bench.CASES[case]()() == bench.STEPS * bench.STREAMS
