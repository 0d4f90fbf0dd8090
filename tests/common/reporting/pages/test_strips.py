import math
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from common.reporting.pages.strips import PAD, WIDTH, Axis, domain, effect_strip, strip
from common.reporting.verdicts.decisions import Part
from common.reporting.verdicts.effects import Effect

finite = some.floats(-1e6, 1e6)


def marks(svg, kind):
    return [part for part in ElementTree.fromstring(str(svg)) if part.get("class") == kind]


@given(some.lists(finite, min_size=1))
@example([5e-324])
@example([1e6, math.nextafter(1e6, 0)])
def test_the_domain_encloses_its_values(values):
    axis = domain(values)
    assert axis.low < axis.high and all(axis.low <= value <= axis.high for value in values)


def test_the_domain_has_round_ends():
    assert domain([97.2, 165.3, None]) == Axis(95.0, 170.0)
    assert domain([]) == Axis(0.0, 1.0)
    assert domain([-math.inf, 2.0, 4.0]) == domain([2.0, 4.0])


def test_rounding_is_not_drawn_as_a_spread():
    effect = Effect("a − b", {"1": -1e-17, "2": 2e-17}, 0.0, -3e-17, 4e-17, exact=False, basis="2 seeds")
    svg = effect_strip(Part("a − b = 0 (95 % interval 0 to 0)", effect, 0.0, (0.0, math.inf)))
    assert {dot.get("cx") for dot in marks(svg, "seed")} == {str(WIDTH / 2)}
    assert [float(bar.get("width")) for bar in marks(svg, "ci")] == [1.0]


def test_skewed_numbers_that_span_much_share_a_logarithmic_axis():
    axis = domain([1000.0, 2000.0, 100_000.0], skewed=True)
    assert (axis.low, axis.high, axis.logarithmic) == (900.0, 200_000.0, True)
    assert axis.place(10_000) - axis.place(1000) == pytest.approx(axis.place(100_000) - axis.place(10_000), abs=0.2)
    assert not domain([1000.0, 20_000.0], skewed=True).logarithmic
    assert not domain([0.0, 20_000.0], skewed=True).logarithmic
    assert not domain([1000.0, 100_000.0]).logarithmic


def test_a_rate_lies_on_an_axis_from_never_to_always():
    effect = Effect("a (solved)", {"": 0.5}, 0.5, 0.3, 0.7, exact=False, basis="", is_rate=True)
    svg = effect_strip(Part("", effect, 0.75, (0.75, math.inf)))
    assert [float(dot.get("cx")) for dot in marks(svg, "seed")] == [WIDTH / 2]
    assert float(marks(svg, "tick")[0].get("x1")) == PAD + 0.75 * (WIDTH - 2 * PAD)


def test_a_median_is_marked_and_many_dots_are_pale():
    svg = strip({str(n): float(n) for n in range(30)}, (9.0, 19.0), None, Axis(0.0, 29.0), "x", median=14.5)
    (line,) = marks(svg, "median")
    assert float(line.get("x1")) == WIDTH / 2
    assert ElementTree.fromstring(str(svg)).get("class") == "strip many"


def test_every_seed_is_a_dot_at_its_place():
    svg = strip({"1": 0.0, "2": 5.0, "3": 10.0}, (2.5, 7.5), 10.0, Axis(0.0, 10.0), 'a "label" & more')
    middle = (WIDTH) / 2
    assert [float(dot.get("cx")) for dot in marks(svg, "seed")] == [PAD, middle, WIDTH - PAD]
    (bar,), (tick,) = marks(svg, "ci"), marks(svg, "tick")
    inner = WIDTH - 2 * PAD
    assert float(bar.get("x")) == pytest.approx(PAD + inner / 4, abs=0.1)
    assert float(bar.get("width")) == pytest.approx(inner / 2, abs=0.1)
    assert float(tick.get("x1")) == WIDTH - PAD
    assert ElementTree.fromstring(str(svg)).get("aria-label") == 'a "label" & more'


def test_what_is_unknown_is_not_drawn():
    svg = strip({"1": 1.0}, (None, None), None, Axis(0.0, 2.0), "x")
    assert not marks(svg, "ci") and not marks(svg, "tick") and not marks(svg, "side")


@pytest.mark.parametrize("allowed", [(-math.inf, 0.0), (0.0, math.inf), (-1.0, 1.0)])
def test_what_a_claim_allows_is_shaded(allowed):
    effect = Effect("a − b", {"1": -2.0, "2": 2.0}, 0.0, -3.0, 3.0, exact=False, basis="2 seeds")
    (side,) = marks(effect_strip(Part("a − b = 0", effect, 0.0, allowed)), "side")
    start, end = float(side.get("x")), float(side.get("x")) + float(side.get("width"))
    middle = WIDTH / 2
    assert (start == 0) == math.isinf(allowed[0]) and (end == WIDTH) == math.isinf(allowed[1])
    assert start <= middle <= end
