"""Getting the catalogue's corpora into data/<corpus>/: from there, from a mirror, from their address."""

import gzip
import hashlib
import os
import shutil
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pooch
import requests
from tqdm import tqdm

from common import paths
from common.data import catalog
from common.errors import UserError
from common.locks import locked

MIRROR = "REPLICATIONS_MIRROR"  # environment variable: folders and URLs laid out as <corpus>/<file>, commas between


@dataclass(frozen=True)
class Status:
    """A row of ``replicate data status``; ``state`` is ``here``, ``absent``, or what is missing or wrong."""

    corpus: str
    state: str
    files: int
    size: int  # bytes, as the catalogue has it; 0 for a licensed corpus
    licence: str


def fetch(corpus: str) -> Path:
    """The folder of a corpus, all files there and right; files that are missing are fetched.

    Each comes from data/<corpus>/ itself, else the first mirror that has it, else its URL or the archive it lies
    in, and is moved into place only when its SHA-256 is right. A file already there is never replaced. A licensed
    corpus is used where it lies, in data/ or in a mirror that is a folder.

    Raises UserError for an unknown corpus, a licensed one that is absent, a wrong file in data/<corpus>/, and
    when no source gives the right file (the message says what each of them answered).
    """
    entry = catalog.entry(corpus)
    folder = paths.DATA / corpus
    if entry.licensed:
        return _licensed(corpus, entry)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        locks = paths.BUILD / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with locked(locks / f"fetch-{corpus}.lock"), TemporaryDirectory(dir=locks) as archives:
            for name, file in files(entry, folder).items():
                if (folder / name).exists():
                    _require_right(folder / name, file)
                else:
                    _get(corpus, name, file, entry, folder / name, Path(archives))
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{folder}: cannot be filled ({reason}); make room or make it writable") from error
    return folder


def verify(corpus: str) -> Path:
    """The folder of a corpus after reading every file. Raises UserError naming each missing or wrong one."""
    entry = catalog.entry(corpus)
    folder = paths.DATA / corpus
    if entry.licensed:
        return _licensed(corpus, entry)
    problems = []
    for name, file in files(entry, folder).items():
        if not (folder / name).exists():
            problems.append(f"{folder / name}: missing; get it with: replicate data fetch {corpus}")
            continue
        try:
            _require_right(folder / name, file)
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))
    return folder


def status() -> list[Status]:
    """What is here, by presence and size only (``verify`` reads the files), in the catalogue's order."""
    rows = []
    for corpus, entry in catalog.entries().items():
        folder = paths.DATA / corpus
        held = files(entry, folder)
        here = [name for name in [*held, *entry.requires] if (folder / name).exists()]
        total = len(held) + len(entry.requires)
        wrong = [n for n in here if n in held and (folder / n).stat().st_size != held[n].size]
        state = "here" if len(here) == total else f"{len(here)} of {total} files" if here else "absent"
        state = f"wrong size: {', '.join(wrong)}" if wrong else state
        rows.append(Status(corpus, state, total, entry.size, entry.licence))
    return rows


def files(entry: catalog.Entry, folder: Path) -> dict[str, catalog.File]:
    """Those of a corpus, or what stands ``instead``: where only that is in its folder, or else in a mirror's."""
    for place in (folder, *(Path(one).expanduser() / folder.name for one in mirrors() if not _is_url(one))):
        for some in (entry.files, entry.instead):
            if any((place / name).exists() for name in some):
                return some
    return entry.files


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file. Raises UserError when it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the path") from None


def mirrors() -> list[str]:
    """What the environment names, in its order."""
    return [one.strip().rstrip("/") for one in os.environ.get(MIRROR, "").split(",") if one.strip()]


