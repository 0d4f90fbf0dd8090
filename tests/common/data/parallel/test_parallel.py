"""Parallel corpora: reading, cutting, encoding, and what is refused."""

import gzip
import re
import sys
import types

import numpy as np
import pytest

from common import paths
from common.data import catalog, fetch
from common.data.parallel import corpus as parallel
from common.data.parallel.sources import Example, read_pairs, split_by_source
from common.errors import UserError

EN = [
    f"The {adjective} dog{s} sleep{v} ."
    for adjective in ("red", "old", "small", "happy")
    for s, v in (("", "s"), ("s", ""))
] + ["He isn't here.", "Go!", "Go, go on!", "A cat."]
FR = [
    f"{d} chien{s} {adjective}{s} {v} ."
    for adjective in ("rouge", "âgé", "petit", "heureux")
    for d, s, v in (("Le", "", "dort"), ("Les", "s", "dorment"))
]
FR += ["Il n'est pas là.", "Va !", "Vas-y !", "Un chat."]


@pytest.fixture
def own(tmp_path):
    """Writes two files; the corpus' name."""

    def own(english=EN, french=FR, names=("own.en", "own.fr")) -> str:
        files = [tmp_path / name for name in names]
        for file, lines in zip(files, (english, french), strict=True):
            file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return "parallel:" + ",".join(map(str, files))

    return own


def test_own_files(own):
    corpus = parallel.load(own())
    assert [len(corpus.train), len(corpus.valid), len(corpus.test)] == [10, 1, 1]
    for split in ("train", "valid", "test"):
        for source, target in getattr(corpus, split):
            assert source[-1] == corpus.source.eos and target[-1] == corpus.target.eos
            assert (source == corpus.source.eos).sum() == (target == corpus.target.eos).sum() == 1
    lines = dict(zip(EN, FR, strict=True))
    assert [lines[text] for text in corpus.sources("test")] == corpus.references("test")
    assert corpus.alignments("test") == [[]]
    assert corpus.train.source_lengths.tolist() == [len(source) for source, _ in corpus.train]


def test_tokens_are_moses_and_go_back(own):
    corpus = parallel.load(own())
    ids = corpus.target.encode(corpus.target_tokeniser.tokenise("Il n'est pas là."))
    words = corpus.target_tokeniser.tokenise("Il n'est pas là.")
    assert words == ["Il", "n'", "est", "pas", "là", "."] and len(ids) == 6
    assert corpus.detokenise(words) == "Il n'est pas là."
    assert corpus.source_tokeniser.tokenise("He isn't here & now.") == ["He", "isn", "'t", "here", "&", "now", "."]


def test_prepared_once_and_read_only(own, monkeypatch):
    first = parallel.load(own())
    monkeypatch.setattr(parallel, "_prepare", None)  # would fail if it were called
    again = parallel.load(own())
    assert again.fingerprint == first.fingerprint and again.source == first.source
    for split in ("train", "valid", "test"):
        for a, b in zip(getattr(first, split), getattr(again, split), strict=True):
            assert np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1])
    assert not again.train.source.flags.writeable and again.train.source.dtype == np.int32


def test_a_shortlist(own):
    corpus = parallel.load(own(), source_vocabulary=6, target_vocabulary=7)
    assert len(corpus.source) == 6 and len(corpus.target) == 7
    known = next(word for word in corpus.source.words if word.isalpha())
    expected = [corpus.source.unk, corpus.source.ids[known], corpus.source.eos]
    assert corpus.encode_source(f"unheard {known}").tolist() == expected


def test_an_empty_sentence_is_its_end(own):
    corpus = parallel.load(own())
    assert corpus.encode_source(" \n").tolist() == [corpus.source.eos]


def test_max_length_leaves_out_training_pairs_only(own):
    corpus = parallel.load(own(), max_length=4)
    assert max(len(side) for pair in corpus.train for side in pair) <= 5
    assert corpus.info["source"]["left_out"] + len(corpus.train) == 10
    assert len(corpus.valid) == len(corpus.test) == 1
    with pytest.raises(UserError, match="no training pair of at most 1 words"):
        parallel.load(own(), max_length=1)


def test_what_to_know_of_your_text(own):
    corpus = parallel.load(own(), max_length=4)
    assert corpus.note == (
        f"{corpus.name}: {len(corpus.train)} pairs to train, 1 and 1 to validate and test, "
        f"{10 - len(corpus.train)} left out as too long; {len(corpus.source)} and "
        f"{len(corpus.target)} words known, " + corpus.note.rpartition("known, ")[2]
    )
    assert re.search(r"known, \d+\.\d % and \d+\.\d % of the test text unknown$", corpus.note)


def test_the_first_training_pairs(own):
    assert len(parallel.load(own(), train_pairs=3).train) == 3


