"""The decoder against plain loops over its equations, and its two losses against what they should be, in float64."""

import itertools
from types import SimpleNamespace

import pytest
import torch

from common import config as configuration
from common.data.pictures.batches import Batch, pad
from replications.xu2015_show_attend_tell.config import Config
from replications.xu2015_show_attend_tell.module import Captioner, doubly_stochastic
from tests.replications.xu2015_show_attend_tell.tiny import SIZES

V, D, L, STOP = 5, 24, 3, 3
CAPTIONS = [[0, 1], [2]]


def captioner(experiment: str = "soft", **changes) -> Captioner:
    settings = configuration.resolve("xu2015_show_attend_tell", experiment, "quick")
    torch.manual_seed(1)
    made = Captioner(Config(**settings | SIZES | {"hidden": 4, "init_std": 0.5} | changes), V).double()
    made.trainer = SimpleNamespace(current_epoch=1, global_rank=0, world_size=1, global_step=0)
    return made


@pytest.fixture
def pictures():
    return torch.randn(2, L, D, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def batch(captions=CAPTIONS) -> Batch:
    words, lengths = pad(captions, STOP)
    return Batch(torch.arange(len(captions)), words, lengths, int(lengths.sum()), len(captions))


def literal(net, a, caption):
    """alpha_t and p(y_t) of one caption, from the printed equations; gates in torch's order i, f, g, o."""
    a = [(one - net.mean) / net.std for one in a]
    h, c = (net.begin.weight @ sum(a) / L + net.begin.bias).tanh().chunk(2)
    found = []
    for word in (V, *caption):
        y = torch.zeros_like(net.embedding.weight[0]) if word == V else net.embedding.weight[word]
        alpha = torch.full((L,), net.fixed / L, dtype=torch.float64)
        if net.attention:
            e = [((net.attention.query.weight @ h + net.attention.key.weight @ one + net.attention.key.bias).tanh()
                  * net.attention.energy).sum() for one in a]  # fmt: skip
            alpha = torch.stack([one.exp() for one in e]) / sum(one.exp() for one in e)
        beta = (net.gate.weight @ h + net.gate.bias).sigmoid() if net.gate else 1
        z = beta * sum(weight * one for weight, one in zip(alpha, a, strict=True))
        read = net.lstm.weight_ih @ torch.cat([y, z]) + net.lstm.bias_ih + net.lstm.weight_hh @ h + net.lstm.bias_hh
        i, f, g, o = read.chunk(4)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        out = y + net.from_state.weight @ h + net.from_state.bias + net.from_context.weight @ z + net.from_context.bias
        found.append((alpha, (net.output.weight @ out.tanh() + net.output.bias).softmax(0)))
    return map(torch.stack, zip(*found, strict=True))


@pytest.mark.parametrize("experiment", ["soft", "no_gate", "mean", "start"])
def test_the_equations(pictures, experiment):
    net, (words, _) = captioner(experiment).network, pad(CAPTIONS, STOP)
    net.standardise(pictures)
    memory = net.memory(pictures)
    read, state = net(memory, words), net.initial(memory)
    for column, caption in enumerate(CAPTIONS):
        (maps, p), end = literal(net, pictures[column], caption), len(caption) + 1
        torch.testing.assert_close(read.maps[:end, column], maps, rtol=0, atol=1e-12)
        torch.testing.assert_close(net.output(read.readout[:end, column]).softmax(1), p, rtol=0, atol=1e-12)
    for word, readout in zip([torch.tensor([V, V]), *words], read.readout, strict=False):  # word by word, the same
        log_p, state = net.step(word, state, memory)
        torch.testing.assert_close(log_p, net.output(readout).log_softmax(1))


def test_the_maps_of_other_pictures_are_laid_on_these(pictures):
    net, h = captioner().network, torch.ones(2, 4, dtype=torch.float64)
    own, crossed = net.memory(pictures), net.memory(pictures, pictures.flip(0))
    (_, alpha, _), (context, other, _) = net.look(h, own), net.look(h, crossed)
    torch.testing.assert_close(other, alpha.flip(0))
    torch.testing.assert_close(context, (other.unsqueeze(2) * own.annotations).sum(1) * net.gate(h).sigmoid())


def test_the_penalty_by_hand():
    """Two words and two locations; the second caption has one word."""
    maps = torch.tensor([[[0.75, 0.25], [0.5, 0.5]], [[0.75, 0.25], [0.0, 0.0]]])
    assert doubly_stochastic(maps).tolist() == [0.25 + 0.25, 0.25 + 0.25]
    module, read = captioner(penalty=2.0), SimpleNamespace(maps=maps.double())
    words = Batch(torch.arange(2), torch.zeros(2, 2), torch.tensor([2, 1]), 3, 2)
    assert module.loss(read, torch.ones(2, 2), words, False).tolist() == [2 + 2 * 0.5, 2 + 2 * 0.5]


def test_reinforce_expects_the_gradient_of_the_bound(pictures):
    """sum_s p(s | a) log p(y | s, a) over all 3^3 ways to look, differentiated, is what draws give on average, whatever
    the baseline."""
    module, one = captioner("hard", reward_weight=1.0, entropy_weight=0.0), batch([[0, 1]])
    module.baseline.fill_(-2.5)
    weights = list(module.network.parameters())
    bound, expected = 0, [torch.zeros_like(weight) for weight in weights]
    for way in itertools.product(range(L), repeat=3):
        drawn = torch.nn.functional.one_hot(torch.tensor(way), L).double()
        read = module.network(
            module.network.memory(pictures[:1]), one.words, lambda t, alpha, drawn=drawn: drawn[t : t + 1]
        )
        nats, p = module.nats(read, one), (read.maps[:, 0] * drawn).sum(1).prod()
        bound = bound - p * nats.sum()
        ours = torch.autograd.grad(-module.loss(read, nats, one, True).sum(), weights, retain_graph=True)
        expected = [total + p.detach() * grad for total, grad in zip(expected, ours, strict=True)]
    torch.testing.assert_close(torch.autograd.grad(bound, weights), tuple(expected), rtol=0, atol=1e-10)


def test_locations_are_drawn_as_often_as_alpha_says_and_the_same_by_two_processes():
    module, alpha = captioner("hard"), torch.tensor([[0.2, 0.5, 0.3]]).repeat(6000, 1).double()
    drawn = module.draw(0, alpha)
    torch.testing.assert_close(drawn.mean(0), alpha[0], rtol=0, atol=0.03)
    assert not torch.equal(drawn, module.draw(1, alpha))
    module.trainer.world_size, shares = 2, []
    for module.trainer.global_rank in (0, 1):
        shares.append(module.draw(0, alpha[:3000]))
    assert torch.equal(torch.stack(shares, 1).flatten(0, 1), drawn)
    assert captioner("hard", sampled=0.0).draw(0, alpha) is not alpha  # no gradient passes
    assert torch.equal(captioner("hard", sampled=0.0).draw(0, alpha), alpha)


def test_the_paper_has_1000_units_and_a_map_of_14_by_14():
    with torch.device("meta"):
        made = Captioner(Config(**configuration.resolve("xu2015_show_attend_tell", "soft", "paper")), 8791)
    lstm, attention = 4 * 1000 * (100 + 512 + 1000 + 2), (1000 + 512 + 1) * 512 + 512
    rest = 1001 + 513 * 2000 + 8792 * 100 + 1001 * 100 + 513 * 100 + 101 * 8791
    assert sum(weight.numel() for weight in made.network.parameters()) == lstm + attention + rest
