import numpy as np
import pytest

from common.data.tagged import corpus as tagged
from common.data.tagged import readers, travel
from common.data.tagged.batches import batches
from common.data.tagged.corpus import Sentence
from common.data.tagged.schemes import to_iob2
from common.errors import UserError
from common.metrics.span_f1 import spans


@pytest.fixture
def write(tmp_path):
    def write(name: str, text: str):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


@pytest.mark.parametrize("tags", ["I-A I-A O I-B B-B I-A", "B-A I-A O B-B B-B B-A", "B-A E-A O S-B S-B S-A"])
def test_every_scheme_says_the_same_in_iob2(write, capsys, tags):
    path = write("a", "".join(f"w {tag}\n" for tag in tags.split()))
    corpus = tagged.load(f"tagged:{path},{path},{path}")
    assert corpus.train[0].tags == ("B-A", "I-A", "O", "B-B", "B-B", "B-A") and corpus.spans
    assert ("are read as IOB2" in capsys.readouterr().err) == (not tags.startswith("B-A I-A"))


def test_inside_after_an_end_begins_a_span():
    assert to_iob2(["S-A", "I-A", "E-A", "I-A", "O"]) == ("B-A", "B-A", "I-A", "B-A", "O")


@pytest.mark.parametrize(
    "text, message",
    [
        ("a x\nb c y\n", "a:2: 3 columns instead of 2"),
        ("a\n", "a:1: 1 columns instead of 2"),
        ("\n\n", "a:1: no sentence"),
        ("-DOCSTART- O\n\n", "a:1: no sentence"),
        ("a B-X\nb Y\n", "a:2: the tag 'Y' beside others"),
        ("a B-X\n\nb L-X\n", "a:3: the tag 'L-X' beside others"),
    ],
)
def test_bad_columns_are_named_with_file_and_line(write, text, message):
    path = write("a", text)
    with pytest.raises(UserError, match=message):
        tagged.load(f"tagged:{path},{path},{path}")


def test_files_with_other_columns_and_what_is_no_treebank(write):
    one, other = write("a", "a x\n"), write("b", "a N x\n")
    with pytest.raises(UserError, match="not the same columns"):
        tagged.load(f"tagged:{one},{one},{other}")
    with pytest.raises(UserError, match="a: not NLTK's sample"):
        list(readers.trees(one, 1, 2))


def test_missing_files_and_unknown_names(tmp_path):
    with pytest.raises(UserError, match="nowhere: cannot be read"):
        tagged.load(f"tagged:{tmp_path}/nowhere,b,c")
    with pytest.raises(UserError, match="name three files"):
        tagged.load("tagged:a,b")
    with pytest.raises(UserError, match="unknown tagged corpus 'conl2003'; did you mean 'conll2003'"):
        tagged.load("conl2003")


@pytest.mark.parametrize("line", ["BOS a b EOS\tO O x", "a b EOS\tO O x", "BOS a EOS O O x"])
def test_bad_lines_with_intents_are_named(write, line):
    with pytest.raises(UserError, match="a:2: .* words and .* tags"):
        list(readers.with_intents(write("a", "BOS good EOS\tO O x\n" + line + "\n")))


def test_a_line_with_intent(write):
    (found,) = readers.with_intents(write("a", "BOS to york EOS\t O O B-city flight#fare\n"))
    assert found.words == ("to", "york") and [tag for tag, _ in found.tags] == ["O", "B-city"]
    assert found.intent == "flight#fare"


def test_leaves_of_a_tree_without_traces():
    assert readers.LEAF.findall("(S (NP-SBJ (-NONE- *-1)) (VP (VB go)) (. .))") == [
        ("-NONE-", "*-1"),
        ("VB", "go"),
        (".", "."),
    ]


def test_what_training_has_not_seen_is_unknown(write):
    train, test = write("train", "The N DT\ncat N NN\n\nThe V DT\n"), write("test", "the N DT\ndog N JJ\n")
    corpus = tagged.load(
        f"tagged:{train},{test},{test}",
        min_count=2,
        feature_count=1,
        describe=lambda sentence: [[column] for column in sentence.columns[0]],
    )
    assert not corpus.spans and corpus.target.words == ("DT", "NN") and corpus.features == {"N": 1, "V": 2}
    data = corpus.encode([*corpus.test, corpus.train[1]])
    assert corpus.vocabulary.decode(data.words) == ["the", "<unk>", "the"]
    assert data.tags.tolist() == [0, -1, 0] and data.features.tolist() == [[1], [1], [2]]
    assert data.starts.tolist() == [0, 2, 3]


def test_batches_hold_each_sentence_once_padded_after_its_end():
    corpus = tagged.load("travel")
    data, eos = corpus.encode(corpus.valid), corpus.vocabulary.eos
    loader = batches(data, eos, 16, seed=1)
    seen = []
    for batch in loader:
        for column, number in enumerate(batch.numbers.tolist()):
            length = int(batch.lengths[column])
            seen.append(number)
            words = [corpus.normalise(word) for word in corpus.valid[number].words]
            assert corpus.vocabulary.decode(batch.words[:length, column]) == [
                word if word in corpus.vocabulary else "<unk>" for word in words
            ]
            assert (batch.words[length:, column] == eos).all() and not batch.tags[length:, column].any()
    assert sorted(seen) == list(range(len(corpus.valid)))
    halves = [[*batches(data, eos, 16, 1, rank, 2)] for rank in (0, 1)]
    first = next(iter(batches(data, eos, 16, seed=1)))
    numbers = np.concatenate([half[0].numbers for half in halves])
    assert set(numbers) == set(first.numbers.tolist()) and halves[0][0].total == first.total == len(first.numbers)
    assert halves[1][0].total_words == first.total_words == int(first.lengths.sum())


def test_made_up_requests_have_what_each_tagger_lacks():
    train, _, test = travel.generate()
    assert travel.generate()[0] == train and (len(train), len(test)) == (travel.SIZES[0], travel.SIZES[2])
    roles = {}
    for words, tags, _ in train:
        for start, end, kind in spans(tags):
            roles.setdefault(words[start], set()).add(kind)
            if kind in ("departure", "destination", "stop"):
                assert (
                    words[start - 1] in travel.ROLES
                    and travel.ROLES[words[start - 1]] == kind
                    or travel.BEHIND[words[end]] == kind
                )
    assert {"departure", "destination", "stop"} <= roles["Taipei"]
    names = {words[start:end] for words, tags, _ in train for start, end, kind in spans(tags) if kind == "passenger"}
    assert {len(name) for name in names} == {1, 2}


def test_the_fingerprint_is_of_the_sentences():
    one, two = tagged.load("travel"), tagged.load("travel", sentences=100)
    assert one.fingerprint == tagged.load("travel").fingerprint != two.fingerprint and len(two.train) == 100
    assert isinstance(one.train[0], Sentence)
