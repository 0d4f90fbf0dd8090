"""Speech corpora from waveforms and features made here; each kind of bad input by its message."""

import resource
import struct
from pathlib import Path

import kaldiio
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from common.data import catalog, fetch
from common.data.speech import an4, timit
from common.data.speech import corpus as speech
from common.data.speech.acoustics import FrontEnd, read_audio, with_deltas
from common.errors import UserError

EAR = FrontEnd(16_000, 10.0, 5.0)


def tone(seconds: float, rate: int = 16_000, hertz: float = 440.0) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate).astype(np.float32)


# --- the front end


def test_26_numbers_every_5_ms():
    features = EAR(tone(1.0))
    assert features.shape == (199, 26) and features.dtype == np.float32  # 1 + (1000 - 10) / 5
    assert np.isfinite(features).all()


def test_a_steady_tone_does_not_change():
    features = EAR(tone(0.5))
    assert np.abs(features[20:80, 13:]).max() < 0.1 * np.abs(features[20:80, :13]).max()


def test_energy_follows_loudness_and_cepstra_do_not():
    quiet, loud = EAR(0.1 * tone(0.3)), EAR(tone(0.3))
    np.testing.assert_allclose((loud - quiet)[5:-5, 0], 2 * np.log(10), atol=0.01)
    np.testing.assert_allclose(loud[5:-5, 1:13], quiet[5:-5, 1:13], atol=0.05)


def test_silence_is_a_defined_result():
    assert np.isfinite(EAR(np.zeros(16_000))).all()


def test_less_than_a_window_has_no_frames():
    assert EAR(np.zeros(100)).shape == (0, 26)


def test_deltas_are_the_regression_over_two_frames_to_each_side():
    static = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    found = with_deltas(static)
    t = 9
    expected = sum(n * (static[t + n] - static[t - n]) for n in (1, 2)) / (2 * (1 + 4))
    np.testing.assert_allclose(found[t], np.concatenate([static[t], expected]), rtol=1e-5)


# --- recordings


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
def test_formats_and_rates(tmp_path, name):
    soundfile.write(tmp_path / name, tone(0.5, 8000), 8000)
    found = read_audio(tmp_path / name, 16_000)
    assert len(found) == pytest.approx(8000, abs=100)
    spectrum = np.abs(np.fft.rfft(found))
    assert np.argmax(spectrum) * 16_000 / len(found) == pytest.approx(440, abs=4)


def test_stereo_is_averaged(tmp_path):
    left, right = tone(0.2), tone(0.2, hertz=1000)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], 1), 16_000, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav", 16_000), (left + right) / 2, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.one_of(st.integers(4000, 768_000), st.sampled_from([8000, 11_025, 16_001, 44_099, 44_100, 48_000, 96_001])))
def test_any_rate_gives_the_same_tone_in_little_memory(tmp_path_factory, rate):
    path = tmp_path_factory.getbasetemp() / "rate.wav"
    soundfile.write(path, tone(0.2, rate), rate)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = read_audio(path, 16_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB
    assert len(found) == pytest.approx(3200, abs=8)
    spectrum = np.abs(np.fft.rfft(found, 16_000))
    assert np.argmax(spectrum) == pytest.approx(440, abs=3)


def wav(rate: int = 16_000, samples: int = 1000, announced: int | None = None) -> bytes:
    data = (3000 * np.sin(np.arange(samples))).astype("<i2").tobytes()
    size = len(data) if announced is None else announced
    return (
        b"RIFF"
        + struct.pack("<I", min(size + 36, 2**32 - 1))
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate % 2**32, 2, 16)
        + b"data"
        + struct.pack("<I", size)
        + data
    )


