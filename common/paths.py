"""Where things are in a checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"  # raw corpora, pinned by data.dvc
BUILD = ROOT / "build"  # prepared corpora and work in progress; may be deleted at any time
REPLICATIONS = ROOT / "replications"
REPORTS = ROOT / "reports"
