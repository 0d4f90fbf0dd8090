"""Small inline SVG: every seed a dot, the interval a bar, the number it is held against a tick."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from common.reporting.pages.environment import environment
from common.reporting.text import NOTHING, number
from common.reporting.verdicts.decisions import Part

SVG = environment().get_template("strip.svg.j2")
WIDTH, HEIGHT, PAD = 240, 22, 7
MANY = 8  # dots that lie upon each other are drawn paler
LOGARITHMIC = 30  # numbers that differ by more than this factor share a logarithmic axis


@dataclass(frozen=True)
class Axis:
    """The range that strips share."""

    low: float
    high: float
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where ``value`` lies in a strip; beyond the range, at its end; infinite, at the edge."""
        if math.isinf(value):
            return 0.0 if value < 0 else float(WIDTH)
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.logarithmic:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return round(PAD + (at - low) / (high - low) * (WIDTH - 2 * PAD), 1)


RATES = Axis(0.0, 1.0)


def domain(values: Iterable[float | None], skewed: bool = False) -> Axis:
    """Round numbers that enclose all ``values``; (0, 1) for none. Logarithmic where ``skewed`` ones span much.

    What is left of 0 by rounding is 0 and spans nothing.
    """
    known = [0.0 if abs(value) < NOTHING else value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return Axis(0.0, 1.0)
    low, high = min(known), max(known)
    if skewed and low > 0 and high > LOGARITHMIC * low:
        return Axis(_round(0.9 * low, math.floor), _round(1.1 * high, math.ceil), logarithmic=True)
    span = high - low or abs(high) or 1.0
    span = max(span, 1e-9 * abs(low), 1e-9 * abs(high), 1e-300)  # finer steps would be lost in rounding
    step = 10 ** math.floor(math.log10(span)) / 2
    # A value on the border would be cut: leave a little room before rounding outwards.
    return Axis(math.floor((low - 0.03 * span) / step) * step, math.ceil((high + 0.03 * span) / step) * step)


def _round(value: float, outwards: Callable[[float], int]) -> float:
    """The next number with one digit."""
    step = 10 ** math.floor(math.log10(value))
    return outwards(value / step) * step


def strip(
    values: Mapping[str, float],
    interval: tuple[float | None, float | None],
    line: float | None,
    axis: Axis,
    label: str,
    allowed: tuple[float, float] | None = None,
    median: float | None = None,
) -> Markup:
    """An SVG of ``values`` on ``axis``, with the ``allowed`` range shaded and the ``median`` marked."""
    low, high = interval
    drawn = SVG.render(values=values.values(), low=low, high=high, line=line, axis=axis, label=label, allowed=allowed,
                       median=median, width=WIDTH, height=HEIGHT, many=MANY)  # fmt: skip
    return Markup(drawn.strip())


def effect_strip(part: Part) -> Markup:
    """The quantity that decides a claim, against what the claim allows. ``part`` must have an effect."""
    effect = part.effect
    shown = [*effect.values.values(), effect.low, effect.high, part.line, *part.allowed]
    axis = RATES if effect.is_rate else domain(shown)
    label = f"{effect.label}: {effect.show(effect.mean)}, held against {number(part.line)}"
    return strip(effect.values, (effect.low, effect.high), part.line, axis, label, part.allowed)