@pytest.mark.parametrize(
    "content, message",
    [
        (wav(2**31 - 1), "a.wav has 2147483647 samples per second; speech needs at least 4000, and no"),
        (wav(announced=4000), "a.wav breaks off: 1000 of 2000 samples are there; get it again"),
        (wav(samples=0), "a.wav has no sound in it"),
    ],
)
def test_a_header_is_not_believed(tmp_path, content, message):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_audio(tmp_path / "a.wav", 16_000)


def test_a_recording_from_a_pipe_does_not_know_its_length(tmp_path):
    (tmp_path / "a.wav").write_bytes(wav(announced=2**32 - 1))
    assert len(read_audio(tmp_path / "a.wav", 16_000)) == 1000


def test_a_header_that_announces_hours(tmp_path):
    soundfile.write(tmp_path / "a.flac", tone(0.1), 16_000)
    content = bytearray((tmp_path / "a.flac").read_bytes())
    content[21] |= 0x0F  # the upper bits of how many samples there are: 2^36
    (tmp_path / "a.flac").write_bytes(content)
    with pytest.raises(UserError, match=r"a.flac has \d{11} samples in 1 channels; cut it into sentences"):
        read_audio(tmp_path / "a.flac", 16_000)


@pytest.mark.parametrize("format", ["WAV", "NIST", "AU"])
def test_a_recording_whose_second_half_is_missing(tmp_path, format):
    soundfile.write(tmp_path / "a", tone(0.5), 16_000, format=format, subtype="PCM_16")
    content = (tmp_path / "a").read_bytes()
    assert len(read_audio(tmp_path / "a", 16_000)) == 8000
    (tmp_path / "a").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"a breaks off: \d+ of 8000 samples are there"):
        read_audio(tmp_path / "a", 16_000)


# --- own data


@pytest.fixture
def manifest(tmp_path):
    """Writes a manifest of 20 short recordings; lines may be replaced."""

    def manifest(**lines: str) -> Path:
        found = []
        for number in range(1, 21):
            name = f"{number}.wav"
            soundfile.write(tmp_path / name, tone(0.3, hertz=200 + 20 * number), 16_000)
            found.append(lines.get(f"line{number}", f"{name}\tab {'ab'[number % 2]}"))
        path = tmp_path / "manifest.tsv"
        path.write_text("\n".join(found) + "\n", encoding="utf-8")
        return path

    return manifest


def test_own_data(manifest):
    corpus = speech.load(f"speech:{manifest()}", units="characters")
    assert [len(getattr(corpus, split)) for split in speech.SPLITS] == [16, 2, 2]
    assert corpus.labels == ("<blank>", "_", "a", "b")
    assert corpus.words(corpus.test[0].labels) == ["ab", "b"]
    assert corpus.spell(corpus.train[0].labels) == ["a", "b", "_", "b"]
    frames = np.concatenate([one.features for one in corpus.train])
    np.testing.assert_allclose(frames.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(frames.std(0), 1, atol=1e-3)
    again = speech.load(f"speech:{manifest()}", units="characters")
    assert again.fingerprint == corpus.fingerprint
    other = speech.load(f"speech:{manifest(line3='3.wav	ba')}", units="characters")
    assert other.fingerprint != corpus.fingerprint


def test_phones_are_between_blanks(manifest):
    corpus = speech.load(f"speech:{manifest(line1='1.wav	sh iy ab a b')}", units="phones")
    assert corpus.labels == ("<blank>", "a", "ab", "b", "iy", "sh")
    assert corpus.spell(corpus.train[0].labels) == ["sh", "iy", "ab", "a", "b"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("3.wav", "manifest.tsv:3: no tab"),
        ("3.wav\t  ", "manifest.tsv:3: an empty transcript"),
        ("gone.wav\tab", "manifest.tsv:3: no file .*gone.wav"),
        ("manifest.tsv\tab", "manifest.tsv:3: .* is not a readable recording"),
        ("slow.wav\tab", "manifest.tsv:3: .* has 1000 samples per second; speech needs at least 4000"),
        ("short.wav\tab", "manifest.tsv:3: short.wav is shorter than one window"),
        ("3.wav\ta_b", "manifest.tsv:3: _ in a transcript, which stands for something else here"),
        ("nan.wav\tab", "manifest.tsv:3: .* samples that are not numbers"),
    ],
)
def test_bad_lines(manifest, tmp_path, line, message):
    soundfile.write(tmp_path / "slow.wav", tone(0.3, 1000), 1000)
    soundfile.write(tmp_path / "short.wav", tone(0.005), 16_000)
    soundfile.write(tmp_path / "nan.wav", np.full(4000, np.nan, np.float32), 16_000, subtype="FLOAT")
    with pytest.raises(UserError, match=message):
        speech.load(f"speech:{manifest(line3=line)}", units="characters")