def _is_url(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _licensed(corpus: str, entry: catalog.Entry) -> Path:
    places = [paths.DATA, *(Path(one).expanduser() for one in mirrors() if not _is_url(one))]
    for place in places:
        if all((place / corpus / name).exists() for name in entry.requires):
            return place / corpus
    missing = [name for name in entry.requires if not (paths.DATA / corpus / name).exists()]
    raise UserError(
        f"{paths.DATA / corpus}: {corpus} is licensed and never downloaded, and {', '.join(missing)} is "
        f"not there; {entry.by_hand}"
    )


def _difference(path: Path, file: catalog.File) -> str:
    """How a file differs from the catalogue's, or nothing."""
    size = path.stat().st_size
    if size != file.size:
        return f"{size:,} bytes instead of {file.size:,}"
    found = sha256(path)
    return "" if found == file.sha256 else f"SHA-256 {found[:12]}... instead of {file.sha256[:12]}..."


def _require_right(path: Path, file: catalog.File) -> None:
    if difference := _difference(path, file):
        raise UserError(
            f"{path}: is not the catalogue's file ({difference}); it was left as it is: "
            "move it elsewhere, then run again"
        )


def _get(corpus: str, name: str, file: catalog.File, entry: catalog.Entry, target: Path, archives: Path) -> None:
    """Try the mirrors, then the origin; ``target`` appears only whole and right. An archive is kept in ``archives``."""
    answers = []
    target.parent.mkdir(parents=True, exist_ok=True)  # a corpus may have folders
    partial = target.with_name(target.name + ".partial")
    copies = [name, name + ".gz"] if entry.gzip else [name]
    for source in [*(f"{one}/{corpus}/{copy}" for one in mirrors() for copy in copies), None]:
        try:
            if source:
                answer = _copy(source, partial, file)
            elif entry.inside:
                source = _only_file(entry.inside)
                answer = _join(source, file.members, partial)
            elif entry.archive:
                source, whole = entry.url + entry.archive, archives / entry.archive
                answer = ("" if whole.exists() else _copy(source, whole, file)) or _unpack(whole, name, partial)
            else:
                source = entry.url + copies[-1]
                answer = _copy(source, partial, file)
            if entry.gzip and source.endswith(".gz"):
                answer = answer or _gunzip(partial, file)
            answer = answer or _difference(partial, file)
            if not answer:
                os.replace(partial, target)
                return
            answers.append(f"  {source}: {answer}")
        finally:
            partial.unlink(missing_ok=True)
    without_mirror = "" if mirrors() else f"; or point {MIRROR} to a copy of the data"
    raise UserError(
        f"{target}: could not be fetched:\n" + "\n".join(answers) + f"\n"
        f"Try again with a network, or by hand into {target.parent}: {entry.by_hand}{without_mirror}"
    )


def _only_file(corpus: str) -> Path:
    (name,) = catalog.entry(corpus).files
    return fetch(corpus) / name


def _join(archive: Path, members: tuple[str, ...], partial: Path) -> str:
    """Writes members of a .tar.gz one after another; returns why that cannot be, or nothing."""
    with tarfile.open(archive, "r:gz") as file, partial.open("wb") as joined:
        for member in members:
            try:
                shutil.copyfileobj(file.extractfile(member), joined)
            except KeyError:
                return f"an archive without {member}"
    return ""


def _unpack(archive: Path, name: str, partial: Path) -> str:
    """Writes the file of this name in an archive to ``partial``; returns why that cannot be, or nothing."""
    packed = archive.name.endswith(".tar.gz")
    try:
        with tarfile.open(archive) if packed else zipfile.ZipFile(archive) as file:
            names = file.getnames() if packed else file.namelist()
            inside = [one for one in names if one.endswith("/" + name)]  # in a folder of its own
            with (file.extractfile if packed else file.open)((inside or [name])[0]) as content:
                partial.write_bytes(content.read())
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error):
        return "not a whole archive"
    except KeyError:
        return f"an archive without {name}"
    return ""


def _gunzip(partial: Path, file: catalog.File) -> str:
    """Replaces a .gz file by what is in it; returns why that cannot be, or nothing."""
    try:
        with gzip.open(partial) as packed:
            content = packed.read(file.size + 1)  # no more: a bomb is a wrong file too
    except (OSError, EOFError, zlib.error) as error:
        return f"not a whole .gz file ({error})"
    partial.write_bytes(content)
    return ""


def _copy(source: str, partial: Path, file: catalog.File) -> str:
    """Copy a path or a URL to ``partial``; returns why it cannot be had, or nothing. A full disk raises."""
    if not _is_url(source):
        try:
            original = Path(source).expanduser().open("rb")
        except OSError as error:
            return error.strerror
        with original, partial.open("wb") as copy:
            shutil.copyfileobj(original, copy)
        return ""
    try:
        with tqdm(total=file.size, unit="B", unit_scale=True, desc=partial.stem, disable=None) as bar:
            # uncompressed, or the server's Content-Length would not be the size of the file
            plain = {"Accept-Encoding": "identity"}
            pooch.HTTPDownloader(progressbar=bar, timeout=30, headers=plain)(source, str(partial), None)
        return ""
    except requests.HTTPError as error:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    except requests.Timeout:
        return "no answer within 30 seconds"
    except requests.ConnectionError:
        return "no connection"
    except requests.RequestException as error:
        return f"the download broke off ({type(error).__name__})"
