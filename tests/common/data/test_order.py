import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.data.order import Loader, batch_count, by_length
from common.errors import UserError


def numbered(count: int) -> Loader:
    """Batches that are told from those of another epoch."""
    return Loader(count, lambda epoch: range(100 * epoch, 100 * epoch + count), lambda planned: planned)


def test_an_epoch_decides_what_its_batches_are():
    loader = numbered(3)
    assert list(loader) == list(loader) == [0, 1, 2]  # nobody said that another one begins
    loader.set_epoch(2)
    assert list(loader) == [200, 201, 202] and len(loader) == 3


@given(st.integers(1, 6), st.integers(0, 3), st.data())
def test_it_goes_on_where_it_was(count, epoch, data):
    loader = numbered(count)
    loader.set_epoch(epoch)
    batches, read = iter(loader), data.draw(st.integers(0, count - 1))
    before = [next(batches) for _ in range(read)]
    again = numbered(count)
    again.load_state_dict(loader.state_dict())
    assert before + list(again) == [100 * epoch + n for n in range(count)]


@given(st.integers(1, 200), st.integers(1, 30), st.integers(1, 4))
def test_batches_are_nearly_equal_and_never_too_small_to_share(examples, batch_size, world):
    try:
        count = batch_count(examples, batch_size, world, "pairs")
    except UserError as error:
        assert "cannot be shared by" in str(error)
        assert min(len(part) for part in np.array_split(np.arange(examples), -(-examples // batch_size))) < world
        return
    sizes = [len(part) for part in np.array_split(np.arange(examples), count)]
    assert max(sizes) <= batch_size and min(sizes) >= world


def test_no_examples():
    with pytest.raises(UserError, match="0 pairs in batches of 5 cannot be shared by 1 processes"):
        batch_count(0, 5, 1, "pairs")


@given(st.lists(st.integers(1, 9), min_size=1, max_size=60), st.integers(1, 8), st.integers(1, 3), st.integers(0, 2))
def test_every_example_once_in_an_order_of_seed_and_epoch(lengths, count, pool, epoch):
    lengths = np.array(lengths)
    count = min(count, len(lengths))
    batches = by_length((lengths,), count, pool, 1, epoch)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert max(map(len, batches)) - min(map(len, batches)) <= 1
    again = by_length((lengths,), count, pool, 1, epoch)
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))


def test_alike_lengths_stand_together_and_epochs_differ():
    lengths = np.random.default_rng(1).integers(1, 50, 400)
    for pool in (1, 40):
        spread = np.mean([np.ptp(lengths[batch]) for batch in by_length((lengths,), 40, pool, 1, 0)])
        assert (spread < 3) == (pool == 40)
    first, second = (np.concatenate(by_length((lengths,), 40, 40, 1, epoch)) for epoch in (0, 1))
    assert not np.array_equal(first, second)
