"""How a row of results is written, alike in HTML and Markdown."""

from dataclasses import dataclass

from common.reporting import text
from common.reporting.pages.summary import Result
from common.reporting.verdicts.claims import FAILED, HOLDS, INCONCLUSIVE, REACH, Verdict

LISTED = 5  # of more seeds, the range says as much
SIGNS = dict.fromkeys(HOLDS, "✓") | {REACH: "~", FAILED: "✕", INCONCLUSIVE: "≈"}
ENOUGH = 6  # seeds whose interval tells a difference from chance; of fewer it is so wide that it hides any


@dataclass(frozen=True)
class Cells:
    """The texts of a row. Of a skewed quantity ``ours`` is the median, and the mean stands beside it."""

    ours: str
    interval: str
    mean: str
    mean_interval: str
    difference: str
    judged: str  # "better", "worse" or "muted"


def cells(row: Result, size: float | None = None) -> Cells:
    """The texts of a measured ``row``; ``size`` is the number whose precision its neighbours share."""
    size = size or row.mean

    def write(value: float) -> str:
        return text.percent(value) if row.is_rate else text.number(value, size)

    def interval(low: float | None, high: float | None) -> str:
        # One sign for both ends of an interval of rates.
        return "–" if low is None or high is None else f"{write(low).removesuffix(' %')} – {write(high)}"

    mean, away = (write(row.mean), interval(row.low, row.high)), difference(row, size)
    if row.median is None:
        return Cells(*mean, "", "", *away)
    return Cells(write(row.median), interval(row.median_low, row.median_high), *mean, *away)


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
        shown, unit = text.signed(100 * away, 100), " points"
    else:
        shown, unit = "+" * (away > 0) + text.number(away, size or row.published or None), ""
    if not any(digit in shown for digit in "123456789"):
        return "0", "muted"
    scattered = row.is_rate or len(row.values) >= ENOUGH
    if scattered and row.low <= row.published <= row.high:
        return shown + unit, "muted"  # it may be the same
    return shown + unit, "better" if (away < 0) == (row.better == "lower") else "worse"


def basis(row: Result) -> str:
    """What a result stands on: successes of trials, seeds that measured it of those that ran, or all together."""
    if joined := [key for key in row.values if "+" in key]:
        return f"{joined[0].count('+') + 1} together"
    if row.is_rate:
        return f"{sum(row.values.values()):.0f} of {len(row.values)}"
    return text.share(len(row.values), row.trials)


def listed(row: Result, size: float | None) -> str:
    """Every seed's value; of many, how many there are and their range."""
    shown, values = basis(row), row.values.values()
    if row.is_rate:
        return shown
    if len(values) > LISTED:
        return f"{shown}: {text.number(min(values), size)} to {text.number(max(values), size)}"
    each = ", ".join(text.number(value, size) for value in values)
    return each if shown == str(len(values)) else f"{each} ({shown})"


def looks(row: Result) -> str:
    """What each look at the test text gave, the newest first; empty for a single one."""
    write = text.percent if row.is_rate else text.number
    shown = ", ".join(write(look) for look in row.looks)
    return f"{len(row.looks)} looks: {shown}" if row.looks else ""


def reason(row: Result) -> str:
    """Why a row has no number."""
    return row.reason if row.trials else f"not attempted: {row.reason}"


def cell(value: object) -> str:
    """Text that cannot break out of a cell of a Markdown table."""
    return " ".join(str(value).split()).replace("|", "\\|")


def verdict(one: Verdict) -> str:
    """In Markdown, bold where the claim was decided, with a sign that survives without colour."""
    shown = f"{SIGNS.get(one.verdict, '')} {one.verdict}".strip()
    return f"**{shown}**" if one.verdict in (*HOLDS, FAILED) else shown
