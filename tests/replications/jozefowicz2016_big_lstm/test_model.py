"""The networks: published sizes, equations, and each trick on and off."""

import pytest
import torch

from common import config as configuration
from common.errors import UserError
from common.text.characters import spell
from replications.jozefowicz2016_big_lstm.config import Config
from replications.jozefowicz2016_big_lstm.model import CharacterLSTM, LSTMLanguageModel
from replications.jozefowicz2016_big_lstm.module import CharacterPredictor, LanguageModel

PAPER = "jozefowicz2016_big_lstm"
WORDS = ["</s>", "the", "dog", "dogs", "bark", "barks", "<unk>", "cat", "cats", "x"]
# Table 1, in billions; the table rounds, and counts one LSTM-8192-2048 as little more than its two tables (3.25)
PUBLISHED = {
    "lstm_512": (0.82, 0.01),
    "lstm_1024": (0.82, 0.01),
    "lstm_2048": (0.83, 0.01),
    "big_lstm": (1.8, 0.02),
    "lstm_8192": (3.3, 0.035),
    "lstm_8192_undropped": (3.3, 0.035),
    "big_lstm_cnn": (1.04, 0.01),
    "cnn_softmax": (0.29, 0.02),
    "cnn_softmax_corrected": (0.39, 0.02),
    "character_lstm": (0.23, 0.02),
    "nce": (0.83, 0.01),
    "full_softmax": (0.83, 0.01),
}


def config_of(experiment="lstm_2048", **changes) -> Config:
    small = {
        "cells": 7,
        "projection": 5,
        "filters": [[1, 3], [2, 4]],
        "samples": 4,
        "character_cells": 6,
        "character_embedding": 3,
        "dropout": 0.0,
    } | changes
    return configuration.validate(PAPER, configuration.resolve(PAPER, experiment, "paper") | small, "here")


@pytest.mark.parametrize("experiment", PUBLISHED)
def test_published_number_of_parameters(experiment):
    """All trained weights and biases, embeddings and softmax included, for 793,470 words."""
    config = Config(**configuration.resolve(PAPER, experiment, "paper"))
    with torch.device("meta"):
        spelling = torch.empty(793_470, config.longest_word, dtype=torch.int16)
        module = LanguageModel(config, spelling)
        if config.output == "characters":
            module = CharacterPredictor(config, spelling, module.network)
    size = sum(weight.numel() for weight in module.parameters()) / 1e9
    published, tolerance = PUBLISHED[experiment]
    assert size == pytest.approx(published, rel=tolerance)


def test_every_network_of_the_paper_is_checked():
    names = [name for name in configuration.experiments(PAPER, "paper") if name != "kn5"]
    assert set(names) == set(PUBLISHED)


def test_body_of_big_lstm():
    """151 million weights without embeddings and softmax."""
    config = Config(**configuration.resolve(PAPER, "big_lstm", "paper"))
    with torch.device("meta"):
        layers = LSTMLanguageModel(config, torch.empty(10, 50, dtype=torch.int16)).layers
    assert sum(weight.numel() for weight in layers.parameters()) / 1e6 == pytest.approx(151, rel=0.01)


