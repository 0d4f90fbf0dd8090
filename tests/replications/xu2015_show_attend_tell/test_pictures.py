"""Whole runs on a few pictures, ours and yours; where words point; maps of encoders."""

import json
import random
from types import SimpleNamespace

import pytest
import torch
from PIL import Image
from sacrebleu.metrics import BLEU

from common.data.pictures.scenes import Thing
from common.reporting.evidence.results import Record
from common.training.execute import execute
from common.vision import encoders
from common.vision.efficientnet_lite0 import EfficientNetLite0
from common.vision.maps import MAPS
from replications.xu2015_show_attend_tell import demo, evaluation, figures, lists
from tests.replications.xu2015_show_attend_tell.tiny import prepare, settings

PAPER = "xu2015_show_attend_tell"
THINGS = ("small", "red", "circle", 2, 0), ("large", "blue", "square", 0, 1), ("large", "white", "circle", 1, 1)
SCENE = tuple(Thing(*one) for one in THINGS)
RIGHT = "small red circle and blue square and large white circle".split()


@pytest.fixture
def tiny(checkout, monkeypatch):
    prepare(monkeypatch)


def test_where_words_point():
    assert lists.places(RIGHT, SCENE) == [6, 6, 6, -1, 1, 1, -1, 4, 4, 4]
    assert lists.places("green circle and white".split(), SCENE) == [-1, -1, -1, 4]


def test_captions_list_every_thing_rightly_and_in_order():
    assert lists.is_true(RIGHT, SCENE) and not lists.is_true(RIGHT[:6], SCENE)
    assert not lists.is_true(" ".join(RIGHT).replace("small", "large").split(), SCENE)
    draw = random.Random(1)
    for scene in (lists.draw_scene(draw) for _ in range(20)):
        assert lists.is_true(lists.caption(draw, scene), scene)


def test_bleu_without_its_penalty():
    best, references = [tuple("abcde")], [[tuple("abcdefg"), tuple("abcdexyz")]]
    found, theirs = evaluation.judge(best, SimpleNamespace(captions=references, scenes=())), BLEU(tokenize="none")
    score = theirs.corpus_score(["a b c d e"], [["a b c d e f g"], ["a b c d e x y z"]])
    assert score.bp < 1 and evaluation.brevity_penalty(best, references) == pytest.approx(score.bp)
    assert found["bleu4/no_brevity_penalty"] == pytest.approx(100) and found["bleu4"] == pytest.approx(100 * score.bp)


def test_a_network_that_writes_nothing_has_no_bleu():
    """Its penalty is so small that it is 0 in double precision."""
    references = [[tuple("abcdefghijkl")]] * 100
    found = evaluation.judge([()] * 100, SimpleNamespace(captions=references, scenes=()))
    assert evaluation.brevity_penalty([()] * 100, references) == 0 and set(found.values()) == {0.0}


def test_a_run_its_figures_and_its_demo(tiny, tmp_path):
    folder = execute(PAPER, "hard", overrides=settings())
    found = json.loads((folder / "results.json").read_text())
    wanted = {"bleu4", "bleu1/no_brevity_penalty", "true", "map_entropy", "pointing", "pointing/other_maps"}
    assert {f"test/{name}" for name in wanted} <= found["metrics"].keys() and Record.model_validate(found)
    assert [name for name, *_ in figures.draw({"hard": found})] == ["maps-hard"]
    saved = torch.load(folder / "seed-1.pt", weights_only=True)["weights"]
    assert saved["baseline"] < 0 and saved["network.embedding.weight"][-1].abs().sum() == 0
    Image.new("LA", (50, 20), (90, 255)).save(tmp_path / "any.png")
    assert "where it looked for each word is in" in demo.demo(folder / "seed-1.pt", str(tmp_path / "any.png"))


def test_photographs_of_your_own_by_the_encoder_of_the_scaled_rows(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(encoders, "load", lambda name: EfficientNetLite0().eval())  # its weights are an extra
    lines = []
    for number in range(10):
        Image.new("RGB", (9, 9), (25 * number, 0, 0)).save(tmp_path / f"{number}.png")
        lines.append(f"{number}.png\ta {'dark' if number < 5 else 'bright'} picture\n")
    (tmp_path / "mine.tsv").write_text("".join(lines))
    own = settings(corpus=f"captions:{tmp_path / 'mine.tsv'}", min_count=1, consensus=False, batch_size=2)
    found = json.loads((execute(PAPER, "soft", "scaled", overrides=own) / "results.json").read_text())
    assert "test/bleu4/other_maps" in found["metrics"] and "test/pointing" not in found["metrics"]
    assert len(found["figures"]["examples"][0]["maps"][0]) == 49


def test_maps_are_what_their_encoders_see_before_pooling(tiny, monkeypatch):
    picture = torch.randint(0, 256, (2, 3, 24, 24), dtype=torch.uint8)
    torch.testing.assert_close(MAPS["small_cnn"].load()(picture), encoders.load("small_cnn")(picture))  # 2 x 2 places
    monkeypatch.setattr(encoders, "load", lambda name: EfficientNetLite0().eval())
    monkeypatch.setattr(encoders, "published", lambda name, network: network)
    with torch.device("meta"):
        for kind in (MAPS["vgg19"], MAPS["efficientnet_lite0"]):
            found = kind.load()(torch.empty(2, 3, kind.size, kind.size, dtype=torch.uint8))
            assert found.shape == (2, kind.features * kind.side**2)
