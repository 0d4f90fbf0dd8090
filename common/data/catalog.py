"""What the suite knows of each real corpus: its files, their sums, where they come from and on what terms."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from common.errors import UserError, unknown

PATH = Path(__file__).with_name("catalog.yaml")
STREAMED = frozenset({"wmt14-en-de", "wmt14-en-fr"})  # read over the network as it is needed: never in data/
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is faster, and not on every machine


class File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(gt=0)]  # bytes
    members: tuple[str, ...] = ()  # of the archive, whose contents one after another are the file


class Entry(BaseModel):
    """One corpus. A licensed one has no URL and no sums: ``requires`` names what must lie in its folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    licence: str
    citation: str
    by_hand: str  # how to get it without `replicate data fetch`
    url: str | None = None  # a file's address is url + its name; immutable (a commit, a version)
    archive: str | None = None  # or the files lie in this archive (.zip, .tar.gz), whose address is url + its name
    inside: str | None = None  # or in the one file, a .tar.gz, of this other corpus
    gzip: bool = False  # or each lies compressed under its name with .gz; the sums are those of what is unpacked
    files: dict[str, File] = {}
    instead: dict[str, File] = {}  # what a mirror may have in their place, and a reader can do with
    listing: str | None = None  # or the files stand in <name>.yaml beside the catalogue, whose SHA-256 this is
    parts: tuple[str, ...] = ()  # names by which papers read some of it
    splits: dict[str, str] = {}  # of a text corpus: train, valid, test -> file
    requires: tuple[str, ...] = ()

    @property
    def licensed(self) -> bool:
        return self.url is None and self.inside is None

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files.values())


@cache
def entries() -> dict[str, Entry]:
    """The catalogue, by corpus name (also the name of its folder under data/).

    Raises:
        UserError: a list of files is not the one whose SHA-256 the catalogue holds.
    """
    found = yaml.load(PATH.read_text(encoding="utf-8"), LOADER)
    for name, entry in found.items():
        if "listing" in entry:
            path = PATH.with_name(f"{name}.yaml")
            content = path.read_bytes()
            if (sum_ := hashlib.sha256(content).hexdigest()) != entry["listing"]:
                raise UserError(
                    f"{path}: not the list that {PATH.name} means; restore it, or write its SHA-256 there: "
                    f"{name}: listing: {sum_}"
                )
            entry["files"] = yaml.load(content, LOADER)
    return {name: Entry(**entry) for name, entry in found.items()}


def entry(name: str) -> Entry:
    """One entry. Raises UserError with the nearest name for one that is not in the catalogue."""
    if name not in entries():
        raise unknown("corpus", name, entries(), where=PATH.name)
    return entries()[name]


def entry_of(corpus: str) -> str | None:
    """The entry whose files a paper's corpus is made of; None: it is made here, streamed or the user's own."""
    return next((name for name, one in entries().items() if corpus in (name, *one.parts)), None)
