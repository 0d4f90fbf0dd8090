"""Where sentence pairs come from: the suite's grammar, the catalogue's corpora, ``datasets``, and your own files."""

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from common.data import catalog, fetch
from common.data.parallel import synchronous_grammar, synchronous_lexicon
from common.data.text.sentences import read_lines, read_sentences
from common.errors import UserError, unknown
from common.text.letters import composed, only_letters
from common.text.moses import Blanks, Moses


class Example(NamedTuple):
    """A sentence in both languages as written, and where it was read; the gold alignment where it is known."""

    where: str
    source: str
    target: str
    alignment: tuple[tuple[int, int], ...] = ()


Split = Callable[[], Iterable[Example]]  # a fresh pass


class Source(NamedTuple):
    """``identity`` says what the text is on any machine; ``read`` is called only when it is not yet prepared."""

    identity: dict[str, str]
    read: Callable[[], dict[str, Split]]
    source_tokeniser: Moses | Blanks
    target_tokeniser: Moses | Blanks


def find(name: str, seed: int) -> Source:
    """The source called ``name``. Raises UserError with the nearest name for one that is not known."""
    if name.startswith("parallel:"):
        return _own(name.removeprefix("parallel:"))
    if name not in NAMED:
        raise unknown("parallel corpus", name, [*NAMED, "parallel:SRC,TGT"])
    return NAMED[name](seed)


def read_pairs(source: Path, target: Path) -> Iterator[Example]:
    """Line by line through two text files; a line that is empty in both is skipped.

    Raises:
        UserError: unequal numbers of lines, a line that is empty in one file only, or what ``read_sentences`` refuses.
    """
    sides = zip_longest(*(read_sentences(path, lambda line: [line.strip()]) for path in (source, target)))
    for number, (left, right) in enumerate(sides, 1):
        if left is None or right is None:
            short, long = (source, target) if left is None else (target, source)
            raise UserError(
                f"{short}:{number}: the file ends before this line, {long} goes on; "
                "the two need one sentence per line, line by line each other's translation"
            )
        if bool(left[0]) != bool(right[0]):
            empty, full = (target, source) if left[0] else (source, target)
            raise UserError(
                f"{empty}:{number}: an empty line, but {full}:{number} is not; "
                "translate it or remove the line from both files"
            )
        if left[0]:
            yield Example(f"{source}:{number}", left[0], right[0])


def split_by_source(examples: Iterable[Example], valid: int, test: int) -> dict[str, list[Example]]:
    """Held-out source sentences never occur in the training text, upper case and punctuation apart.

    ``valid`` and ``test`` count distinct sentences, chosen at random but always the same; a held-out sentence that has
    several translations keeps the first, a training sentence all of them.
    """
    groups: dict[str, list[Example]] = {}
    for example in examples:
        groups.setdefault(only_letters(example.source) or example.source, []).append(example)
    keys = list(groups)
    random.Random(1).shuffle(keys)
    held_out = [groups[key][0] for key in keys[: valid + test]]
    trained = set(keys[valid + test :])
    return {
        "train": [example for key, group in groups.items() if key in trained for example in group],
        "valid": held_out[:valid],
        "test": held_out[valid:],
    }


# --- the suite's own


def _grammar(seed: int) -> Source:
    """Identified by the code that writes it: making 21,500 pairs takes seconds, and most runs find them prepared."""
    code = b"".join(Path(module.__file__).read_bytes() for module in (synchronous_grammar, synchronous_lexicon))

    def read() -> dict[str, Split]:
        made = vars(synchronous_grammar.generate(seed))
        return {
            split: lambda split=split, pairs=pairs: (
                Example(f"grammar-en-fr, {split} pair {i}", *pair) for i, pair in enumerate(pairs, 1)
            )
            for split, pairs in made.items()
        }

    return Source({"grammar": hashlib.sha256(code).hexdigest(), "seed": str(seed)}, read, Blanks(), Blanks())


# --- real corpora


