import pytest

from common.reporting import text


@pytest.mark.parametrize(
    "value, scale, shown",
    [
        (141.19, None, "141.2"),
        (7.46, None, "7.460"),
        (0.0312, None, "0.03120"),
        (12345.6, None, "12 346"),
        (-1.5, None, "−1.500"),
        (97.36, 124.7, "97.4"),
        (0.0, None, "0"),
        (None, None, "–"),
        (float("inf"), None, "inf"),
    ],
)
def test_number(value, scale, shown):
    assert text.number(value, scale) == shown


@pytest.mark.parametrize(
    "value, shown", [(-12.56, "−12.6"), (0.0004, "+0.000400"), (0.0, "0"), (3.0, "+3.00")]
)
def test_signed(value, shown):
    assert text.signed(value) == shown


@pytest.mark.parametrize(
    "seconds, shown",
    [(0.25, "0.2 s"), (59.4, "59 s"), (119, "2 min"), (700.1, "12 min"), (7200, "2 h 00 min"), (None, "–")],
)
def test_duration(seconds, shown):
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    "value, shown", [(812, "812"), (114_662, "115 k"), (4_040_000, "4.04 M"), (1.04e9, "1.04 G"), (None, "–")]
)
def test_count(value, shown):
    assert text.count(value) == shown


def test_settings_read_like_a_sentence():
    assert text.setting({"name": "sgd", "lr": 0.7, "clip": None}) == "name sgd, lr 0.7, clip none"
    assert text.setting([1, 2, 3]) == "1, 2, 3" and text.setting([]) == "none"
    assert text.setting(True) == "yes" and text.setting(False) == "no"
