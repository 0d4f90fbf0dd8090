"""The network against a literal reading of the paper's equations, in float64, and at the paper's size."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch

from common.data.pictures.batches import Batch, pad
from common.text.vocabulary import EOS, UNK, Vocabulary
from replications.vinyals2015_show_and_tell.describe import describe, log_likelihoods
from replications.vinyals2015_show_and_tell.model import ShowAndTell
from replications.vinyals2015_show_and_tell.module import Captioner

V, D = 7, 5
VOCABULARY = Vocabulary(("a", "dog", "cat", EOS, UNK, "red", "runs"), (9, 8, 7, 6, 5, 4, 3))
CAPTIONS = [[0, 1, 6], [0, 5, 2, 6], [1]]


@pytest.fixture
def network(settings_of):
    def network(**changes):
        torch.manual_seed(1)
        config = settings_of(**{"hidden": 4, "embedding": 3, "init_range": 0.8} | changes)
        made = ShowAndTell(config, V, D).double().eval()
        made.standardise(torch.randn(30, D, dtype=torch.float64) * 3 + 1)
        return made

    return network


@pytest.fixture
def features():
    return torch.randn(3, D, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def literal(net: ShowAndTell, features, caption: list[int]) -> list[torch.Tensor]:
    """p_1, p_2, ... of one caption, step by step from the printed equations; gates in torch's order i, f, g, o."""
    picture = net.image.weight @ ((features - net.mean) / net.std) + net.image.bias
    m = c = torch.zeros(net.lstm.hidden_size, dtype=torch.float64)
    words = [net.embedding.weight[word] for word in (V, *caption)]
    inputs = [picture, *words] if net.once else [torch.cat([word, picture]) for word in words]
    p = []
    for x in inputs:
        z = net.lstm.weight_ih_l0 @ x + net.lstm.bias_ih_l0 + net.lstm.weight_hh_l0 @ m + net.lstm.bias_hh_l0
        i, f, g, o = z.chunk(4)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        m = o.sigmoid() * c.tanh()
        p.append((net.output.weight @ m + net.output.bias).softmax(0))
    return p[1:] if net.once else p


