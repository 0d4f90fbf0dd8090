"""Sets of captioned pictures."""

import numpy as np
import pytest
from PIL import Image

from common import paths
from common.data import fetch
from common.data.pictures import captions
from common.errors import UserError


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "DATA", tmp_path / "data")
    monkeypatch.delenv(fetch.MIRROR, raising=False)
    return tmp_path / "data"


def save_picture(path, grey=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), (grey, grey, grey)).save(path)


def small_flickr8k(place):
    """Six pictures in the official layout, with the one caption that has no picture."""
    names = [f"{number}_a.jpg" for number in range(6)]
    for number, name in enumerate(names):
        save_picture(place / "images" / name, 40 * number)
    lines = [f"{name}#{k}\tA dog , caption {k} of {name[0]} .\n" for name in names for k in range(5)]
    lines.insert(7, f"{captions.NO_PICTURE}#0\tA caption of nothing .\n")
    (place / captions.FLICKR8K_CAPTIONS).write_text("".join(lines))
    for split, some in (("train", names[:4]), ("valid", names[4:5]), ("test", names[5:])):
        (place / captions.FLICKR8K_SPLITS[split]).write_text("".join(f"{name}\n" for name in some))


@pytest.mark.parametrize(
    "text, words",
    [
        ("A black dog , and a spotted dog .", "a black dog and a spotted dog"),
        ("Two t-shirts; the man 's hat!", "two t-shirts the man s hat"),
        ("  don't STOP  ", "don't stop"),
        ("Ein Mädchen läuft.", "ein mädchen läuft"),
        ("...", ""),
        ("Une forme tre\u0300s le\u0301ge\u0300re", "une forme très légère"),
        ("L\u2019homme d\u2019ici", "l'homme d'ici"),
        ("लड़की है।", "लड़की है"),
    ],
)
def test_tokens(text, words):
    assert captions.tokenise(text) == tuple(words.split())


def test_flickr8k_has_the_official_splits_and_drops_the_caption_without_a_picture(data):
    small_flickr8k(data / "flickr8k")
    found = captions.load("flickr8k")
    assert [len(part) for part in found.splits.values()] == [4, 1, 1]
    assert all(len(each) == 5 for part in found.splits.values() for each in part.captions)
    assert found.test.captions[0][2] == ("a", "dog", "caption", "2", "of", "5")
    assert found.train.open(3).getpixel((0, 0))[0] == pytest.approx(120, abs=3)
    assert not any(captions.NO_PICTURE in part.names for part in found.splits.values())


def test_a_mirror_that_is_a_folder_stands_in_for_data(data, tmp_path, monkeypatch):
    small_flickr8k(tmp_path / "mirror" / "flickr8k")
    with pytest.raises(UserError, match="images.*not there"):
        captions.load("flickr8k")
    monkeypatch.setenv(fetch.MIRROR, str(tmp_path / "mirror"))
    assert len(captions.load("flickr8k").train) == 4


def test_the_fingerprint_is_of_the_pictures_too(data):
    small_flickr8k(data / "flickr8k")
    before = captions.load("flickr8k").fingerprint
    assert captions.load("flickr8k").fingerprint == before
    save_picture(data / "flickr8k" / "images" / "0_a.jpg", 255)
    assert captions.load("flickr8k").fingerprint != before


def test_a_picture_that_is_missing(data):
    small_flickr8k(data / "flickr8k")
    (data / "flickr8k" / "images" / "2_a.jpg").unlink()
    with pytest.raises(UserError, match=r"Flickr8k.token.txt: names the picture .*2_a.jpg, which is not there"):
        captions.load("flickr8k")


