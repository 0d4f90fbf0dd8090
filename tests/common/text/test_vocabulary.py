import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import UserError
from common.text.tokenise import characters, words
from common.text.vocabulary import EOS, UNK, Vocabulary

SENTENCES = [["b", "a", "b"], ["c", "a", "b"], ["d"]]

sentences = st.lists(st.sampled_from([*"abcdefgh", UNK]), max_size=6).map(lambda rest: ["a", *rest])
texts = st.lists(sentences, min_size=1, max_size=12)


def test_words_stand_in_order_of_falling_frequency_and_ties_in_order_of_appearance():
    vocabulary = Vocabulary.build(SENTENCES)
    assert vocabulary.words == ("b", EOS, "a", "c", "d", UNK)
    assert vocabulary.counts == (3, 3, 2, 1, 1, 0)
    assert (vocabulary.eos, vocabulary.unk, len(vocabulary)) == (1, 5, 6)


def test_rare_words_become_unk_and_bring_their_counts_which_can_move_unk_up():
    vocabulary = Vocabulary.build(SENTENCES, min_count=2)
    assert vocabulary.words == ("b", EOS, "a", UNK) and vocabulary.counts == (3, 3, 2, 2)
    assert Vocabulary.build([["x"], ["y"], ["z"], ["w", "w"]], min_count=2).words == (EOS, UNK, "w")


def test_max_size_counts_every_entry_and_keeps_the_most_frequent():
    vocabulary = Vocabulary.build(SENTENCES, max_size=3)
    assert vocabulary.words == (UNK, "b", EOS) and vocabulary.counts == (4, 3, 3)


def test_unk_written_in_the_text_is_the_same_entry():
    vocabulary = Vocabulary.build([["a", UNK, UNK]])
    assert vocabulary.words == (UNK, "a", EOS) and vocabulary.counts == (2, 1, 1)


@pytest.mark.parametrize("settings", [{"min_count": 0}, {"max_size": 2}, {"max_size": -1}, {"min_count": 4}])
def test_settings_that_leave_no_words_are_refused(settings):
    with pytest.raises(UserError, match="leave no words"):
        Vocabulary.build(SENTENCES, **settings)


@given(texts, st.integers(1, 4), st.none() | st.integers(3, 8))
def test_no_token_is_lost_whatever_the_caps(text, min_count, max_size):
    text = text + [["a"]] * 4  # so that one word survives
    vocabulary = Vocabulary.build(text, min_count=min_count, max_size=max_size)
    assert sum(vocabulary.counts) == sum(map(len, text)) + len(text)
    assert list(vocabulary.counts) == sorted(vocabulary.counts, reverse=True)
    assert max_size is None or len(vocabulary) <= max_size
    encoded = np.concatenate([vocabulary.encode([*sentence, EOS]) for sentence in text])
    assert np.bincount(encoded, minlength=len(vocabulary)).tolist() == list(vocabulary.counts)


@given(texts)
def test_decoding_undoes_encoding(text):
    vocabulary = Vocabulary.build(text)
    assert [vocabulary.decode(vocabulary.encode(sentence)) for sentence in text] == text


def test_encode_gives_int32_and_unk_for_strangers():
    vocabulary = Vocabulary.build(SENTENCES)
    ids = vocabulary.encode(["b", "zebra", EOS])
    assert ids.dtype == np.int32 and ids.tolist() == [0, vocabulary.unk, vocabulary.eos]
    assert vocabulary.encode([]).shape == (0,)


@pytest.mark.parametrize("outside", [-1, 6])
def test_decode_refuses_an_id_outside(outside):
    with pytest.raises(ValueError, match=f"id {outside} is outside the vocabulary of 6 words"):
        Vocabulary.build(SENTENCES).decode([0, outside])


def test_saved_and_loaded_it_is_the_same(tmp_path):
    vocabulary = Vocabulary.build([["naïve", "日本", '"quoted"']])
    vocabulary.save(tmp_path / "v.json")
    loaded = Vocabulary.load(tmp_path / "v.json")
    assert loaded == vocabulary and loaded.fingerprint == vocabulary.fingerprint
    assert [file.name for file in tmp_path.iterdir()] == ["v.json"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "no vocabulary there"),
        ("", "not a vocabulary"),
        ("[1, 2]", "not a vocabulary"),
        ('{"words": ["</s>", "<unk>", "a"], "counts": [2, 1]}', "3 words, 3 distinct, 2 counts"),
        ('{"words": ["</s>", "<unk>", "a", "a"], "counts": [2, 1, 1, 1]}', "4 words, 3 distinct"),
        ('{"words": ["a", "b"], "counts": [2, 1]}', "it needs"),
    ],
)
def test_a_broken_file_is_named(tmp_path, text, reason):
    path = tmp_path / "v.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=reason) as error:
        Vocabulary.load(path)
    assert str(error.value).startswith(f"{path}: ")


def test_another_vocabulary_is_refused_with_what_to_do():
    ours = Vocabulary.build(SENTENCES)
    ours.require_same(Vocabulary.build(SENTENCES).fingerprint, "last.ckpt")
    other_counts = Vocabulary(ours.words, (4, *ours.counts[1:]))
    other_order = Vocabulary((*ours.words[1:], ours.words[0]), ours.counts)
    for other in (other_counts, other_order):
        with pytest.raises(UserError, match=r"^last.ckpt: was made with another vocabulary .* 6 words"):
            ours.require_same(other.fingerprint, "last.ckpt")


def test_tokenisers():
    assert words("  no it was n't \n") == ["no", "it", "was", "n't"]
    assert characters(" no  it\n") == ["n", "o", "_", "i", "t"]
    assert words(" \t\n") == characters(" \n") == []