def test_all_bad_lines_are_told_at_once(manifest):
    path = manifest(line3="3.wav", line7="gone.wav\tab", line9="9.wav\t")
    with pytest.raises(UserError) as error:
        speech.load(f"speech:{path}", units="characters")
    assert [line.split(":")[1] for line in str(error.value).splitlines()] == ["3", "7", "9"]


def test_a_label_that_training_never_shows(manifest):
    with pytest.raises(UserError, match=r"manifest.tsv:19: 'y' of the test set never occurs(.|\n)*:20: 'z' of"):
        speech.load(f"speech:{manifest(line19='19.wav	ay', line20='20.wav	az')}", units="characters")


def test_what_cannot_be_learnt_is_left_out_and_told(manifest):
    path = manifest(line3="3.wav\t" + "ab" * 40, line5="5.wav\t" + "z" * 31)
    corpus = speech.load(f"speech:{path}", units="characters")
    assert [len(getattr(corpus, split)) for split in speech.SPLITS] == [14, 2, 2] and "z" not in corpus.labels
    assert "2 recordings are too short for their transcripts and left out: " in corpus.note
    assert "manifest.tsv:3 (80 frames for 80 labels, it has 59)" in corpus.note
    assert speech.load(f"speech:{manifest()}", units="characters").note.endswith(
        "manifest.tsv: 16, 2, 2 recordings to train, validate and test"
    )
    with pytest.raises(UserError, match="nothing is left of the test set. 2 recordings are too short"):
        speech.load(
            f"speech:{manifest(line19='19.wav	' + 'ab' * 40, line20='20.wav	' + 'ab' * 40)}", units="characters"
        )


def test_a_letter_of_a_transcript_is_the_same_however_it_was_typed(manifest):
    path = manifest(line1="1.wav\te\u0301t\u00e9")
    corpus = speech.load(f"speech:{path}", units="characters")
    assert corpus.spell(corpus.train[0].labels) == ["\u00e9", "t", "\u00e9"]


