"""What the figures are drawn from, computed while the network is at hand."""

from collections.abc import Sequence
from contextlib import contextmanager

import numpy as np
import torch

from common.data.speech.corpus import SpeechCorpus, Utterance
from common.output.ctc import BLANK, error_signal
from common.search.ctc_prefix import sections
from replications.graves2006_ctc.decoders import best_paths
from replications.graves2006_ctc.hmm import HMM, Gaussians, flat_start
from replications.graves2006_ctc.module import Recogniser
from replications.graves2006_ctc.plain import Prefix, prefix_tree

SHOWN = 0.05  # outputs that never get so far are left out
LONGEST_SECTION = 25  # frames of the section whose search is drawn
LOWER_THRESHOLDS = (0.99, 0.9, 0.5)  # of the blank, where no short section ends at a certain one
TREE_EXPANSIONS = 60
TREE_CHILDREN = 4  # of each prefix, the most probable ones


@contextmanager
def weights_for_now(module: Recogniser, weights: dict[str, torch.Tensor] | None):
    """The module with other weights (None: its own), and then its own again."""
    own = {name: weight.clone() for name, weight in module.tested.state_dict().items()}
    module.tested.load_state_dict(weights or own)
    try:
        yield module
    finally:
        module.tested.load_state_dict(own)


def chosen_utterance(utterances: Sequence[Utterance]) -> int:
    """The first of average length: the same for every network."""
    middle = np.median([one.frames for one in utterances])
    return int(np.argmin([abs(one.frames - middle) for one in utterances]))


def boundaries(corpus: SpeechCorpus, at: int) -> tuple[list[int], bool]:
    """First frames of the phones of a test utterance, and whether hand or synthesis set them.

    Where nobody did, one Gaussian per phone trained from a flat start places them.
    """
    one = corpus.test[at]
    alignment, true = one.alignment, True
    if alignment is None:
        symbols = len(corpus.labels)
        aligned = flat_start(corpus.train, symbols)
        hmm = HMM.count(corpus.train, aligned, symbols)
        alignment, true = hmm.align(Gaussians(corpus.train, aligned, symbols)(one.features), one.labels), False
    return np.flatnonzero(np.diff(alignment, prepend=-1)).tolist(), true


def shown_outputs(corpus: SpeechCorpus, y: np.ndarray) -> dict[str, list[float]]:
    """Label -> its curve ``[T]``, for those that get anywhere; the blank too, where there is one."""
    shown = [k for k in range(y.shape[1]) if y[:, k].max() > SHOWN]
    return {corpus.labels[k]: np.round(y[:, k], 4).tolist() for k in shown}


def ctc(corpus: SpeechCorpus, module: Recogniser, outputs: list[np.ndarray], untrained, early) -> dict:
    """Spikes, the error signal at three times of the training, the tree of a search."""
    at = chosen_utterance(corpus.test)
    first, true = boundaries(corpus, at)
    labels = torch.from_numpy(corpus.test[at].labels)
    panels = []
    for title, weights in (("untrained", untrained), ("early", early), ("trained", None)):
        with weights_for_now(module, weights):
            log_y = module.outputs([corpus.test[at]])[0]
        error = error_signal(torch.from_numpy(log_y).double(), labels).numpy()
        shown = sorted({BLANK, *corpus.test[at].labels.tolist()})
        panels.append(
            {
                "title": title,
                "outputs": shown_outputs(corpus, np.exp(log_y)),
                "errors": {corpus.labels[k]: np.round(error[:, k], 4).tolist() for k in shown},
            }
        )
    spikes = {
        "outputs": panels[-1]["outputs"],
        "boundaries": first,
        "set_by_hand": true,
        "decoded": corpus.spell(best_paths([outputs[at]])[0]),
    }
    tree = search_tree(corpus, outputs, module.config.blank_threshold)
    return {"spikes": spikes, "error_signal": panels} | ({"tree": tree} if tree else {})


def hybrid(corpus: SpeechCorpus, module: Recogniser, outputs: list[np.ndarray]) -> dict:
    """The frame-wise network's outputs along the same utterance."""
    at = chosen_utterance(corpus.test)
    return {"frames": shown_outputs(corpus, np.exp(outputs[at]))}


def search_tree(corpus: SpeechCorpus, outputs: list[np.ndarray], threshold: float) -> dict | None:
    """A short section on which prefix search finds something more probable than the best path, as a tree."""
    for cut in (threshold, *LOWER_THRESHOLDS):
        for log_y in outputs:
            for start, end in sections(np.exp(log_y[:, BLANK]), cut):
                piece = log_y[start:end].astype(np.float64)
                path = best_paths([piece])[0]
                if 4 <= end - start <= LONGEST_SECTION and 1 <= len(path) <= 3:
                    labels, log_p, root = prefix_tree(piece, TREE_EXPANSIONS)
                    if list(labels) != path:
                        return {
                            "tree": _nodes(corpus, root),
                            "best": corpus.spell(labels),
                            "best_path": corpus.spell(path),
                            "probability": round(float(np.exp(log_p)), 4),
                        }
    return None


def _nodes(corpus: SpeechCorpus, node: Prefix) -> dict:
    children = sorted(node.children, key=lambda child: -max(child.whole, child.longer))[:TREE_CHILDREN]
    return {
        "label": corpus.labels[node.labels[-1]] if node.labels else "",
        "rank": node.rank,
        "whole": round(float(np.exp(node.whole)), 4),
        "longer": round(float(np.exp(node.longer)), 4),
        "children": [_nodes(corpus, child) for child in children],
    }
