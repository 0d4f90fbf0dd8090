"""Use a trained system: it translates a sentence, with and without the network, and shows what each feature says."""

from pathlib import Path

import numpy as np

from common.phrase_based.bitext import Links
from common.phrase_based.options import GLOBAL, LOCAL, local_features
from common.training import checkpoints
from common.training.trained import restored
from replications.cho2014_gru.config import Config
from replications.cho2014_gru.experiment import build, load_data, shortlists, system_of
from replications.cho2014_gru.phrases import score_rows
from replications.cho2014_gru.sentences import translate

DEFAULT_EXPERIMENT = "smt"


def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """The translation of ``text`` without and with the network: its phrases, and every feature times its weight. A
    network without a system around it translates alone.

    Neither ``seed`` nor ``length`` matters: nothing is drawn.

    Raises:
        UserError: a sentence of more than 1,000 words.
    """
    module, corpus = restored(path, Config, load_data, build)
    config, (source, target) = module.config, shortlists(corpus, module.config)
    saved = checkpoints.load(path)
    if "links" not in saved:
        (words,) = translate(module.network, [source.of[corpus.encode_source(text)]], config)
        return corpus.detokenise([target.words[i] for i in words])
    system = system_of(corpus, config, Links(*(part.numpy() for part in saved["links"])))
    options, written = system.options_of(text), corpus.source_tokeniser.tokenise(text)
    column = score_rows(module.network, system.table, np.unique(options.row), source, target)[:, None]
    decoder, lines = system.decoder(config.stack), []
    for name, extra, weights in (("baseline", None, "baseline"), ("+ RNN", column, "with_rnn")):
        weights = saved[weights].numpy()
        found = decoder.translate(options, local_features(options, system.table, extra), weights)
        lines.append(f"{name:9} {corpus.detokenise(found.words[0])}")
        lines.append(
            "          "
            + "  ".join(
                f"[{' '.join(written[options.start[i] : options.end[i]])} -> {' '.join(options.text[i])}]"
                for i in found.options[0]
            )
        )
        names = [*LOCAL, *(["network"] if extra is not None else []), *GLOBAL]
        total = found.features[0] * weights
        lines += [f"          {value:9.2f}  {feature}" for feature, value in zip(names, total, strict=True)]
        lines.append(f"          {total.sum():9.2f}  in all")
    return "\n".join(lines)
