"""Count-based language models.

Each model is built from a corpus (an integer array of word ids, every sentence ended by ``eos``) and gives
``probabilities(tokens)`` and ``log_probabilities(tokens)``, [N] each, and ``distribution(context)``, [V].
"""

from common.ngram.cache import Cache
from common.ngram.good_turing import GoodTuring
from common.ngram.interpolation import mix, tune_weights
from common.ngram.kneser_ney import KneserNey

__all__ = ["Cache", "GoodTuring", "KneserNey", "mix", "tune_weights"]
