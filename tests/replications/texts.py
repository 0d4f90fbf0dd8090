"""Small texts that tests write to files."""

import random
from pathlib import Path
from types import SimpleNamespace

from common.data.parallel.synchronous_grammar import generate
from common.data.tagged import travel
from common.text.vocabulary import EOS, UNK, Vocabulary


def agreeing(path: Path, lines: int) -> Path:
    """Short sentences in which the verb agrees with the noun, one per line."""
    draw = random.Random(1)
    nouns = {"dog": "barks", "cat": "sleeps", "dogs": "bark", "cats": "sleep", "bird": "sings", "birds": "sing"}
    sentences = []
    for _ in range(lines):
        noun = draw.choice(sorted(nouns))
        place = draw.choice(["", " in the garden", " at the old house", " near a small river"])
        sentences.append(f"{draw.choice(['the', 'my', 'some'])} {noun}{place} {nouns[noun]}\n")
    path.write_text("".join(sentences), encoding="utf-8")
    return path


def translated(folder: Path, drawn: int, kept: int) -> str:
    """The name of a corpus: the first ``kept`` short pairs of ``drawn`` from the grammar, in two files."""
    pairs = [pair for pair in generate(5, drawn, 1, 1).train if len(pair.english.split()) < 9][:kept]
    files = [folder / "own.en", folder / "own.fr"]
    for file, side in zip(files, ("english", "french"), strict=True):
        file.write_text("".join(getattr(pair, side) + "\n" for pair in pairs), encoding="utf-8")
    return "parallel:" + ",".join(map(str, files))


def of_sizes(source: int, target: int) -> SimpleNamespace:
    """A parallel corpus that is nothing but two vocabularies of these sizes."""
    sides = [Vocabulary((EOS, UNK, *map(str, range(size - 2))), (1,) * size) for size in (source, target)]
    return SimpleNamespace(source=sides[0], target=sides[1])


def requests(folder: Path, count: int = 48) -> str:
    """The name of a corpus: the first requests of travellers, in columns of word and tag."""
    files = [folder / f"own.{split}" for split in ("train", "valid", "test")]
    for file, made in zip(files, travel.generate(), strict=True):
        file.write_text(
            "\n".join(
                "".join(f"{word} {tag}\n" for word, tag in zip(words, tags, strict=True))
                for words, tags, _ in made[:count]
            ),
            encoding="utf-8",
        )
    return "tagged:" + ",".join(map(str, files))
