"""Small inline SVG: every seed a dot, the interval a bar, the number it is held against a tick."""

import math
from collections.abc import Iterable, Mapping

from markupsafe import Markup

from common.reporting.claims import Effect
from common.reporting.text import number

WIDTH, HEIGHT, PAD = 240, 22, 7


def domain(values: Iterable[float | None]) -> tuple[float, float]:
    """Round numbers that enclose all ``values``; (0, 1) for none."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    span = high - low or abs(high) or 1.0
    step = 10 ** math.floor(math.log10(span)) / 2
    # A value on the border would be cut: leave a little room before rounding outwards.
    return math.floor((low - 0.03 * span) / step) * step, math.ceil((high + 0.03 * span) / step) * step


def _place(value: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return round(PAD + (min(max(value, low), high) - low) / (high - low) * (WIDTH - 2 * PAD), 1)


def strip(
    values: Mapping[str, float],
    interval: tuple[float | None, float | None],
    line: float | None,
    bounds: tuple[float, float],
    label: str,
    allowed: tuple[float, float] | None = None,
) -> Markup:
    """An SVG of ``values`` between ``bounds``, with the ``allowed`` range shaded."""
    middle = HEIGHT / 2
    parts = []
    if allowed:
        start = 0.0 if math.isinf(allowed[0]) else _place(allowed[0], bounds)
        end = float(WIDTH) if math.isinf(allowed[1]) else _place(allowed[1], bounds)
        parts.append(
            f'<rect class="side" x="{start}" y="1" width="{end - start:.1f}" height="{HEIGHT - 2}"/>'
        )
    parts.append(f'<line class="base" x1="0" y1="{middle}" x2="{WIDTH}" y2="{middle}"/>')
    if line is not None:
        x = _place(line, bounds)
        parts.append(f'<line class="tick" x1="{x}" y1="2" x2="{x}" y2="{HEIGHT - 2}"/>')
    low, high = interval
    if low is not None and high is not None:
        start, end = _place(low, bounds), _place(high, bounds)
        size = f'width="{max(end - start, 1):.1f}" height="7"'
        parts.append(f'<rect class="ci" x="{start}" y="{middle - 3.5}" rx="3" {size}/>')
    for value in values.values():
        parts.append(f'<circle class="seed" cx="{_place(value, bounds)}" cy="{middle}" r="3.2"/>')
    head = '<svg class="strip" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
    return Markup(head).format(WIDTH, HEIGHT, WIDTH, HEIGHT, label) + Markup("".join(parts) + "</svg>")


def effect_strip(effect: Effect) -> Markup:
    """The quantity that decides a claim, against what the claim allows."""
    shown = [*effect.values.values(), effect.low, effect.high, effect.line, *effect.allowed]
    label = f"{effect.label}: {number(effect.mean)}, held against {number(effect.line)}"
    interval = (effect.low, effect.high)
    return strip(effect.values, interval, effect.line, domain(shown), label, effect.allowed)
