"""Words in every script."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.text import letters
from common.text.moses import Moses

SENTENCES = {
    "fr": "L\u2019homme d'à côté n'est pas très léger.",
    "en": "The dog\u2019s well-known bone isn't here.",
    "hi": "लड़कियाँ हिन्दी पढ़ती हैं और लिखती हैं।",
    "ar": "أَهْلًا وَسَهْلًا كيف حالك اليوم؟",
    "fa": "می\u200cخواهم بروم تا ببینم او را.",
    "ru": "Он сказал: «Привет», — и ушёл…",
    "zh": "我喜欢红色的狗。",
    "th": "ฉันชอบหมา",
}
LETTERS = st.sampled_from("aZéαЖאبیकहகა")
MARKED = st.tuples(
    LETTERS, st.text(st.sampled_from("\u0300\u0301\u0308\u0327\u093f\u094d\u0902\u064e\u0652"), max_size=2)
).map("".join)
WORDS = st.lists(st.lists(MARKED, min_size=1, max_size=4).map("".join).map(letters.composed), min_size=1, max_size=4)


@pytest.mark.parametrize("text", SENTENCES.values())
def test_a_letter_is_the_same_however_it_was_typed(text):
    decomposed = unicodedata.normalize("NFD", text)
    assert letters.words(decomposed) == letters.words(text)
    assert Moses("fr").tokenise(decomposed) == Moses("fr").tokenise(text)


@pytest.mark.parametrize("language", ["hi", "ar", "fa"])
def test_words_keep_their_marks(language):
    text = SENTENCES[language]
    whole = [word.rstrip(".।؟") for word in unicodedata.normalize("NFC", text).split()]
    assert letters.words(text) == whole
    assert Moses(language).tokenise(text)[:-1] == whole


def test_apostrophes_and_scripts_without_blanks():
    assert letters.words("L\u2019été d'a_b") == ["L'été", "d'a", "b"]
    assert letters.words(SENTENCES["zh"]) == list(SENTENCES["zh"][:-1])
    assert Moses("fr").tokenise(SENTENCES["fr"])[:4] == ["L\u2019", "homme", "d'", "à"]
    assert Moses("en").tokenise(SENTENCES["en"])[:3] == ["The", "dog", "\u2019s"]


def test_what_makes_two_sentences_the_same():
    assert letters.only_letters("Go on, THEN!") == letters.only_letters("go on then")
    assert letters.only_letters("लडकी") != letters.only_letters("लडका")


@given(WORDS)
def test_no_tokeniser_cuts_a_word_between_a_letter_and_its_mark(words):
    text = " ".join(words)
    assert all(not unicodedata.category(word[0]).startswith("M") for word in letters.words(text))
    tokens = Moses("en").tokenise(text)
    assert tokens == text.split()
    assert Moses("en").detokenise(tokens) == text
