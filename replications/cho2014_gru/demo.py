"""Use a trained system: it translates a sentence, with and without the network, and shows what each feature says."""

from pathlib import Path

import numpy as np

from common.errors import UserError
from common.phrase_based.bitext import Links
from common.phrase_based.decoder import NBest
from common.phrase_based.options import GLOBAL, LOCAL, local_features
from common.phrase_based.system import PhraseSystem
from common.training import checkpoints
from replications.cho2014_gru.config import Config
from replications.cho2014_gru.experiment import load_data, shortlists, system_of
from replications.cho2014_gru.module import PhraseLearner
from replications.cho2014_gru.phrases import score_rows

DEFAULT_EXPERIMENT = "smt"


def load_model(path: Path) -> tuple[PhraseLearner, PhraseSystem, np.ndarray, np.ndarray]:
    """A trained network, the system around it, and the system's weights without and with the network.

    Raises:
        UserError: no such file, not a checkpoint, its vocabularies are not those of the corpus as it is now, or the
            network is one for whole sentences.
    """
    saved = checkpoints.load(path)
    config = Config(**saved["config"])
    if "links" not in saved:
        raise UserError(f"{path}: a network that translates alone; there is no phrase-based system to try")
    corpus = load_data(config)
    for vocabulary, fingerprint in zip((corpus.source, corpus.target), saved["vocabularies"], strict=True):
        vocabulary.require_same(fingerprint, str(path))
    source, target = shortlists(corpus, config)
    module = PhraseLearner(config, len(source), len(target), target.end)
    module.load_state_dict(saved["weights"])
    system = system_of(corpus, config, Links(*(part.numpy() for part in saved["links"])))
    return module.eval(), system, saved["baseline"].numpy(), saved["with_rnn"].numpy()


def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """The translation of ``text`` without and with the network: its phrases, and every feature times its weight.

    Neither ``seed`` nor ``length`` matters: nothing is drawn.

    Raises:
        UserError: a sentence of more than 1,000 words.
    """
    module, system, baseline, with_rnn = load_model(path)
    corpus, options = system.corpus, system.options_of(text)
    column = score_rows(module.network, system.table, np.unique(options.row),
                        *shortlists(corpus, module.config))[:, None]
    decoder, written = system.decoder(system.settings.stack), corpus.source_tokeniser.tokenise(text)
    lines = []
    for name, extra, weights in (("baseline", None, baseline), ("+ RNN", column, with_rnn)):
        found: NBest = decoder.translate(options, local_features(options, system.table, extra), weights)
        lines.append(f"{name:9} {corpus.detokenise(found.words[0])}")
        lines.append("          " + "  ".join(
            f"[{' '.join(written[options.start[i]:options.end[i]])} -> {' '.join(options.text[i])}]"
            for i in found.options[0]))
        names = [*LOCAL, *(["network"] if extra is not None else []), *GLOBAL]
        total = found.features[0] * weights
        lines += [f"          {value:9.2f}  {feature}" for feature, value in zip(names, total, strict=True)]
        lines.append(f"          {total.sum():9.2f}  in all")
    return "\n".join(lines)