def _multi30k(language: str) -> Source:
    """English captions and their translations into French (``fr``) or German (``de``)."""
    files = {"train": "train", "valid": "val", "test": "test_2016_flickr"}
    sums = catalog.entry("multi30k").files

    def read() -> dict[str, Split]:
        folder = fetch.fetch("multi30k")
        return {
            split: lambda file=file: read_pairs(folder / f"{file}.en.gz", folder / f"{file}.{language}.gz")
            for split, file in files.items()
        }

    sides = ("en", language)
    identity = {f"{file}.{side}": sums[f"{file}.{side}.gz"].sha256 for file in files.values() for side in sides}
    return Source(identity, read, *map(Moses, sides))


def _tatoeba(_: int) -> Source:
    """2,000 English sentences each for validation and test."""

    def read() -> dict[str, Split]:
        path = fetch.fetch("tatoeba-fra-eng") / "fra.txt"
        rows = ((number, composed(line).split("\t")) for number, line in read_lines(path))
        examples = (Example(f"{path}:{number}", row[0], row[1]) for number, row in rows)
        return _fixed(split_by_source(examples, 2000, 2000))

    return Source({"fra.txt": catalog.entry("tatoeba-fra-eng").files["fra.txt"].sha256}, read, Moses("en"), Moses("fr"))


def _wmt14(language: str) -> Source:
    """All of WMT'14 from English, streamed; newstest2013 validates, newstest2014 tests."""
    repository = "wmt/wmt14"

    def stream(split: str) -> Iterator[Example]:
        import datasets

        try:
            rows = datasets.load_dataset(repository, f"{language}-en", split=split, streaming=True)
            for number, row in enumerate(rows, 1):
                pair = row["translation"]
                if pair["en"].strip() and pair[language].strip():  # a few lines of the crawled text are empty
                    yield Example(f"{repository} {split} {number}", composed(pair["en"]), composed(pair[language]))
        except (OSError, datasets.exceptions.DatasetsError) as error:
            raise UserError(
                f"wmt14-en-{language}: {repository} cannot be read ({error}); it needs a network, "
                "or a copy in the cache of Hugging Face's `datasets`"
            ) from error

    splits = {"train": "train", "valid": "validation", "test": "test"}
    return Source(
        {repository: f"{language}-en"},
        lambda: {ours: lambda s=theirs: stream(s) for ours, theirs in splits.items()},
        Moses("en"),
        Moses(language),
    )


# --- yours


def _own(paths: str) -> Source:
    """``SRC,TGT``: two files; a tenth each of the distinct source sentences for validation and test."""
    names = paths.split(",")
    if len(names) != 2 or not all(names):
        raise UserError(f"parallel:{paths}: give two files, source and target: parallel:SRC,TGT")
    files = [Path(name).expanduser() for name in names]

    def read() -> dict[str, Split]:
        examples = list(read_pairs(*files))
        held_out = len(examples) // 10
        if not held_out:
            raise UserError(
                f"{files[0]}:{len(examples)}: only {len(examples)} sentences; it needs 10 to be cut into 80/10/10 %"
            )
        splits = split_by_source(examples, held_out, held_out)
        if not splits["train"]:
            raise UserError(f"{files[0]}: too few distinct sentences to be cut into 80/10/10 %")
        return _fixed(splits)

    tokenisers = [Moses(file.suffix[1:] if len(file.suffix) == 3 else "en") for file in files]
    return Source({"source": fetch.sha256(files[0]), "target": fetch.sha256(files[1])}, cache(read), *tokenisers)


def _fixed(splits: dict[str, list[Example]]) -> dict[str, Split]:
    return {split: lambda examples=examples: examples for split, examples in splits.items()}


NAMED: dict[str, Callable[[int], Source]] = {
    "grammar-en-fr": _grammar,
    "multi30k-en-fr": lambda seed: _multi30k("fr"),
    "multi30k-en-de": lambda seed: _multi30k("de"),
    "tatoeba-en-fr": _tatoeba,
    "wmt14-en-fr": lambda seed: _wmt14("fr"),
    "wmt14-en-de": lambda seed: _wmt14("de"),
}
