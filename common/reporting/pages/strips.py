"""Small inline SVG: every seed a dot, the interval a bar, the number it is held against a tick."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from common.reporting.text import NOTHING, number
from common.reporting.verdicts.decisions import Part

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
        """Where ``value`` lies in a strip; beyond the range, at its end."""
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
    middle = HEIGHT / 2
    parts = []
    if allowed:
        start = 0.0 if math.isinf(allowed[0]) else axis.place(allowed[0])
        end = float(WIDTH) if math.isinf(allowed[1]) else axis.place(allowed[1])
        parts.append(f'<rect class="side" x="{start}" y="1" width="{end - start:.1f}" height="{HEIGHT - 2}"/>')
    parts.append(f'<line class="base" x1="0" y1="{middle}" x2="{WIDTH}" y2="{middle}"/>')
    if line is not None:
        x = axis.place(line)
        parts.append(f'<line class="tick" x1="{x}" y1="2" x2="{x}" y2="{HEIGHT - 2}"/>')
    low, high = interval
    if low is not None and high is not None:
        start, end = axis.place(low), axis.place(high)
        size = f'width="{max(end - start, 1):.1f}" height="7"'
        parts.append(f'<rect class="ci" x="{start}" y="{middle - 3.5}" rx="3" {size}/>')
    for value in values.values():
        parts.append(f'<circle class="seed" cx="{axis.place(value)}" cy="{middle}" r="3.2"/>')
    if median is not None:
        x = axis.place(median)
        parts.append(f'<line class="median" x1="{x}" y1="{middle - 6}" x2="{x}" y2="{middle + 6}"/>')
    kind = "strip many" if len(values) > MANY else "strip"
    head = '<svg class="{}" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
    return Markup(head).format(kind, WIDTH, HEIGHT, WIDTH, HEIGHT, label) + Markup("".join(parts) + "</svg>")


def effect_strip(part: Part) -> Markup:
    """The quantity that decides a claim, against what the claim allows. ``part`` must have an effect."""
    effect = part.effect
    shown = [*effect.values.values(), effect.low, effect.high, part.line, *part.allowed]
    axis = RATES if effect.is_rate else domain(shown)
    label = f"{effect.label}: {effect.show(effect.mean)}, held against {number(part.line)}"
    return strip(effect.values, (effect.low, effect.high), part.line, axis, label, part.allowed)
