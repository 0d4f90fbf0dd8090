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
        (0.00012345, None, "0.000123"),
        (1e-10, None, "0"),
        (-1e-10, None, "0"),
        (1_273_000, None, "1 273 000"),
        (0.0, None, "0"),
        (None, None, "–"),
        (float("inf"), None, "inf"),
    ],
)
def test_number(value, scale, shown):
    assert text.number(value, scale) == shown


@pytest.mark.parametrize(
    "value, shown",
    [(-12.56, "−12.6"), (0.0004, "+0.000400"), (0.0, "0"), (3.0, "+3.00"), (1.9e-10, "0"), (-4567.0, "−4 567")],
)
def test_signed(value, shown):
    assert text.signed(value) == shown


@pytest.mark.parametrize(
    "value, shown",
    [(39740, "39 740"), (1_273_000.0, "1 273 000"), (0.000078, "0.000078"), (124.70, "124.7"), (0, "0"), (-3.0, "−3")],
)
def test_printed_numbers_keep_their_digits(value, shown):
    assert text.printed(value) == shown


@pytest.mark.parametrize(
    "rate, shown", [(0, "0 %"), (1, "100 %"), (0.97, "97 %"), (0.692, "69 %"), (0.9975, "99.8 %"), (0.001, "0.1 %")]
)
def test_a_rate_says_always_only_when_it_is_always(rate, shown):
    assert text.percent(rate) == shown


def test_shares():
    assert [text.share(27, 30), text.share(30, 30), text.share(3, 1)] == ["27 of 30", "30", "3"]
    assert [text.several("1", "trial"), text.several("27 of 30", "trial")] == ["1 trial", "27 of 30 trials"]


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