def test_bpe(own):
    corpus = parallel.load(own(), unit="bpe", source_vocabulary=60, target_vocabulary=60)
    assert corpus.info["target"]["merges"]
    for (_, target), text in zip(corpus.test, corpus.references("test"), strict=True):
        if corpus.target.unk not in target:
            assert corpus.decode_target(target[:-1]) == corpus.target_tokeniser.tokenise(text)
    assert any("@@" in word for word in corpus.target.words)
    assert corpus.encode_source("dogs")[-1] == corpus.source.eos


def test_settings_give_other_fingerprints(own):
    name = own()
    settings = [
        {},
        {"unit": "bpe"},
        {"max_length": 9},
        {"train_pairs": 9},
        {"source_vocabulary": 9},
        {"target_vocabulary": 9},
    ]
    assert len({parallel.load(name, **setting).fingerprint for setting in settings}) == len(settings)
    before = parallel.load(name).fingerprint
    assert parallel.load(own([*EN[:-1], "A mouse."])).fingerprint != before


def test_the_grammar():
    corpus = parallel.load("grammar-en-fr")
    assert [len(corpus.train), len(corpus.valid), len(corpus.test)] == [20_000, 500, 1000]
    links, source, target = corpus.alignments("test")[0], *corpus.test[0]
    assert {i for i, _ in links} == set(range(len(source) - 1)) and {j for _, j in links} == set(range(len(target) - 1))
    words = corpus.decode_target(target[:-1])
    assert corpus.detokenise(words) == corpus.references("test")[0]


def test_multi30k(tmp_path, monkeypatch):
    folder = paths.DATA / "multi30k"
    folder.mkdir(parents=True)
    files = {}
    for split in ("train", "val", "test_2016_flickr"):
        for side, text in (("en", "A dog.\nTwo dogs.\n"), ("fr", "Un chien.\nDeux chiens.\n")):
            path = folder / f"{split}.{side}.gz"
            path.write_bytes(gzip.compress(text.encode()))
            files[path.name] = {"sha256": fetch.sha256(path), "size": path.stat().st_size}
    entry = catalog.Entry(title="", licence="", citation="", by_hand="", url="https://example.org/", files=files)
    monkeypatch.setattr(catalog, "entries", lambda: {"multi30k": entry})
    corpus = parallel.load("multi30k-en-fr")
    assert corpus.references("valid") == ["Un chien.", "Deux chiens."] and len(corpus.train) == 2


def test_a_source_sentence_stays_on_one_side():
    examples = [Example(str(i), f"{'Go' if i % 3 else 'go'}{'!' * (i % 2)} {i // 4}", f"va {i}") for i in range(200)]
    splits = split_by_source(examples, 5, 5)
    letters = {
        split: {"".join(c for c in e.source.casefold() if c.isalnum()) for e in found}
        for split, found in splits.items()
    }
    assert not letters["train"] & (letters["valid"] | letters["test"]) and not letters["valid"] & letters["test"]
    assert len(splits["train"]) == 4 * 40 and len(splits["valid"]) == len(splits["test"]) == 5
    assert splits == split_by_source(examples, 5, 5)


def test_tatoeba_sends_every_translation_of_a_sentence_to_one_split(monkeypatch):
    path = paths.DATA / "tatoeba-fra-eng" / "fra.txt"
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"Sentence {i // 2}.\tPhrase {i}.\n" for i in range(9000)), encoding="utf-8")
    file = {"sha256": fetch.sha256(path), "size": path.stat().st_size}
    entry = catalog.Entry(
        title="", licence="", citation="", by_hand="", url="https://example.org/", files={"fra.txt": file}
    )
    monkeypatch.setattr(catalog, "entries", lambda: {"tatoeba-fra-eng": entry})
    corpus = parallel.load("tatoeba-en-fr")
    assert [len(corpus.train), len(corpus.valid), len(corpus.test)] == [1000, 2000, 2000]
    assert len(set(corpus.sources("valid")) | set(corpus.sources("test"))) == 4000


def test_wmt14_is_streamed(monkeypatch):
    rows = [{"translation": {"en": f"Sentence {i}.", "fr": f"Phrase {i}." if i else ""}} for i in range(5)]
    asked = []
    fake = types.SimpleNamespace(
        exceptions=types.SimpleNamespace(DatasetsError=ValueError),
        load_dataset=lambda *a, **k: asked.append((a, k)) or rows,
    )
    from common.data.parallel import sources as parallel_sources

    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "datasets", fake)
        splits = parallel_sources.find("wmt14-en-fr", 1).read()
        assert [e.target for e in splits["train"]()] == [f"Phrase {i}." for i in range(1, 5)]
        assert asked == [(("wmt/wmt14", "fr-en"), {"split": "train", "streaming": True})]
        fake.load_dataset = lambda *a, **k: (_ for _ in ()).throw(OSError("no network"))
        with pytest.raises(UserError, match="wmt14-en-fr: .*no network"):
            list(splits["test"]())