@pytest.mark.parametrize("image", ["once", "every_step"])
def test_the_equations(network, features, image):
    net = network(image=image)
    words, lengths = pad(CAPTIONS, VOCABULARY.eos)
    ours = net.output(net(features, words)).softmax(2)
    for column, caption in enumerate(CAPTIONS):
        expected = torch.stack(literal(net, features[column], caption))
        torch.testing.assert_close(ours[: len(caption) + 1, column], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("image", ["once", "every_step"])
def test_step_by_step_is_all_at_once(network, features, image):
    net = network(image=image)
    state, expected = net.initial(features), net.output(net(features, torch.tensor([[0] * 3, [1] * 3]))).log_softmax(2)
    first, state = net.step(torch.full((3,), net.start), state)
    second, _ = net.step(torch.zeros(3, dtype=torch.long), state)
    torch.testing.assert_close(torch.stack([first, second]), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("image", ["once", "every_step"])
def test_the_gradient_reaches_every_weight(network, features, image):
    net = network(image=image)
    words, _ = pad(CAPTIONS, VOCABULARY.eos)
    net(features, words).square().sum().backward()
    assert all(weight.grad.abs().sum() > 0 for name, weight in net.named_parameters() if not name.startswith("output"))


@pytest.fixture
def module(settings_of, network, features):
    module = Captioner(settings_of(), V)
    module.network, module.features = network(init_range=0.15), {"train": features}
    return module.eval()


def test_padding_does_not_change_the_loss(module, features):
    together = module.negative_log_probabilities(features, batch(CAPTIONS))
    alone = [module.negative_log_probabilities(features[i : i + 1], batch([one])) for i, one in enumerate(CAPTIONS)]
    assert together.numel() == sum(len(caption) + 1 for caption in CAPTIONS)
    torch.testing.assert_close(together.sum(), torch.cat(alone).sum())


def batch(captions) -> Batch:
    words, lengths = pad(captions, VOCABULARY.eos)
    return Batch(torch.arange(len(captions)), words, lengths, int(lengths.sum()))


def test_the_losses_of_two_processes_average_to_the_loss_of_one(module, features):
    """Each sums over its captions and divides by the words of all; then gradients are averaged, so a process counts
    as often as there are processes."""
    whole = batch(CAPTIONS)
    shares = []
    for mine in ([0, 2], [1]):
        part = batch([CAPTIONS[i] for i in mine])._replace(pictures=torch.tensor(mine), total=whole.total)
        module.trainer = SimpleNamespace(world_size=2, current_epoch=0)
        shares.append(module.training_step(part, 0)["loss"])
    expected = module.negative_log_probabilities(features, whole).mean()
    torch.testing.assert_close(sum(shares) / 2, expected)


def test_dropout_acts_in_training_only(network, features):
    net, plain = network(dropout=0.5), network()
    words, _ = pad(CAPTIONS, VOCABULARY.eos)
    torch.testing.assert_close(net(features, words), plain(features, words))
    assert (net.train()(features, words) - plain(features, words)).abs().max() > 0.01


@pytest.mark.parametrize("image", ["once", "every_step"])
def test_the_likelihood_of_a_caption_is_the_product_of_its_words(network, features, image):
    net = network(image=image)
    scores = log_likelihoods(net, features, CAPTIONS, VOCABULARY.eos)
    for picture in range(3):
        for column, caption in enumerate(CAPTIONS):
            p = literal(net, features[picture], caption)
            expected = sum(one[word].log() for one, word in zip(p, [*caption, VOCABULARY.eos], strict=True))
            assert scores[picture, column] == pytest.approx(expected.item(), abs=1e-5)


def test_descriptions_carry_their_probability_and_never_the_unknown_word(network, features):
    net = network()
    found = describe([net], [features], VOCABULARY, beam_size=6, max_length=5, n_best=6)
    for picture, some in enumerate(found):
        complete = [one for one in some if one.complete]
        assert complete == sorted(complete, key=lambda one: -one.log_probability) and complete
        for one in complete:
            assert VOCABULARY.unk not in one.words
            expected = log_likelihoods(net, features[picture : picture + 1], [list(one.words)], VOCABULARY.eos)
            assert one.log_probability == pytest.approx(expected.item(), abs=1e-5)


def test_a_length_exponent_orders_what_the_search_has_found(network, features):
    """From log p(S) (0) to log p(S) per word (1); here by hand, from the whole beam."""
    net = network()
    search = partial(describe, [net], [features], VOCABULARY, beam_size=6, max_length=5)
    per_word, between, total = (search(n_best=6, length_exponent=e) for e in (1.0, 0.5, 0.0))
    assert [some[0].words for some in per_word] != [some[0].words for some in total]
    for some, ordered, few in zip(per_word, between, search(n_best=2, length_exponent=0.5), strict=True):
        by_hand = sorted(
            (one for one in some if one.complete),
            reverse=True,
            key=lambda one: one.log_probability / (len(one.words) + 1) ** 0.5,
        )
        assert ordered[: len(by_hand)] == by_hand and few == ordered[:2]


def test_an_ensemble_averages_probabilities(network, features):
    one, other = network(), network(image="every_step")
    single = describe([one], [features], VOCABULARY, beam_size=3, max_length=4)
    assert (
        describe([one, one], [features, features], VOCABULARY, beam_size=3, max_length=4)[0][0].words
        == single[0][0].words
    )
    found = describe([one, other], [features, features], VOCABULARY, beam_size=3, max_length=4)[0][0]
    p = [torch.stack(literal(net, features[0], list(found.words))) for net in (one, other)]
    read = [*found.words, VOCABULARY.eos] if found.complete else list(found.words)
    expected = sum((p[0][t, word] + p[1][t, word]).div(2).log() for t, word in enumerate(read))
    assert found.log_probability == pytest.approx(expected.item(), abs=1e-5)


def test_the_papers_size(settings_of):
    """512 units and dimensions and GoogLeNet's 1,024 features; the paper gives no total."""
    words = 8791
    with torch.device("meta"):
        net = ShowAndTell(settings_of(scale="paper"), words, 1024)
    lstm, picture = 4 * 512 * (512 + 512 + 2), 1024 * 512 + 512
    expected = picture + (words + 1) * 512 + lstm + 513 * words
    assert sum(weight.numel() for weight in net.parameters()) == expected


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"n_best": 30}, "n_best 30 captions cannot come from a wide_beam of 20"),
        ({"fine_tune_from": 1, "precision": "bf16-mixed"}, "fine_tune_from needs precision 32-true"),
        ({"dropout": 1.0}, "less than 1"),
    ],
)
def test_settings_that_make_no_sense(settings_of, changes, message):
    with pytest.raises(ValueError, match=message):
        settings_of(scale="paper", **changes)