def test_bad_manifests(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        speech.load(f"speech:{tmp_path / 'none.tsv'}")
    soundfile.write(tmp_path / "a.wav", tone(0.3), 16_000)
    (tmp_path / "few.tsv").write_text("a.wav\ta\n" * 3)
    with pytest.raises(UserError, match=r"few.tsv:3: 3 recordings; it needs 10"):
        speech.load(f"speech:{tmp_path / 'few.tsv'}")
    (tmp_path / "latin.tsv").write_bytes(b"a.wav\t\xe9t\xe9\n")
    with pytest.raises(UserError, match="not UTF-8"):
        speech.load(f"speech:{tmp_path / 'latin.tsv'}")


def test_unknown_names():
    with pytest.raises(UserError, match="did you mean 'formants'"):
        speech.load("formant")
    with pytest.raises(UserError, match="did you mean 'phones'"):
        speech.load("formants", units="phone")


# --- TIMIT, in files of our own making


@pytest.mark.parametrize(("corpus", "missing"), [("timit", "TRAIN, TEST"), ("timit-features", "mfcc, labels60")])
def test_licensed_corpora_are_never_fetched(corpus, missing, monkeypatch):
    monkeypatch.setattr(fetch, "_get", lambda *_: pytest.fail("fetched"))
    message = f"{corpus} is licensed and never downloaded, and {missing} is not there.*LDC93S1"
    with pytest.raises(UserError, match=message):
        speech.load(corpus)


def test_61_phones_of_which_39_are_scored():
    assert len(timit.PHONES) == 61
    assert len(set(timit.FOLDING.values()) - {None}) == 39
    assert [phone for phone, folded in timit.FOLDING.items() if folded is None] == ["q"]


@pytest.fixture
def disc(checkout):
    """A folder in LDC's layout: 3 training and 2 test speakers with a few tones each."""

    def disc(extra: str = "", upper: bool = True) -> Path:
        root = checkout / "data" / "timit"
        for split, speakers in (("TRAIN", 20), ("TEST", 2)):
            for speaker in range(speakers):
                folder = root / split / "DR1" / f"FXX{speaker}"
                folder.mkdir(parents=True, exist_ok=True)
                for sentence in ("SA1", "SX2"):
                    lines = ["0 1600 h#", "1600 3200 ix", "3200 4800 q", f"4800 6400 h#{extra}"]
                    name = sentence if upper else sentence.lower()
                    (folder / f"{name}.{'PHN' if upper else 'phn'}").write_text("\n".join(lines) + "\n")
                    audio = np.concatenate([tone(0.1, hertz=200 * n) for n in (1, 3, 5, 1)])
                    with soundfile.SoundFile(
                        folder / f"{name}.{'WAV' if upper else 'wav'}", "w", 16_000, 1, "PCM_16", format="NIST"
                    ) as file:
                        file.write(audio)
        return root

    return disc


@pytest.mark.parametrize("upper", [True, False])
def test_timit_as_it_is_sold(disc, upper):
    disc(upper=upper)
    corpus = speech.load("timit")
    assert [len(getattr(corpus, split)) for split in speech.SPLITS] == [19, 1, 2]  # 5 % held out, no SA sentence
    one = corpus.train[0]
    assert len(corpus.labels) == 62
    assert corpus.spell(one.labels) == ["h#", "ix", "q", "h#"]
    assert corpus.spell(one.alignment[[0, 25, 50, 78]]) == ["h#", "ix", "q", "h#"]
    assert corpus.spell(corpus.fold(one.labels)) == ["h#", "ih", "h#"]


def test_timit_with_a_broken_line(disc):
    disc(extra=" x")
    with pytest.raises(UserError, match=r"\.PHN:4: .* is not 'first-sample last-sample phone'"):
        speech.load("timit")


def test_timit_without_a_waveform(disc):
    root = disc()
    next(root.rglob("SX2.WAV")).unlink()
    with pytest.raises(UserError, match="no waveform beside it; copy SX2.wav"):
        speech.load("timit")


def test_timit_has_no_characters(disc):
    disc()
    with pytest.raises(UserError, match="set units to phones"):
        speech.load("timit", units="characters")


@pytest.fixture
def recipe(checkout, monkeypatch):
    """A folder as Kaldi's recipe leaves it, in a mirror."""
    root = checkout.parent / "mirror" / "timit-features"
    (root / "mfcc").mkdir(parents=True)
    (root / "labels60").mkdir()
    draw = np.random.default_rng(1)
    for split in ("train", "dev", "test"):
        names = [f"{split}{i}_sx1" for i in range(3)]
        kaldiio.save_ark(
            str(root / "mfcc" / f"raw_mfcc_{split}.1.ark"),
            {name: draw.normal(size=(12, 13)).astype(np.float32) for name in names},
        )
        (root / "labels60" / f"{split}.trans").write_text("".join(f"{name} h# ix q n h#\n" for name in names))
    monkeypatch.setenv(fetch.MIRROR, str(root.parent))
    return root


def test_timit_in_kaldis_layout_is_read_where_it_lies(recipe, checkout):
    corpus = speech.load("timit-features")
    assert [len(getattr(corpus, split)) for split in speech.SPLITS] == [3, 3, 3]
    assert corpus.train[0].features.shape == (12, 26) and corpus.train[0].alignment is None
    assert corpus.spell(corpus.fold(corpus.test[0].labels)) == ["h#", "ih", "n", "h#"]
    assert not list(checkout.rglob("*.*"))  # nothing was copied or cached


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda root: (root / "mfcc" / "raw_mfcc_dev.1.ark").write_bytes(b"dev0_sx1 \0BFM broken"),
            "dev.1.ark: a corrupt archive",
        ),
        (lambda root: (root / "mfcc" / "raw_mfcc_dev.1.ark").unlink(), "no features of dev0_sx1"),
        (
            lambda root: (root / "labels60" / "dev.trans").write_text("dev0_sx1 h# xx h#\n"),
            "dev.trans:1: 'xx' is none of the 61",
        ),
        (lambda root: (root / "labels60" / "dev.trans").write_text("dev0_sx1\n"), "dev.trans:1: no phones"),
        (lambda root: (root / "labels60" / "dev.trans").unlink(), "dev.trans: cannot be read"),
    ],
)
def test_broken_recipes(recipe, damage, message):
    damage(recipe)
    with pytest.raises(UserError, match=message):
        speech.load("timit-features")


