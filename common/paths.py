"""Where things are. A checkout holds all; installed from a wheel, what is written lies in the current folder."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # of the code, and of what comes with it
INSTALLED = not (ROOT / "pyproject.toml").exists()
HOME = Path.cwd() if INSTALLED else ROOT
DATA = HOME / "data"  # raw corpora, pinned by data.dvc
BUILD = HOME / "build"  # prepared corpora and work in progress; may be deleted at any time
REPORTS = HOME / "reports"
REPORTS_HERE = HOME / "reports-here"  # as reports/, with the quick runs of this checkout; git ignores it
REPLICATIONS = ROOT / "replications"


def runs(paper: str) -> Path:
    """Where a paper's finished runs lie."""
    return HOME / "runs" / paper if INSTALLED else REPLICATIONS / paper / "runs"


def speed(paper: str) -> Path:
    """What ``replicate bench --record`` has kept of a paper."""
    return REPLICATIONS / paper / "records" / "speed.json"