@pytest.mark.parametrize("experiment", ["lstm_2048", "big_lstm", "big_lstm_cnn", "cnn_softmax_corrected"])
def test_state_is_carried_from_window_to_window(experiment):
    torch.manual_seed(1)
    correction = {"correction": 2} if "corrected" in experiment else {}
    network = LSTMLanguageModel(config_of(experiment, **correction), spell(WORDS))
    words = torch.randint(len(WORDS), (9, 2))
    whole, end = network(words, network.initial(2))
    first, state = network(words[:4], network.initial(2))
    second, other_end = network(words[4:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    torch.testing.assert_close(end, other_end)
    assert len(state) == 2 * len(network.layers) and not any(part.requires_grad for part in state)
    log_p = network.output.log_probabilities(whole.flatten(0, 1))
    torch.testing.assert_close(log_p.logsumexp(1), torch.zeros(18), atol=1e-5, rtol=0)


def test_dropout_is_before_and_after_every_layer():
    torch.manual_seed(1)
    network = LSTMLanguageModel(config_of("big_lstm", dropout=0.5), spell(WORDS))
    calls = []
    network.dropout.register_forward_hook(lambda module, inputs, output: calls.append(output))
    words = torch.randint(len(WORDS), (3, 2))
    on, state = network(words, network.initial(2))
    assert len(calls) == 3 and (on == 0).float().mean() > 0.2
    off = LSTMLanguageModel(config_of("big_lstm"), spell(WORDS))
    off.load_state_dict(network.state_dict())
    torch.testing.assert_close(network.eval()(words, network.initial(2))[0], off(words, off.initial(2))[0])
    assert not torch.allclose(on, network(words, network.initial(2))[0])


def test_embedding_gradients_are_scaled_and_no_others():
    gradients = {}
    for scale in (1, 8):
        torch.manual_seed(1)
        network = LSTMLanguageModel(config_of(embedding_scale=scale), spell(WORDS))
        words = torch.tensor([[1, 2], [3, 4]])
        hidden, _ = network(words, network.initial(2))
        network.output(hidden.flatten(0, 1), words.flatten()).sum().backward()
        gradients[scale] = network.inputs.weight.grad.to_dense(), network.layers[0].recurrent.grad
    torch.testing.assert_close(gradients[8], (8 * gradients[1][0], gradients[1][1]))


def test_only_the_lstm_is_clipped():
    found = {}
    for clip in (None, 0.01):
        torch.manual_seed(1)
        module = LanguageModel(config_of("big_lstm_cnn", clip_norm=clip), spell(WORDS))
        words = torch.randint(len(WORDS), (6, 3), generator=torch.Generator().manual_seed(1))
        nll, _ = module.scorer()(words, words, module.network.initial(3))
        nll.sum().backward()
        module.on_before_optimizer_step(None)
        found[clip] = {name: weight.grad.to_dense().clone() for name, weight in module.named_parameters()}
    lstm = [name for name in found[None] if ".layers." in name]
    norm = torch.stack([found[0.01][name].norm() for name in lstm]).norm()
    assert norm.item() == pytest.approx(0.01, rel=1e-3)
    for name, gradient in found[None].items():
        assert torch.equal(gradient, found[0.01][name]) == (name not in lstm)


def test_each_part_learns_at_its_own_rate():
    config = config_of("cnn_softmax_corrected", correction=2, lr=0.2, cnn_softmax_lr=0.01, cnn_input_lr=0.1)
    module = LanguageModel(config, spell(WORDS))
    rate = {id(weight): group["lr"] for group in module.parameter_groups() for weight in group["params"]}
    assert len(rate) == len(list(module.parameters()))
    network = module.network
    assert rate[id(network.output.correction.weight)] == rate[id(network.layers[0].input)] == 0.2
    assert rate[id(network.output.characters.cnn.linear.weight)] == rate[id(network.output.mix.weight)] == 0.01
    assert rate[id(network.inputs.cnn.linear.weight)] == 0.1


# --- the character LSTM


def literal_spelling(model, hidden, word):
    """One word, one symbol after another."""
    row = model.spelling[word].tolist()
    nats, state = 0.0, None
    for read, written in zip(row[:-1], row[1:], strict=True):
        if written == 0:
            break
        x = torch.cat([model.embedding.weight[read], hidden])
        found, state = model.lstm(x.view(1, 1, -1), state)
        nats -= torch.log_softmax(model.linear(found[0, 0]), 0)[written]
    return nats


def test_a_word_is_spelled_symbol_by_symbol():
    torch.manual_seed(1)
    model = CharacterLSTM(config_of(), spell(WORDS))
    hidden, targets = torch.randn(4, 5), torch.tensor([9, 3, 0, 3])
    expected = torch.stack([literal_spelling(model, h, word) for h, word in zip(hidden, targets, strict=True)])
    torch.testing.assert_close(model(hidden, targets), expected)


def test_words_have_less_than_all_of_the_probability():
    torch.manual_seed(1)
    model = CharacterLSTM(config_of(), spell(WORDS))
    p = torch.exp(-model(torch.randn(1, 5).expand(len(WORDS), -1), torch.arange(len(WORDS))))
    assert 0 < p.sum() < 1


def test_the_word_network_is_frozen_below_it():
    config = config_of("character_lstm", dropout=0.5)
    words = LanguageModel(config, spell(WORDS))
    module = CharacterPredictor(config, spell(WORDS), words.network).train()
    assert not module.network.training and module.characters.training
    nats, _ = module.nats_to_learn(torch.tensor([[1, 2]]), torch.tensor([[3, 4]]), module.network.initial(2))
    nats.sum().backward()
    assert all(weight.grad is None for weight in module.network.parameters())
    assert all(weight.grad is not None for weight in module.characters.parameters())


def test_settings_that_contradict_each_other_are_refused():
    with pytest.raises(UserError, match="a projection of 8 units is larger than its 7 cells"):
        config_of(projection=8)
    with pytest.raises(UserError, match="a correction belongs to the CNN softmax"):
        config_of(correction=3)
