import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from common.output import within_class
from common.output.class_factorised import ClassFactorised, _WordGivenClass, frequency_classes, word_given_class
from common.output.full import FullSoftmax

COUNTS = np.array([50, 20, 9, 8, 5, 3, 2, 1, 1, 1])


def layer(counts=COUNTS, classes=4, hidden=3):
    torch.manual_seed(1)
    output = ClassFactorised(hidden, counts, classes).double()
    for weight in output.parameters():
        torch.nn.init.normal_(weight)
    return output


def tokens(words, number=12, hidden=3):
    draw = torch.Generator().manual_seed(number)
    return (
        torch.randn(number, hidden, generator=draw, dtype=torch.float64),
        torch.randint(words, (number,), generator=draw),
    )


def literal(output, starts, hidden, targets):
    """-log P(c | s) - log P(w | c, s), token by token."""
    losses = []
    for state, word in zip(hidden, targets.tolist(), strict=True):
        of = max(c for c, start in enumerate(starts[:-1]) if start <= word)
        low, high = starts[of], starts[of + 1]
        losses.append(
            F.cross_entropy(output.class_weight @ state, torch.tensor(of))
            + F.cross_entropy(output.word_weight[low:high] @ state, torch.tensor(word - low))
        )
    return torch.stack(losses)


# --- which words make a class


def test_classes_by_hand():
    """Half of all tokens are the first word; 50, 70 and 79 % are more than 1/4, 2/4 and 3/4."""
    assert frequency_classes(COUNTS, 1).tolist() == [0, 10]
    assert frequency_classes(COUNTS, 4).tolist() == [0, 1, 2, 3, 10]
    assert frequency_classes(COUNTS, 10).tolist() == list(range(11))
    assert frequency_classes(np.ones(6), 3).tolist() == [0, 3, 5, 6]  # 2/6 does not exceed 1/3


@settings(deadline=None, derandomize=True)
@given(st.data(), st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_classes_cut_the_mass_into_equal_parts(data, counts):
    counts = np.sort(counts)[::-1]
    classes = data.draw(st.integers(1, len(counts)))
    starts = frequency_classes(counts, classes)
    assert starts[0] == 0 and starts[-1] == len(counts) and np.all(np.diff(starts) > 0)
    assert len(starts) - 1 <= classes
    if classes == len(counts):
        return
    for c in range(1, len(starts) - 1):
        read = counts[: starts[c]].sum() / max(counts.sum(), 1)
        without_last = counts[: starts[c] - 1].sum() / max(counts.sum(), 1)
        assert read > c / classes - 1e-12
        assert without_last <= c / classes + 1e-12 or starts[c] == starts[c - 1] + 1


@pytest.mark.parametrize(
    "counts, classes, message",
    [([1, 2], 1, "sorted by falling frequency"), ([2, 1], 0, "choose 1..2"), ([2, 1], 3, "choose 1..2")],
)
def test_wrong_classes(counts, classes, message):
    with pytest.raises(ValueError, match=message):
        frequency_classes(np.array(counts), classes)


# --- the two softmaxes


@pytest.mark.parametrize("classes", [1, 2, 4, 7, 10])
def test_equals_the_definition(classes):
    output, (hidden, targets) = layer(classes=classes), tokens(10)
    hidden.requires_grad_()
    found, expected = output(hidden, targets), literal(output, frequency_classes(COUNTS, classes), hidden, targets)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    scale = torch.linspace(-1, 2, len(hidden), dtype=torch.float64)
    wanted = [hidden, *output.parameters()]
    found, expected = (torch.autograd.grad(scale @ loss, wanted, materialize_grads=True) for loss in (found, expected))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("classes", [1, 2, 4, 7, 10])
def test_machine_code_equals_one_product_with_all_words(classes):
    output, (hidden, targets) = layer(classes=classes), tokens(10)
    of, order = output.class_of[targets].sort()
    hidden, targets, weight = hidden[order].requires_grad_(), targets[order], output.word_weight
    count = of.bincount(minlength=len(output.starts) - 1).numpy()
    found = _WordGivenClass.apply(hidden, weight, targets, count, output.starts)
    expected = word_given_class(hidden, weight, targets, of, output.class_of)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    scale = torch.linspace(-1, 2, len(hidden), dtype=torch.float64)
    found, expected = (torch.autograd.grad(scale @ loss, [hidden, weight]) for loss in (found, expected))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


def test_large_classes_are_cut_into_several_products():
    counts, hidden = np.ones(300), 200
    output = layer(counts, classes=2, hidden=hidden)
    state, targets = tokens(300, 40, hidden)
    state.requires_grad_()
    starts = frequency_classes(counts, 2)
    assert max(np.diff(starts)) * 20 * hidden > 2 * within_class.ONE_THREAD
    found, expected = output(state, targets), literal(output, starts, state, targets)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    found, expected = (torch.autograd.grad(loss.sum(), [state, output.word_weight]) for loss in (found, expected))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_gradcheck():
    output, (hidden, targets) = layer(), tokens(10, 6)

    def loss(hidden, classes, words):
        return torch.func.functional_call(output, {"class_weight": classes, "word_weight": words}, (hidden, targets))

    assert torch.autograd.gradcheck(loss, [hidden.requires_grad_(), output.class_weight, output.word_weight])


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.data(), st.lists(st.integers(0, 50), min_size=1, max_size=20))
def test_probabilities_sum_to_one_and_are_those_of_the_loss(data, counts):
    counts = np.sort(counts)[::-1]
    output = layer(counts, data.draw(st.integers(1, len(counts))))
    hidden, targets = tokens(len(counts), 5)
    log_p = output.log_probabilities(hidden)
    torch.testing.assert_close(log_p.exp().sum(1), torch.ones(5, dtype=torch.float64))
    torch.testing.assert_close(output(hidden, targets), -log_p.gather(1, targets.unsqueeze(1)).squeeze(1))


def test_one_class_is_the_full_softmax():
    output, (hidden, targets) = layer(classes=1), tokens(10)
    full = FullSoftmax(3, 10).double()
    full.load_state_dict({"weight": output.word_weight})
    torch.testing.assert_close(output(hidden, targets), full(hidden, targets), rtol=1e-10, atol=1e-10)


def test_the_order_of_tokens_does_not_matter():
    output, (hidden, targets) = layer(), tokens(10)
    order = torch.randperm(len(targets), generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(
        output(hidden[order], targets[order]), output(hidden, targets)[order], rtol=1e-12, atol=1e-12
    )


def test_autocast_leaves_it_near():
    output, (hidden, targets) = layer().float(), tokens(10)
    with torch.autocast("cpu", torch.bfloat16):
        found = output(hidden.float(), targets)
    torch.testing.assert_close(found, output(hidden.float(), targets), rtol=0.05, atol=0.05)
    found.sum().backward()
    assert output.word_weight.grad.isfinite().all()
