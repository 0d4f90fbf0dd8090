"""How a row of results is written, alike in HTML and Markdown."""

from dataclasses import dataclass

from common.reporting import text
from common.reporting.pages.summary import Result

ENOUGH = 6  # seeds whose interval tells a difference from chance; of fewer it is so wide that it hides any


@dataclass(frozen=True)
class Cells:
    """The texts of a row. Of a skewed quantity ``ours`` is the median, and the mean stands beside it."""

    published: str
    ours: str
    interval: str
    mean: str
    mean_interval: str
    difference: str
    judged: str  # "better", "worse" or "muted"
    basis: str


def cells(row: Result, size: float | None = None) -> Cells:
    """The texts of a measured ``row``; ``size`` is the number whose precision its neighbours share."""
    size = size or row.mean

    def write(value: float) -> str:
        return text.percent(value) if row.is_rate else text.number(value, size)

    def interval(low: float | None, high: float | None) -> str:
        if low is None or high is None:
            return "–"
        # One sign for both ends of an interval of rates.
        return f"{write(low).removesuffix(' %')} – {write(high)}"

    shown = {"ours": write(row.mean), "interval": interval(row.low, row.high), "mean": "", "mean_interval": ""}
    if row.median is not None:
        shown = {
            "ours": write(row.median), "interval": interval(row.median_low, row.median_high),
            "mean": shown["ours"], "mean_interval": shown["interval"],
        }  # fmt: skip
    away, judged = difference(row, size)
    return Cells(published=published(row), difference=away, judged=judged, basis=basis(row), **shown)


def published(row: Result) -> str:
    """The paper's number as printed, an en dash for none."""
    if row.published is None:
        return "–"
    return text.percent(row.published) if row.is_rate else text.printed(row.published)


def difference(row: Result, size: float | None = None) -> tuple[str, str]:
    """Ours less the published number (a mean), and whether that is ``better``, ``worse`` or neither (``muted``)."""
    if row.mean is None or row.published is None or not row.comparable:
        return "–", "muted"
    away = row.mean - row.published
    if row.is_rate:
        shown = text.signed(100 * away, 100)
        unit = " points"
    else:
        shown, unit = text.number(away, size or row.published or None), ""
        shown = f"+{shown}" if away > 0 else shown
    if not any(digit in shown for digit in "123456789"):
        return "0", "muted"
    scattered = row.is_rate or len(row.values) >= ENOUGH
    if scattered and row.low <= row.published <= row.high:
        return shown + unit, "muted"  # it may be the same
    return shown + unit, "better" if (away < 0) == (row.better == "lower") else "worse"


def basis(row: Result) -> str:
    """What a result stands on: successes of trials, seeds that measured it of those that ran, or all together."""
    joined = [key for key in row.values if "+" in key]
    if joined:
        return f"{joined[0].count('+') + 1} together"
    if row.is_rate:
        return f"{sum(row.values.values()):.0f} of {len(row.values)}"
    return text.share(len(row.values), row.trials)


def looks(row: Result) -> str:
    """What each look at the test text gave, the newest first; empty for a single one."""
    write = text.percent if row.is_rate else text.number
    shown = ", ".join(write(look) for look in row.looks)
    return f"{len(row.looks)} looks: {shown}" if row.looks else ""


def reason(row: Result) -> str:
    """Why a row has no number."""
    return row.reason if row.trials else f"not attempted: {row.reason}"
