import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from common import paths
from common.data import fetch
from common.data.text import arrow_store, corpora, grammar
from common.data.text.arrow_store import Prepared, open_or_prepare
from common.data.text.corpora import load
from common.errors import UserError
from common.text.vocabulary import Vocabulary


@pytest.fixture
def tiny(catalogue, files):
    """Corpus ``tiny`` in data/."""
    (paths.DATA / "tiny").mkdir(parents=True)
    for name, content in files.items():
        (paths.DATA / "tiny" / name).write_bytes(content)


def sentences(corpus, split: str) -> list[str]:
    return " ".join(corpus.vocabulary.decode(getattr(corpus, split))).removesuffix(" </s>").split(" </s> ")


def test_a_corpus_of_the_catalogue(tiny):
    corpus = load("tiny")
    assert corpus.name == "tiny" and corpus.info == {}
    # the 3, </s> 3, dog 2, sleeps 2, barks 1, cat 1, <unk> 0: ties by appearance, then </s>, then <unk>
    assert corpus.vocabulary.words == ("the", "</s>", "dog", "sleeps", "barks", "cat", "<unk>")
    assert corpus.train.tolist() == [0, 2, 4, 1, 0, 5, 3, 1, 0, 2, 3, 1]
    assert corpus.valid.tolist() == [0, 5, 4, 1]
    assert corpus.test.tolist() == [0, 6, 6, 1]  # "bird" and "sings" are not in the training text
    assert corpus.eos == 1


def test_arrays_are_int32_and_read_only(tiny):
    for _ in range(2):  # prepared, then found
        corpus = load("tiny")
        for array in (corpus.train, corpus.valid, corpus.test):
            assert array.dtype == np.int32 and array.ndim == 1 and not array.flags.writeable


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux lists what is mapped")
def test_arrays_are_mapped_from_the_file(tiny):
    corpus = load("tiny")
    arrow = next((paths.BUILD / "corpora" / "tiny" / corpus.fingerprint / "train").glob("*.arrow"))
    assert str(arrow) in Path("/proc/self/maps").read_text()


def test_prepared_once(tiny, monkeypatch):
    first = load("tiny")
    monkeypatch.setattr(fetch, "fetch", None)  # would fail if it were called
    again = load("tiny")
    assert again.fingerprint == first.fingerprint and again.vocabulary == first.vocabulary
    assert again.train.tolist() == first.train.tolist()


def test_the_first_training_sentences_make_their_own_vocabulary(tiny):
    corpus = load("tiny", train_sentences=2)
    assert sentences(corpus, "train") == ["the dog barks", "the cat sleeps"]
    assert corpus.vocabulary.counts[0] == 2 and len(corpus.vocabulary) == 7
    assert sentences(load("tiny", train_sentences=1), "valid") == ["the <unk> barks"]
    assert load("tiny", train_sentences=3).train.tolist() == load("tiny").train.tolist()


@pytest.mark.parametrize("count", [0, -1, 4])
def test_more_training_sentences_than_there_are(tiny, count):
    with pytest.raises(UserError, match=f"train_sentences={count}: give 1 to 3, the training sentences"):
        load("tiny", train_sentences=count)


def test_every_setting_gives_another_fingerprint(tiny):
    settings = [{}, {"min_count": 2}, {"max_size": 4}, {"train_sentences": 2}, {"unit": "characters"}]
    assert len({load("tiny", **each).fingerprint for each in settings}) == len(settings)
    assert load("tiny", max_size=4).vocabulary.words == ("<unk>", "the", "</s>", "dog")
    assert load("tiny", min_count=2).vocabulary.words == ("the", "</s>", "dog", "sleeps", "<unk>")


def test_characters(tiny):
    corpus = load("tiny", unit="characters")
    assert "".join(corpus.vocabulary.decode(corpus.valid)) == "the_cat_barks</s>"


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("tinny", {}, "unknown corpus 'tinny'; did you mean 'tiny'?"),
        ("gramar", {}, "unknown corpus 'gramar'; did you mean 'grammar'?"),
        ("tiny", {"unit": "word"}, "unknown unit 'word'; did you mean 'words'?"),
        ("bought", {}, "bought is not a text corpus"),
    ],
)
def test_unknown_names(tiny, name, settings, message):
    with pytest.raises(UserError, match=re.escape(message)):
        load(name, **settings)


def test_a_corpus_that_cannot_be_fetched_leaves_nothing_prepared(catalogue):
    with pytest.raises(UserError, match="no connection"):
        load("tiny")
    assert not list((paths.BUILD / "corpora").rglob("*.json"))