# --- AN4


def sphinx(frames: int, announced: int | None = None) -> bytes:
    values = np.random.default_rng(frames).normal(size=(frames, 13)).astype(">f4")
    return struct.pack(">i", values.size if announced is None else announced) + values.tobytes()


@pytest.fixture
def an4_folder(checkout, monkeypatch):
    root = checkout / "data" / "an4"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "an4.dic").write_text("GO  G OW\nA   AH\nA(2)   EY\n")
    for split, speakers in (("train", 12), ("test", 2)):
        ids = [f"an4_{split}/s{speaker:02}/go" for speaker in range(speakers)]
        (root / "etc" / f"an4_{split}.fileids").write_text("\n".join(ids) + "\n")
        (root / "etc" / f"an4_{split}.transcription").write_text("".join(f"<s> GO A </s> ({i})\n" for i in ids))
        for name in ids:
            path = root / "feat" / f"{name}.mfc"
            path.parent.mkdir(parents=True)
            path.write_bytes(sphinx(20))
    monkeypatch.setattr(fetch, "fetch", lambda corpus: root)
    return root


def test_an4(an4_folder):
    corpus = speech.load("an4", units="characters")
    assert [len(getattr(corpus, split)) for split in speech.SPLITS] == [10, 2, 2]
    assert {one.name for one in corpus.valid} == {"an4_train/s00/go", "an4_train/s10/go"}
    assert corpus.words(corpus.train[0].labels) == ["GO", "A"]
    assert corpus.lexicon == {"GO": ["G", "O"], "A": ["A"]}
    phones = speech.load("an4")
    assert phones.spell(phones.train[0].labels) == ["G", "OW", "AH"]


@pytest.mark.parametrize(
    "content", [b"", b"\0\0", sphinx(3)[:-1], sphinx(3, announced=40), sphinx(3, announced=2**31 - 1)]
)
def test_a_corrupt_feature_file(tmp_path, content):
    (tmp_path / "a.mfc").write_bytes(content)
    with pytest.raises(UserError, match="a.mfc: a corrupt feature file"):
        an4.read_cepstra(tmp_path / "a.mfc")


def test_an4_with_a_transcript_too_few(an4_folder):
    path = an4_folder / "etc" / "an4_test.transcription"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(UserError, match="1 transcripts for 2 recordings"):
        speech.load("an4")


def test_an4_is_in_the_catalogue():
    entry = catalog.entry("an4")
    assert sum(name.endswith(".mfc") for name in entry.files) == 948 + 130
    assert not catalog.entry("timit-features").files