def test_a_split_that_names_an_unknown_picture_and_a_line_without_a_caption(data):
    small_flickr8k(data / "flickr8k")
    (data / "flickr8k" / "Flickr_8k.devImages.txt").write_text("4_a.jpg\nother.jpg\n")
    with pytest.raises(UserError, match=r"devImages.txt:2: .*no caption of other.jpg"):
        captions.load("flickr8k")
    (data / "flickr8k" / captions.FLICKR8K_CAPTIONS).write_text("0_a.jpg#0\tone\n\n0_a.jpg two\n")
    with pytest.raises(UserError, match=r"token.txt:3: not 'picture#number"):
        captions.load("flickr8k")


def test_flickr30k_is_cut_by_a_rule_and_holds_pictures_out(data, monkeypatch):
    monkeypatch.setattr(captions, "HELD_OUT", 2)
    place = data / "flickr30k"
    names = [f"{number}.jpg" for number in range(9)]
    for name in names:
        save_picture(place / "images" / name)
    (place / "results_20130124.token").write_text("".join(f"{n}#{k}\tCaption {k} .\n" for n in names for k in range(2)))
    found = captions.load("flickr30k")
    assert [len(part) for part in found.splits.values()] == [5, 2, 2]
    assert sorted(name for part in found.splits.values() for name in part.names) == names
    assert found.train.captions[0] == (("caption", "0"), ("caption", "1"))


@pytest.fixture
def manifest(tmp_path):
    """Twenty pictures, one of them with two captions."""
    lines = []
    for number in range(20):
        save_picture(tmp_path / f"pictures/{number}.png", 10 * number)
        lines.append(f"pictures/{number}.png\tPicture number {number}.\n")
    lines.insert(1, "pictures/0.png\tThe first one.\n")
    path = tmp_path / "manifest.tsv"
    path.write_text("".join(lines))
    return path


def test_your_own_pictures(manifest):
    found = captions.load(f"captions:{manifest}")
    assert [len(part) for part in found.splits.values()] == [16, 2, 2]
    assert found.train.captions[0] == (("picture", "number", "0"), ("the", "first", "one"))
    assert found.test.names == ("pictures/18.png", "pictures/19.png")
    assert found.note.endswith("manifest.tsv: 16 (17), 2 (2), 2 (2) pictures (captions) to train, validate and test")
    assert np.asarray(found.test.open(1)).max() == 190


@pytest.mark.parametrize(
    "line, message",
    [
        ("pictures/absent.png\tA caption\n", r"manifest.tsv:22: names the picture .*absent.png, which is not there"),
        ("pictures/1.png A caption\n", r"manifest.tsv:22: not 'path of a picture, tab, caption'"),
        ("pictures/1.png\t...\n", r"manifest.tsv:22: not 'path"),
        ("pictures/1.png\t\xff\n", r"manifest.tsv:22: not UTF-8"),
    ],
)
def test_a_bad_line_in_a_manifest(manifest, line, message):
    manifest.write_bytes(manifest.read_bytes() + line.encode("latin-1"))
    with pytest.raises(UserError, match=message):
        captions.load(f"captions:{manifest}")


def test_all_bad_lines_are_told_at_once(manifest, tmp_path):
    (tmp_path / "notes.svg").write_text("<svg/>")
    with open(manifest, "a") as file:
        file.write("pictures/gone.png\tA caption\nnotes.svg\tA drawing\nnothing\n")
    with pytest.raises(UserError) as error:
        captions.load(f"captions:{manifest}")
    told = str(error.value).splitlines()
    assert [line.split(":")[1] for line in told] == ["22", "23", "24"] and "draw an SVG as one" in told[1]


def test_too_few_pictures_and_no_manifest(manifest):
    manifest.write_text("".join(manifest.read_text().splitlines(True)[:4]))
    with pytest.raises(UserError, match="3 pictures; it needs 10"):
        captions.load(f"captions:{manifest}")
    with pytest.raises(UserError, match="cannot be read"):
        captions.load(f"captions:{manifest}.gone")


def test_an_unknown_set():
    with pytest.raises(UserError, match="unknown caption set 'flickr8'; did you mean 'flickr8k'"):
        captions.load("flickr8")
