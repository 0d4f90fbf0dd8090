import numpy as np
import pytest
import torch

from common.cells.elman import elman_scan
from common.config import paper_setting
from common.data.synthetic import templates
from common.errors import UserError
from common.reporting.pages import figures as look
from common.training.execute import execute
from common.training.run import read_json
from replications.elman1990_structure_in_time import data, demo, figures
from replications.elman1990_structure_in_time.config import Config
from replications.elman1990_structure_in_time.module import Trial
from tests.replications.elman1990_structure_in_time.tiny import settings

PAPER = "elman1990_structure_in_time"


def trial(experiment: str) -> Trial:
    return Trial(Config(**paper_setting(PAPER, experiment) | {"examples": 40, "passes": 1}), 1)


@pytest.mark.parametrize("experiment", ["letters", "letters_jordan", "letters_jordan_own", "words_frozen"])
def test_the_compiled_learner_descends_as_autograd_does(experiment):
    compiled, readable = trial(experiment), trial(experiment)
    network, stream, context = readable.network, readable.stream, readable.context
    network.first_context, descent = lambda: context, torch.optim.SGD(network.parameters(), readable.config.lr)
    for x, target in zip(stream.inputs, stream.targets, strict=True):
        y, hidden = network(x[None], target[None])
        descent.zero_grad()
        (0.5 * (y - target).square().sum()).backward()
        descent.step()
        if network.context == "elman":
            context = hidden[0].detach()
        elif network.context != "frozen":
            context = 0.5 * context + (y[0].detach() if network.context == "jordan_own" else target)
    compiled.advance()
    torch.testing.assert_close(
        dict(compiled.network.named_parameters()), dict(network.named_parameters()), rtol=0, atol=1e-10
    )
    torch.testing.assert_close(compiled.context, context, rtol=0, atol=1e-10)


def test_the_context_is_the_last_hidden_layer():
    network, inputs = trial("letters").network, torch.rand(30, 6, dtype=torch.float64)
    of_inputs, recurrent = network.hidden.weight.split([6, 20], 1)
    entering = (inputs @ of_inputs.t() + network.hidden.bias)[:, None]
    expected = elman_scan(entering, torch.full((1, 20), 0.5, dtype=torch.float64), recurrent)
    torch.testing.assert_close(network(inputs, inputs)[1], expected[:, 0], rtol=0, atol=1e-12)


def test_letters_and_words_have_the_articles_codes():
    assert data.CODES["words"]["y"] == "11001" and data.encoded("letters", ["g"]).tolist() == [[1, 0, 1, 0, 1, 1]]
    assert data.encoded("sentences", [data.NOVEL])[0, len(templates.WORDS)] == 1
    with pytest.raises(UserError, match="without .*: choose more examples"):
        data.stream("sentences", 4, 1)


def test_a_run_has_all_metrics_figures_and_a_demonstration(checkout):
    runs = {}
    for name in ("xor", "letters", "words", "sentences"):
        folder = execute(PAPER, name, overrides=settings(), name=name)
        runs[name] = read_json(folder / "results.json", {})
        assert all(np.isfinite(list(values.values())).all() for values in runs[name]["metrics"].values())
    with look.style():
        for name, _, figure in figures.draw(runs):
            look.save(figure, checkout / f"{name}.svg")
    assert len(list(checkout.glob("*.svg"))) == 3
    shown = demo.demo(folder.parent / "words/seed-1.pt", "a boy")
    assert [line[0] for line in shown.splitlines()] == list("boy") and "█" in shown
    with pytest.raises(UserError, match="unknown letter 'é'"):
        demo.demo(folder.parent / "words/seed-1.pt", "boé")
    with pytest.raises(UserError, match="unknown word 'bred'; did you mean 'bread'"):
        demo.demo(folder / "seed-1.pt", "woman eat bred")
