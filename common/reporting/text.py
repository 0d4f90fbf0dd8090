"""How numbers are written in every report."""

import math


def decimals(scale: float) -> int:
    """Digits after the point that show four significant digits of ``scale``."""
    return 0 if scale == 0 or not math.isfinite(scale) else max(0, 3 - math.floor(math.log10(abs(scale))))


def number(value: float | None, scale: float | None = None) -> str:
    """Four significant digits, of ``scale`` where a column of numbers shares one; an en dash for nothing."""
    if value is None:
        return "–"
    shown = f"{value:,.{decimals(value if scale is None else scale)}f}".replace(",", " ")
    return shown.replace("-", "−")


def signed(value: float, scale: float | None = None) -> str:
    """With its sign and three significant digits: a difference."""
    places = max(0, decimals(value if scale is None else scale) - 1)
    return ("+" if round(value, places) > 0 else "") + f"{value + 0.0:.{places}f}".replace("-", "−")


def several(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}".replace(",", " ")


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
    return sum(values.values()) / len(values) if values else None


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
