"""Use a trained network: it translates a sentence."""

from pathlib import Path

from common.training.trained import restored
from replications.sutskever2014_seq2seq.config import Config
from replications.sutskever2014_seq2seq.experiment import build, load_data
from replications.sutskever2014_seq2seq.translation import translate

DEFAULT_EXPERIMENT = "reversed"
SHOWN = 5  # translations


def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """The best translations of ``text``, best first, each with log p(translation | text).

    Neither ``seed`` nor ``length`` matters: nothing is drawn, and the network ends its sentences itself.

    Raises:
        UserError: a sentence of more than 1,000 words.
    """
    module, corpus = restored(path, Config, load_data, build)
    config = module.config
    source = corpus.encode_source(text)
    (found,) = translate([module.network], [source], beam_size=config.beam_size, n_best=min(SHOWN, config.beam_size))
    read = corpus.source.decode(source[:-1])
    lines = [f"reads    {' '.join(reversed(read) if config.reverse_source else read) or '(nothing)'}"]
    for hypothesis in found:
        words = corpus.detokenise(corpus.decode_target(hypothesis.words))
        lines.append(f"{hypothesis.log_probability:8.2f} {words}{'' if hypothesis.complete else ' ...'}")
    return "\n".join(lines)
