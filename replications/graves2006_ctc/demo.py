"""Use a trained network: it transcribes a recording and draws its outputs under the waveform."""

from pathlib import Path

import numpy as np
import soundfile
import torch
from matplotlib.figure import Figure

from common import paths
from common.data.speech import formants
from common.data.speech.acoustics import FrontEnd, read_audio
from common.data.speech.source import SPACE
from common.errors import UserError
from common.reporting.pages.figures import INK, save, style
from common.search.ctc_prefix import prefix_search
from common.training.trained import kept
from replications.graves2006_ctc.config import Config
from replications.graves2006_ctc.figure_data import SHOWN
from replications.graves2006_ctc.figures import colors, curves
from replications.graves2006_ctc.model import Network

DEFAULT_EXPERIMENT = "ctc"
ACCEPTS = "audio/*"
ENVELOPE = 1200  # points of the waveform that are drawn
FRESH = 14  # a seed of synthesised speech that none of the splits has


def load_model(path: Path) -> tuple[Network, FrontEnd, Config, dict]:
    """A trained network, how it hears, its settings, and the rest of its checkpoint.

    Raises:
        UserError: no such file, not a checkpoint of a CTC network, or one that was trained on features only.
    """
    saved, config = kept(path, Config)
    if config.model != "ctc":
        raise UserError(f"{path}: a hybrid transcribes only with its phone model; choose --experiment ctc")
    if not saved["front_end"]:
        raise UserError(
            f"{path}: trained on the features of {config.corpus}, which come from another front end than "
            "ours, so that it cannot hear a recording; choose another experiment or scale"
        )
    network = Network(config, len(saved["mean"]), len(saved["labels"]))
    network.load_state_dict(saved["weights"])
    return network.eval(), FrontEnd(*saved["front_end"]), config, saved


def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """The transcript of the recording ``text`` by prefix search, and where its picture lies.

    Without one, words are synthesised, as the quick scale's are, and kept for listening. ``seed`` and ``length`` are
    for models that write; nothing here is random.

    Raises:
        UserError: the recording is not readable, or shorter than a window.
    """
    network, front_end, config, saved = load_model(path)
    recording, said = Path(text).expanduser(), ""
    if not text:
        recording = paths.BUILD / "try" / "synthesised.wav"
        said = f"synthesised, because no FILE.wav (flac, ogg) was given: {synthesised(recording)}; {recording}\n"
    waveform = read_audio(recording, front_end.rate)
    features = front_end(waveform)
    if not len(features):
        raise UserError(f"{recording}: shorter than one window of {front_end.window_ms:g} ms; give a longer recording")
    x = ((features - np.array(saved["mean"])) / np.array(saved["deviation"])).astype(np.float32)
    with torch.no_grad():
        log_y = network(torch.from_numpy(x).unsqueeze(1), torch.tensor([len(x)]))[:, 0].numpy()
    labels = saved["labels"]
    found = prefix_search(log_y, config.blank_threshold, config.max_expansions)
    spelled = [labels[k] for k in found.labels]
    transcript = "".join(spelled).replace(SPACE, " ") if config.units == "characters" else " ".join(spelled)
    target = paths.BUILD / "try" / f"{recording.stem}.svg"
    with style():
        save(picture(waveform, front_end, np.exp(log_y), labels), target)
    return f"{said}{transcript or '(nothing)'}\n{target}"


def synthesised(path: Path) -> str:
    """Writes a recording of made-up words, and says which."""
    words, _, waveform = formants.utterance(FRESH, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, waveform / np.abs(waveform).max(), formants.RATE)
    return " ".join(words)


def picture(waveform: np.ndarray, front_end: FrontEnd, y: np.ndarray, labels: list[str]) -> Figure:
    """The waveform ``[N]``, and the output probabilities ``[T, K]`` under it."""
    figure = Figure(figsize=(9, 3.8))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2))
    step = max(1, len(waveform) // ENVELOPE)
    chunks = waveform[: len(waveform) // step * step].reshape(-1, step)
    times = np.arange(len(chunks)) * step / front_end.rate
    above.fill_between(times, chunks.min(1), chunks.max(1), color=INK, linewidth=0)
    above.set(yticks=[], ylabel="waveform")
    outputs = {labels[k]: y[:, k].tolist() for k in range(y.shape[1]) if y[:, k].max() > SHOWN}
    curves(below, outputs, colors(outputs), front_end.shift_ms / 1000)
    below.set(xlabel="seconds", ylabel="probability", ylim=(0, 1.18), yticks=[0, 0.5, 1])
    for axes in (above, below):
        axes.grid(visible=False)
        axes.margins(x=0)
    return figure