def test_your_text_is_cut_into_contiguous_blocks(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("".join(f"w{i} x\n" for i in range(25)))
    corpus = load(f"text:{path}")
    assert sentences(corpus, "train") == [f"w{i} x" for i in range(21)]
    assert sentences(corpus, "valid") == sentences(corpus, "test") == ["<unk> x"] * 2
    assert "w20" in corpus.vocabulary and "w21" not in corpus.vocabulary


def test_your_text_is_shuffled_by_line_if_you_say_so(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("".join(f"w{i}\n" for i in range(50)))
    corpus, again = load(f"shuffled:{path}"), load(f"shuffled:{path}")
    kept = sentences(corpus, "train")
    assert len(kept) == 40 and kept != sorted(kept, key=lambda word: int(word[1:])) and again.train is not corpus.train
    assert np.array_equal(again.train, corpus.train) and corpus.fingerprint != load(f"text:{path}").fingerprint
    with pytest.raises(UserError, match="a folder has its own three parts; write text:"):
        load(f"shuffled:{tmp_path}")


def test_what_to_know_of_your_text(tmp_path, tiny):
    def note(lines, **settings):
        (tmp_path / "mine.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return load(f"text:{tmp_path / 'mine.txt'}", **settings).note

    told = note([*["a b c"] * 18, "a b z", "z z a"])
    assert told.endswith(
        "mine.txt: 16 sentences to train, 2 and 2 to validate and test; 5 words are known, "
        "0.0 % and 37.5 % of what is held out are not."
    )
    assert "known" in told and load("tiny").note == ""
    assert "punctuation sticks to its words" in note(["Well, said the dog, no: never."] * 20)
    assert "punctuation" not in note(["well , said the dog , no : never ."] * 20)
    assert "no blanks between words" in note(["我喜欢红色的狗。"] * 20)
    assert "no blanks" not in note(["我喜欢红色的狗。"] * 20, unit="characters")
    assert "<unk>" not in note(["a b c"] * 20, max_size=4) and "4 words are known" in note(["a b c"] * 20, max_size=4)


def test_your_folder_keeps_its_own_splits(tmp_path):
    for split in arrow_store.SPLITS:
        (tmp_path / f"{split}.txt").write_text(f"{split} it\nagain\n")
    corpus = load(f"text:{tmp_path}")
    assert sentences(corpus, "train") == ["train it", "again"]
    assert sentences(corpus, "test") == ["<unk> it", "again"]
    (tmp_path / "valid.txt").unlink()
    with pytest.raises(UserError, match="valid.txt: cannot be read"):
        load(f"text:{tmp_path}")


def test_the_fingerprint_follows_the_content_and_not_the_path(tmp_path):
    for name, last in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / f"{name}.txt").write_text("one two\n" * 11 + last)
    a, b, c = (load(f"text:{tmp_path / name}.txt").fingerprint for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", ":1: the file is empty"),
        (b"a b\n" * 9, ":9: only 9 sentences, one per line; it needs 10"),
        (b"fine\n" * 20 + b"\xff\n", ":21: not UTF-8"),
        (b"word " * 200_000, ":1: a line of more than"),
        (None, ": cannot be read .No such file"),
    ],
)
def test_bad_text_is_refused_and_leaves_nothing(tmp_path, content, reason):
    path = tmp_path / "mine.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=f"^{re.escape(str(path))}{reason}"):
        load(f"text:{path}")
    assert not list(paths.BUILD.rglob("*.json"))


def test_synthetic_text_with_its_entropy_rate_and_seed():
    def small(seed: int) -> grammar.Text:
        return grammar.generate(seed, train_tokens=600, valid_tokens=60, test_tokens=60)

    made = small(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(corpora.SYNTHETIC, "grammar", small)
        corpus, other = load("grammar"), load("grammar", seed=2)
    assert sentences(corpus, "train") == made.train
    for split, lines in (("valid", made.valid), ("test", made.test)):
        known = [[word if word in corpus.vocabulary else "<unk>" for word in line.split()] for line in lines]
        assert sentences(corpus, split) == list(map(" ".join, known))
    assert corpus.info == {"entropy_rate": made.entropy_rate}
    assert corpus.fingerprint != other.fingerprint and sentences(other, "train") != made.train


def prepared(tokens: int = 5) -> Prepared:
    vocabulary = Vocabulary.build([["a"] * tokens])
    arrays = {split: vocabulary.encode(["a"] * tokens) for split in arrow_store.SPLITS}
    return Prepared(vocabulary, arrays, {"k": 1})


def test_others_wait_for_the_one_that_prepares(tmp_path):
    calls, results = [], []

    def slowly() -> Prepared:
        calls.append(1)
        time.sleep(0.2)
        return prepared()

    def run() -> None:
        results.append(open_or_prepare(tmp_path / "f", slowly).arrays["test"].tolist())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [1] and results == [[0] * 5] * 4


def test_what_a_killed_process_left_is_made_again(tmp_path):
    killed = (
        "import os, signal, sys; from pathlib import Path; import numpy as np\n"
        "from common.data.text.arrow_store import Prepared, open_or_prepare\n"
        "class Vocabulary:\n"
        "    def save(self, path): os.kill(os.getpid(), signal.SIGKILL)\n"
        "arrays = {split: np.zeros(3, np.int32) for split in ('train', 'valid', 'test')}\n"
        "open_or_prepare(Path(sys.argv[1]), lambda: Prepared(Vocabulary(), arrays, {}))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(paths.ROOT)}
    process = subprocess.run([sys.executable, "-c", killed, tmp_path / "f"], env=environment)
    assert process.returncode == -signal.SIGKILL
    assert (tmp_path / "f.partial" / "test").is_dir() and not (tmp_path / "f").exists()
    (tmp_path / "f.partial" / "stray").touch()
    assert open_or_prepare(tmp_path / "f", prepared).info == {"k": 1}
    assert not (tmp_path / "f.partial").exists() and not (tmp_path / "f" / "stray").exists()


@pytest.mark.parametrize("damage", ["info.json", "sha256.json", "vocabulary.json", "train/state.json", "test/*.arrow"])
def test_a_damaged_folder_is_made_again(tmp_path, damage):
    open_or_prepare(tmp_path / "f", prepared)
    damaged = next((tmp_path / "f").glob(damage))
    damaged.write_bytes(damaged.read_bytes()[:-4])
    assert open_or_prepare(tmp_path / "f", lambda: prepared(7)).arrays["test"].tolist() == [0] * 7


def test_a_flipped_bit_is_noticed(tmp_path):
    open_or_prepare(tmp_path / "f", prepared)
    damaged = next((tmp_path / "f").glob("train/*.arrow"))
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    assert open_or_prepare(tmp_path / "f", lambda: prepared(7)).arrays["train"].tolist() == [0] * 7


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OSError, match="File exists: .*file"):
        open_or_prepare(tmp_path / "file" / "f", prepared)