# --- every script


HINDI = [f"{noun}{vowel} वह है।" for noun in ("लडक", "बकर", "घोड", "बेट") for vowel in ("ा", "ी", "े")]


def test_sentences_that_differ_in_their_marks_are_different(own):
    corpus = parallel.load(own(HINDI, names=("own.hi", "own.fr")))
    assert sum(map(len, (corpus.train, corpus.valid, corpus.test))) == len(HINDI) == 12


def test_a_carriage_return_within_a_line_shifts_nothing(own, tmp_path):
    name = own()
    plain = list(read_pairs(tmp_path / "own.en", tmp_path / "own.fr"))
    for file in ("own.en", "own.fr"):
        lines = (tmp_path / file).read_bytes().split(b" ")
        (tmp_path / file).write_bytes(b" ".join([lines[0] + b"\r" + lines[1], *lines[2:]]))
    shifted = list(read_pairs(tmp_path / "own.en", tmp_path / "own.fr"))
    assert [pair.target.split() for pair in shifted] == [pair.target.split() for pair in plain]
    assert len(parallel.load(name).train) == 10


def test_the_judge_of_translations_knows_the_language(own):
    assert parallel.load(own()).bleu_tokeniser == "13a"
    assert parallel.load(own(EN, HINDI, ("own.en", "own.hi"))).bleu_tokeniser == "intl"


def test_a_line_that_is_empty_once_it_is_tokenised(own):
    with pytest.raises(UserError, match=r"own\.en:3: no word is left of this pair: its source side"):
        parallel.load(own([*EN[:2], "\x07", *EN[3:]]))


# --- bad input


@pytest.mark.parametrize("short", ["own.en", "own.fr"])
def test_unequal_numbers_of_lines(own, short):
    sides = (EN[:-1], FR) if short == "own.en" else (EN, FR[:-1])
    with pytest.raises(UserError, match=rf"{short}:12: the file ends before this line, .*own\.\w\w goes on"):
        parallel.load(own(*sides))


@pytest.mark.parametrize("side", [0, 1])
def test_an_empty_line_on_one_side(own, side):
    lines = [list(EN), list(FR)]
    lines[side][4] = "  "
    with pytest.raises(UserError, match=rf"own\.{('en', 'fr')[side]}:5: an empty line"):
        parallel.load(own(*lines))


def test_a_line_that_is_empty_on_both_sides_is_skipped(own, tmp_path):
    own(["", *EN], ["", *FR])
    pairs = list(read_pairs(tmp_path / "own.en", tmp_path / "own.fr"))
    assert len(pairs) == 12 and pairs[0].where.endswith("own.en:2")


def test_a_sentence_of_ten_thousand_words(own):
    long = [*EN[:3], "word " * 10_000, *EN[4:]]
    with pytest.raises(UserError, match=r"own\.en:4: a sentence of 10,000 words; the longest here is 1,000"):
        parallel.load(own(long))
    assert len(parallel.load(own(long), max_length=50).train) == 9  # left out of the training text
    with pytest.raises(UserError, match="this sentence: a sentence of 10,000 words"):
        parallel.load(own()).encode_source("word " * 10_000)


def test_a_held_out_sentence_is_never_left_out(own):
    held_out = parallel.load(own()).sources("test")[0]
    with pytest.raises(UserError, match=r"own\.en:\d+: a sentence of 1,00\d words"):  # commas do not move it to train
        parallel.load(own([line.replace(held_out, held_out + " ," * 1000) for line in EN]), max_length=50)


@pytest.mark.parametrize(
    "name, message",
    [
        ("gramar-en-fr", "did you mean 'grammar-en-fr'"),
        ("parallel:one.en", "give two files"),
        ("parallel:one.en,", "give two files"),
        ("parallel:/no/one.en,/no/one.fr", "/no/one.en: cannot be read"),
    ],
)
def test_names(name, message):
    with pytest.raises(UserError, match=message):
        parallel.load(name)


def test_unit(own):
    with pytest.raises(UserError, match="unknown unit 'letters'"):
        parallel.load(own(), unit="letters")


def test_too_few_sentences(own):
    with pytest.raises(UserError, match="only 9 sentences; it needs 10"):
        parallel.load(own(EN[:9], FR[:9]))
    with pytest.raises(UserError, match="too few distinct sentences"):
        parallel.load(own(["Go."] * 20, ["Va."] * 20))


def test_an_end_mark_in_the_text_is_text(own):
    corpus = parallel.load(own(["a </s> ."] + EN[1:], FR))
    assert all((source == corpus.source.eos).sum() == 1 for source, _ in corpus.train)
