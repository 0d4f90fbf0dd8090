import math

import numpy as np
import pytest
import torch
from torch import nn

from common.config import paper_setting
from common.data.stories.batches import in_order
from common.data.stories.corpus import load
from common.errors import UserError
from common.reporting.pages import figures as look
from common.training.execute import execute
from common.training.run import read_json
from replications.sukhbaatar2015_memory_networks import demo, figures
from replications.sukhbaatar2015_memory_networks.config import Config
from replications.sukhbaatar2015_memory_networks.data import problems, with_noise
from replications.sukhbaatar2015_memory_networks.experiment import build
from replications.sukhbaatar2015_memory_networks.module import Answering, clip_matrices

PAPER = "sukhbaatar2015_memory_networks"
STORIES = load("stories", [2])


def made(experiment="pe_ls_rn", seeds=(1,), **changes) -> tuple[Answering, list]:
    """Networks with large random weights, and the questions of a test text."""
    config = Config(**paper_setting(PAPER, experiment) | {"hidden": 5, "memory": 6, "init_std": 0.8} | changes)
    problem = problems(config, STORIES)[0]
    torch.set_default_dtype(torch.float64)
    module = Answering(config, problem, seeds)
    torch.set_default_dtype(torch.float32)
    return module, [one for one in in_order(problem, problem.test["2"])], problem


