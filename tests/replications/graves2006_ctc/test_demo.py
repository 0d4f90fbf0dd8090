import numpy as np
import pytest
import soundfile
import torch

from common import paths
from common.data.speech import formants
from common.errors import UserError
from common.training import checkpoints
from replications.graves2006_ctc import demo
from replications.graves2006_ctc.model import Network


@pytest.fixture
def model(checkout, settings, tmp_path):
    """A checkpoint of an untrained network; parts of it may be replaced."""

    def model(experiment="ctc", **changes):
        config = settings(experiment)
        torch.manual_seed(1)
        weights = Network(config, 26, 5).state_dict()
        weights["output.bias"] = torch.tensor([0.0, 9.0, 0.0, 0.0, 0.0])  # it hears the same label all the time
        saved = {
            "config": config.model_dump(mode="json"),
            "labels": ["<blank>", "a", "b", "c", "_"],
            "weights": weights,
            "mean": [0.0] * 26,
            "deviation": [10.0] * 26,
            "front_end": [8000, 25.0, 20.0, True],
        } | changes
        checkpoints.save_atomically(saved, tmp_path / "seed-1.pt")
        return tmp_path / "seed-1.pt"

    return model


def test_transcribes_and_draws(model, tmp_path):
    soundfile.write(tmp_path / "one.wav", formants.utterance(1, 1)[2], formants.RATE)
    answer = demo.demo(model(), str(tmp_path / "one.wav"))
    transcript, picture = answer.splitlines()
    assert transcript == "a"
    assert picture == str(paths.BUILD / "try" / "one.svg")
    assert "waveform" in (paths.BUILD / "try" / "one.svg").read_text()


def test_silence_in_stereo_at_another_rate(model, tmp_path):
    soundfile.write(tmp_path / "none.flac", np.zeros((44_100, 2)), 44_100)
    weights = checkpoints.load(model())["weights"]
    weights["output.bias"] = torch.tensor([9.0, 0.0, 0.0, 0.0, 0.0])
    assert demo.demo(model(weights=weights), str(tmp_path / "none.flac")).startswith("(nothing)")


def test_without_a_recording_there_is_one_to_start_with(model):
    said, transcript, _ = demo.demo(model(), "").splitlines()
    words, _, waveform = formants.utterance(demo.FRESH, 1)
    assert " ".join(words) in said and demo.FRESH not in formants.SEEDS.values()
    heard, rate = soundfile.read(paths.BUILD / "try" / "synthesised.wav")
    assert (len(heard), rate) == (len(waveform), formants.RATE) and np.abs(heard).max() > 0.9
    assert transcript == demo.demo(model(), str(paths.BUILD / "try" / "synthesised.wav")).splitlines()[0]


def test_what_cannot_be_transcribed(model, tmp_path):
    with pytest.raises(UserError, match="no file"):
        demo.demo(model(), str(tmp_path / "none.wav"))
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(UserError, match="not a readable recording"):
        demo.demo(model(), str(tmp_path / "text.wav"))
    soundfile.write(tmp_path / "short.wav", np.zeros(20), 8000)
    with pytest.raises(UserError, match="shorter than one window"):
        demo.demo(model(), str(tmp_path / "short.wav"))


def test_models_that_cannot_hear(model, tmp_path):
    with pytest.raises(UserError, match="another front end"):
        demo.demo(model(front_end=None), "a.wav")
    with pytest.raises(UserError, match="choose --experiment ctc"):
        demo.demo(model("hybrid"), "a.wav")
    with pytest.raises(UserError, match="not a network of this paper"):
        demo.demo(model(config={"model": "rnn"}), "a.wav")
    with pytest.raises(UserError, match="no such checkpoint"):
        demo.demo(tmp_path / "none.pt", "a.wav")
