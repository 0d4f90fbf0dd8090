import numpy as np
import pytest

from common.data.speech import corpus as speech
from common.data.speech import formants
from common.data.speech.acoustics import FrontEnd

EAR = FrontEnd(formants.RATE, 25.0, 15.0)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(formants, "SIZES", {"train": 20, "valid": 3, "test": 3})


def test_the_same_speech_every_time():
    first, again = formants.utterance(11, 3), formants.utterance(11, 3)
    assert first[0] == again[0] and first[1] == again[1]
    assert np.array_equal(first[2], again[2])
    assert not np.array_equal(first[2][:1000], formants.utterance(12, 3)[2][:1000])


def test_words_come_from_the_lexicon_and_follow_their_grammar():
    words = formants.lexicon()
    assert len(set(words)) == formants.WORDS
    for number in range(20):
        said = [words.index(word) for word in formants.utterance(1, number)[0]]
        assert all(b in formants.followers()[a] for a, b in zip(said, said[1:], strict=False))


def test_duration_is_that_of_the_segments():
    for number in range(5):
        _, segments, waveform = formants.utterance(2, number)
        assert len(waveform) / formants.RATE == pytest.approx(sum(seconds for _, seconds in segments), abs=0.01)
        phones = [phone for phone, _ in segments]
        assert phones[0] == phones[-1] == formants.SILENCE
        assert all(a != b for a, b in zip(phones, phones[1:], strict=False))


def energy_near(waveform, hertz) -> float:
    spectrum = np.abs(np.fft.rfft(waveform)) ** 2
    frequency = np.fft.rfftfreq(len(waveform), 1 / formants.RATE)
    return spectrum[np.abs(frequency - hertz) < 200].sum() / spectrum.sum()


def test_vowels_have_their_formants(monkeypatch):
    monkeypatch.setattr(formants, "TRACTS", (1.0, 1.0))
    monkeypatch.setattr(formants, "NOISE", 0.02)
    sounds = {vowel: formants.synthesise([(vowel, 0.5)], np.random.default_rng(1)) for vowel in "ai"}
    assert energy_near(sounds["a"], 1090) > 5 * energy_near(sounds["i"], 1090)
    assert energy_near(sounds["i"], 2290) > 2 * energy_near(sounds["a"], 2290)


def test_a_short_phone_is_coloured_by_its_neighbours(monkeypatch):
    monkeypatch.setattr(formants, "TRACTS", (1.0, 1.0))
    tracks = [
        formants._glide(
            np.repeat([[float(f)] * 8 for f in (1, 2, 1)], [40, length, 40], axis=0).copy(), np.full(8, 0.025)
        )
        for length in (4, 60)
    ]
    assert tracks[0].max() < 1.5 < 1.95 < tracks[1].max()


def test_corpus(small):
    phones = speech.load("formants", window_ms=25.0, shift_ms=15.0)
    one = phones.train[0]
    assert one.features.shape == (one.frames, 26) and len(one.alignment) == one.frames
    starts = np.flatnonzero(np.diff(one.alignment, prepend=-1))
    assert set(one.alignment[starts]) <= set(one.labels)
    characters = speech.load("formants", units="characters", window_ms=25.0, shift_ms=15.0)
    assert characters.words(characters.train[0].labels) == formants.utterance(formants.SEEDS["train"], 0)[0]
    assert characters.train[0].alignment is None and characters.separator is not None
    assert set(phones.labels) == {"<blank>", *formants.PHONES}
