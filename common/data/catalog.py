"""What the suite knows of each real corpus: its files, their sums, where they come from and on what terms."""

from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from common.errors import unknown

PATH = Path(__file__).with_name("catalog.yaml")


class File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(gt=0)]  # bytes


class Entry(BaseModel):
    """One corpus. A licensed one has no URL and no sums: ``requires`` names what must lie in its folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    licence: str
    citation: str
    by_hand: str  # how to get it without `replicate data fetch`
    url: str | None = None  # a file's address is url + its name; immutable (a commit, a version)
    archive: str | None = None  # or the files lie in this ZIP archive, whose address is url + its name
    files: dict[str, File] = {}
    splits: dict[str, str] = {}  # of a text corpus: train, valid, test -> file
    requires: tuple[str, ...] = ()

    @property
    def licensed(self) -> bool:
        return self.url is None

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files.values())


@cache
def entries() -> dict[str, Entry]:
    """The catalogue, by corpus name (also the name of its folder under data/)."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is faster, and not on every machine
    return {name: Entry(**entry) for name, entry in yaml.load(PATH.read_text(encoding="utf-8"), loader).items()}


def entry(name: str) -> Entry:
    """One entry. Raises UserError with the nearest name for one that is not in the catalogue."""
    if name not in entries():
        raise unknown("corpus", name, entries(), where=PATH.name)
    return entries()[name]
