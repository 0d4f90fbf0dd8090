"""Words as characters."""

import pytest
import torch

from common.errors import UserError
from common.text.characters import BEGIN, END, FIRST, PAD, CharacterCNN, CharacterInputs, Highway, spell


def test_spelling_is_bytes_between_marks():
    found = spell(["ab", "é"], 6)
    assert found.tolist() == [
        [BEGIN, FIRST + 97, FIRST + 98, END, PAD, PAD],
        [BEGIN, FIRST + 0xC3, FIRST + 0xA9, END, PAD, PAD],
    ]


def test_a_word_that_is_too_long_is_named():
    assert spell(["x" * 48]).shape == (1, 50)
    with pytest.raises(
        UserError,
        match="the word 'xxx.*' has 49 bytes; with its begin and end marks it does not fit into 50: raise longest_word",
    ):
        spell(["ok", "x" * 49])


def literal(cnn, word):
    """One word, one filter at a time: Kim et al. (2016), equations 5 to 8."""
    symbols = [BEGIN, *(FIRST + byte for byte in word.encode()), END]
    symbols += [PAD] * (cnn.widest - len(symbols))
    x = cnn.embedding.weight[symbols]
    features = []
    length = len(word.encode()) + 2
    for convolution in cnn.convolutions:
        width = convolution.kernel_size[0]
        starts = range(max(length - width, 0) + 1)
        for weight, bias in zip(convolution.weight, convolution.bias, strict=True):
            features.append(torch.stack([(x[i : i + width].t() * weight).sum() + bias for i in starts]).max().tanh())
    y = torch.stack(features)
    for highway in cnn.highways:
        t = torch.sigmoid(highway.gate(y))
        y = t * torch.relu(highway.transform(y)) + (1 - t) * y
    return cnn.linear(y)


def network():
    torch.manual_seed(1)
    return CharacterCNN([(1, 2), (3, 3), (5, 2)], 4, 2, 6).double()


def test_network_equals_the_equations_for_short_and_long_words():
    cnn, words = network(), ["a", "ab", "sleeps", "unbelievably"]
    found = cnn(spell(words))
    torch.testing.assert_close(found, torch.stack([literal(cnn, word) for word in words]))


def test_other_words_and_padding_change_nothing():
    cnn = network()
    together = cnn(spell(["a", "a longer one"]))[0]
    torch.testing.assert_close(together, cnn(spell(["a"]))[0])
    torch.testing.assert_close(together, cnn(spell(["a"], 4))[0])


def test_highway_starts_by_letting_most_through():
    layer, x = Highway(5), torch.randn(3, 5)
    assert (torch.sigmoid(layer.gate.bias) < 0.12).all()
    with torch.no_grad():
        layer.gate.bias.fill_(-100)
    torch.testing.assert_close(layer(x), x)


def test_inputs_read_each_word_once():
    calls = []
    cnn = network()
    inputs = CharacterInputs(spell(["a", "b", "c"]), cnn)
    cnn.register_forward_pre_hook(lambda module, arguments: calls.append(len(arguments[0])))
    found = inputs(torch.tensor([2, 0, 2, 2]))
    assert calls == [2] and torch.equal(found[0], found[2]) and not torch.equal(found[0], found[1])


def test_standardised_vectors_start_like_embeddings():
    cnn = network()
    spelling = spell([f"{first}{second}" for first in "abcdefgh" for second in ("", "s", "ly", "ness")])
    before = cnn(spelling)
    cnn.standardise(spelling)
    after = cnn(spelling)
    torch.testing.assert_close(after.mean(0), torch.zeros(6, dtype=torch.float64), atol=1e-6, rtol=0)
    assert abs(after.std(0).mean().item() - 6**-0.5) < 1e-6
    correlation = torch.corrcoef(torch.stack([before[:, 0], after[:, 0]]))[0, 1]
    assert correlation.item() > 0.999  # the same but for place and size
