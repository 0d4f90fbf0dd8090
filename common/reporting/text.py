"""How numbers are written in every report."""

import math
from decimal import Decimal
from statistics import fmean

NOTHING = 1e-9  # what is smaller is the rounding of larger numbers, never a result


def decimals(scale: float, digits: int = 4) -> int:
    """Digits after the point that show so many significant ``digits`` of ``scale``."""
    if scale == 0 or not math.isfinite(scale):
        return 0
    return max(0, digits - 1 - math.floor(math.log10(abs(scale))))


def grouped(value: float | Decimal, form: str) -> str:
    """A number of a ``form`` such as ``.2f``, in groups of three, with a true minus."""
    return f"{value:,{form}}".replace(",", " ").replace("-", "−")


def number(value: float | None, scale: float | None = None) -> str:
    """Four significant digits (three below 0.01), of ``scale`` where a column shares one; an en dash for nothing."""
    if value is None:
        return "–"
    if abs(value) < NOTHING:
        return "0"
    size = value if scale is None else scale
    return grouped(value, f".{decimals(size, 4 if abs(size) >= 0.01 else 3)}f")


def signed(value: float, scale: float | None = None) -> str:
    """With its sign and three significant digits: a difference; 0 where nothing but rounding is left."""
    if abs(value) < NOTHING:
        return "0"
    places = decimals(value if scale is None else scale, 3)
    return ("+" if round(value, places) > 0 else "") + grouped(value, f".{places}f")


def printed(value: float) -> str:
    """A number as a paper prints it: every digit, large ones in groups of three."""
    return grouped(Decimal(repr(float(value))), "f").removesuffix(".0")


def percent(rate: float) -> str:
    """A rate in whole per cents; with a decimal where 0 or 100 would say never or always."""
    shown = f"{100 * rate:.0f}"
    return (f"{100 * rate:.1f}" if shown in ("0", "100") and 0 < rate < 1 else shown) + " %"


def share(count: int, of: int) -> str:
    """``27 of 30``, or ``30`` where none is missing."""
    return f"{count} of {of}" if count < of else str(count)


def several(count: int | str, thing: str) -> str:
    """``1 trial``, ``2 000 trials``; a count may be in words, ``27 of 30``."""
    shown = count if isinstance(count, str) else grouped(count, "d")
    return f"{shown} {thing}{'' if shown == '1' else 's'}"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def count(value: float | None) -> str:
    """4.0 M, 114.7 k, 812: a number of parameters or words."""
    if value is None:
        return "–"
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:.3g}{letter}" if value / size < 1000 else f"{value / size:.0f}{letter}"
    return f"{value:.0f}"


def average(values: dict[str, float]) -> float | None:
    return fmean(values.values()) if values else None


def memory(megabytes: float | None) -> str:
    if megabytes is None:
        return "–"
    return f"{megabytes / 1024:.1f} GiB" if megabytes >= 1024 else f"{megabytes:.0f} MiB"


def short(digest: str | None) -> str:
    """The first characters of a commit or a fingerprint."""
    return digest[:10] if digest else "–"


def setting(value: object) -> str:
    """A value of params.yaml on one line."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {setting(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(setting(inner) for inner in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
