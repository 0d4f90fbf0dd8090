import pytest
import torch

from common import config
from replications.graves2006_ctc.model import Network
from replications.graves2006_ctc.module import Recogniser
from tests.replications.graves2006_ctc.tiny import stub

PAPER = "graves2006_ctc"
FEATURES, PHONES = 26, 61


@pytest.mark.parametrize(
    ("experiment", "weights"), [("ctc", 114_662), ("hybrid", 114_461), ("hybrid_weighted", 114_461)]
)
def test_papers_network_has_the_printed_number_of_weights(experiment, weights):
    settings = config.validate(PAPER, config.resolve(PAPER, experiment, "paper"), "test")
    with torch.device("meta"):
        module = Recogniser(settings, stub(settings))
        assert sum(weight.numel() for weight in module.parameters()) == weights
        y = module.log_y(module.network(torch.empty(7, 2, FEATURES), torch.tensor([7, 5], device="meta")))
    assert y.shape == (7, 2, PHONES + 1)


def test_five_layers_of_500_blocks_are_graves_and_jaitlys_26_million(settings):
    with torch.device("meta"):
        network = Network(settings(layers=5, hidden=500), 128, 44)
    assert sum(weight.numel() for weight in network.parameters()) == pytest.approx(26.5e6, rel=0.01)


def test_outputs_are_probabilities_and_padding_changes_nothing(settings):
    torch.manual_seed(1)
    network = Network(settings(), 3, 5).eval()
    x, lengths = torch.randn(8, 2, 3), torch.tensor([8, 5])
    log_y = network(x, lengths)
    torch.testing.assert_close(log_y.exp().sum(2), torch.ones(8, 2))
    torch.testing.assert_close(log_y[:5, 1], network(x[:5, 1:], torch.tensor([5]))[:, 0])


def test_noise_is_for_training_only(settings):
    torch.manual_seed(1)
    x, lengths = torch.randn(6, 1, 3), torch.tensor([6])
    noisy, plain = Network(settings(noise=0.6), 3, 5), Network(settings(noise=0.0), 3, 5)
    plain.load_state_dict(noisy.state_dict())
    assert not torch.equal(noisy(x, lengths), plain(x, lengths))
    assert torch.equal(plain.train()(x, lengths), plain.eval()(x, lengths))
    assert torch.equal(noisy.eval()(x, lengths), plain(x, lengths))


def test_weights_start_within_the_papers_range(settings):
    weights = torch.cat([weight.flatten() for weight in Network(settings(), 26, 62).parameters()])
    assert 0.09 < weights.abs().max() <= 0.1
    assert abs(weights.mean()) < 0.005