def by_hand(network: nn.Module, batch, b: int, longest: int, linear: bool) -> torch.Tensor:
    """The paper's equations for one question, word by word."""
    config, all_of = network.config, network.embeddings[0]
    J, d = longest + config.time, config.hidden

    def l(k: int, j: int) -> float:  # noqa: E743
        if config.encoding == "printed":
            return (1 - j / J) - (k / d) * (1 - 2 * j / J)
        return 1.0 if config.encoding == "bow" else 1 + 4 * (k - (d + 1) / 2) * (j - (J + 1) / 2) / (d * J)

    def vector(matrix: torch.Tensor, sentence, age: int = 0) -> torch.Tensor:
        words = [(j, matrix[word]) for j, word in enumerate(sentence.tolist(), 1) if word]
        if age and config.time:
            words.append((J, matrix[network.vocabulary + age - 1]))
        weighted = [torch.tensor([l(k, j) for k in range(1, d + 1)], dtype=torch.float64) * row for j, row in words]
        return torch.stack(weighted).sum(0) if weighted else torch.zeros(d).double()

    hops = [(k, k + 1) for k in range(3)] if config.tying == "adjacent" else [(0, 1)] * 3
    u = vector(all_of[0 if config.tying == "adjacent" else 2], batch.sentences[batch.questions[0, b]])
    for a, c in hops:
        slots = list(zip(batch.sentences[batch.places[0, b]], batch.ages[0, b].tolist(), strict=True))
        scores = torch.stack([u @ vector(all_of[a], *slot) for slot in slots])
        empty = batch.places[0, b] == 0
        if config.mask:
            scores = torch.where(empty, 0.0 if linear else -math.inf, scores)
        p = scores if linear else scores.softmax(0)
        o = sum(weight * vector(all_of[c], *slot) for weight, slot in zip(p, slots, strict=True))
        u = (network.projection[0] @ u if config.tying == "layerwise" else u) + o
    return all_of[3] @ u


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize(
    "changes", [{}, {"encoding": "printed"}, {"encoding": "bow", "mask": True}, {"tying": "layerwise"}, {"time": False}]
)
def test_the_network_is_the_equations_word_by_word(changes, linear):
    module, (batch, *_), problem = made(**changes)
    scores, _ = module.network(batch, linear)
    for b in (0, 1, 2):
        expected = by_hand(module.network, batch, b, problem.longest, linear)
        torch.testing.assert_close(scores[0, b], expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("experiment", ["pe_ls_rn", "layerwise_joint", "lstm"])
def test_restarts_side_by_side_are_each_by_itself(experiment):
    module, (batch, *_), _ = made(experiment, (4, 7), hidden=5, joint=False)
    together = module.network(batch)[0]
    assert not torch.equal(*together)
    for number, seed in enumerate((4, 7)):
        alone = made(experiment, (seed,), hidden=5, joint=False)[0].network
        torch.testing.assert_close(alone(batch)[0][0], together[number], rtol=0, atol=1e-12)
        assert all(torch.equal(w, module.network.restart(number)[name]) for name, w in alone.state_dict().items())


def test_an_lstm_reads_the_story_in_order_whatever_stands_beside_it():
    module, (batch, *_), problem = made("lstm", memory=50)
    network = module.network
    for b, question in enumerate(STORIES.tasks[0].test[:5]):
        words = [word for sentence in (*question.story, question.question) for word in sentence]
        read = network.embedding[0](torch.tensor([[problem.numbers[word] for word in words]]))
        torch.testing.assert_close(
            network(batch)[0][0, b], network.outputs[0](network.readers[0](read)[0][0, -1]), rtol=0, atol=1e-12
        )


def test_noise_strews_empty_slots_evenly_and_keeps_the_order():
    draw, ages = np.random.default_rng(1), np.tile([1, 2, 3, 0, 0, 0, 0], (40_000, 1))
    assert (with_noise(ages, 0.0, draw) == ages).all()
    found = with_noise(ages, 0.5, draw)  # 0, 1 or 2 empty slots among three sentences
    kinds, counts = np.unique(found[:, :3], axis=0, return_counts=True)
    assert (np.diff(kinds, axis=1) > 0).all() and (found[:, 3:] == 0).all()
    expected = {3: 1 / 3 + 1 / 12 + 1 / 30, 4: 3 * (1 / 12 + 1 / 30), 5: 6 / 30}  # by the age of the oldest
    for oldest, share in expected.items():
        assert counts[kinds[:, 2] == oldest].sum() / len(ages) == pytest.approx(share, abs=0.01)
    assert len({tuple(kind) for kind in kinds if kind[2] == 5}) == 6
    assert with_noise(ages[:100, :3], 1.0, draw).max() == 3


def test_each_matrix_is_clipped_by_its_spectral_norm():
    gradient = torch.randn(2, 3, 6, 4, dtype=torch.float64) * torch.tensor([1.0, 9.0, 30.0]).double()[:, None, None]
    before = gradient.clone()
    clip_matrices(gradient, 40.0)
    norms = torch.linalg.svdvals(before)[..., 0]
    assert (norms > 40).any() and (norms < 40).any()
    torch.testing.assert_close(torch.linalg.svdvals(gradient)[..., 0], norms.clamp(max=40.0))
    assert torch.equal(gradient[norms <= 40], before[norms <= 40])


def test_rates_are_those_of_the_authors_code():
    for experiment, first in (("pe_ls_rn", 20), ("pe", 0)):
        module = made(experiment)[0]
        (optimiser, schedule) = module.configure_optimizers().values()
        factor = schedule["scheduler"].lr_lambdas[0]
        rates = [
            optimiser.param_groups[0]["initial_lr"] * factor(28 * (first + epoch)) for epoch in (0, 23, 24, 49, 99)
        ]
        assert rates == [rate * (0.005 if first else 0.01) for rate in (1, 1, 0.5, 0.25, 1 / 16)]


def test_a_run_its_figures_and_a_story_of_ones_own(checkout):
    options = ["tasks=[2]", "seeds=[1,2]", "linear_epochs=4", "max_epochs=8"]
    folder = execute(PAPER, "pe_ls_rn", overrides=options, name="pe_ls_rn")
    found = read_json(folder / "results.json", {})
    errors = found["metrics"]["test/error/2"]
    assert max(errors.values()) < 15 and found["metrics"]["best/error"].keys() == {"1+2"}
    assert found["metrics"]["best/error"]["1+2"] in errors.values()
    with look.style():
        for name, _, figure in figures.draw({"pe_ls_rn": found}):
            look.save(figure, checkout / f"{name}.svg")
    assert len(list(checkout.glob("*.svg"))) == 2
    shown = demo.demo(folder / "seed-2.pt", demo.STORY).splitlines()
    assert shown[0].startswith("office (") and len(shown) == 4
    weights = np.array([[float(number) for number in line.split()[-3:]] for line in shown[1:]])
    assert weights[0].max() > 0.5 < weights[2].max()  # the two that must be put together
    with pytest.raises(UserError, match="not learnt: zoë; known: apple"):
        demo.demo(folder / "seed-1.pt", "Mary took the milk. Where is Zoë?")
    with pytest.raises(UserError, match="give a story and a question"):
        demo.demo(folder / "seed-1.pt", "Where is Mary?")
    with pytest.raises(UserError, match="a sentence of 9 words"):
        demo.demo(folder / "seed-1.pt", f"{'Mary ' * 9}. Where is Mary?")


def test_ten_questions_are_needed_to_hold_one_out(tmp_path):
    path = tmp_path / "few"
    path.write_text("1 Zoë salió.\r\n2 ¿Dónde está Zoë?\tfuera\t1\r\n" * 9, encoding="utf-8")
    config = Config(**paper_setting(PAPER, "pe") | {"corpus": f"stories:{path},{path}"})
    with pytest.raises(UserError, match="own: fewer than 10 questions"):
        build(config, load(config.corpus))
