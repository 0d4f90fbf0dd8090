"""From the outputs of trained networks to transcripts, and how wrong these are."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch

from common.data.speech.corpus import SpeechCorpus, Utterance
from common.metrics.label_error import label_error_rate
from common.ngram.kneser_ney import KneserNey
from common.output.ctc import BLANK
from common.search.ctc_beam import LanguageModel, ctc_beam_search, label_model, word_model
from common.search.ctc_best_path import collapse
from replications.graves2006_ctc.config import Config

WEIGHTS = (0.3, 0.6, 1.0, 1.5)  # of a language model; tuned on the validation set
BONUSES = (0.0, 1.0, 2.5)  # per word of the language model
BIGRAM_WEIGHTS = (0.5, 1.0, 2.0, 3.0)  # of the hybrid's phone bigram
TUNED_ON = 100  # validation utterances at most
TUNING_BEAM = 20
Transcripts = list[list[int]]


def best_paths(outputs: Sequence[np.ndarray]) -> Transcripts:
    return [collapse(log_y.argmax(1).tolist()) for log_y in outputs]


def spikes(outputs: Sequence[np.ndarray], utterances: Sequence[Utterance]) -> tuple[float, float]:
    """How long a label is the likeliest output, in percent of the mean length of a label of the reference; and how many
    labels are written, in percent of the reference's: a network that writes next to nothing has few blanks to spare.
    """
    paths = [log_y.argmax(1) for log_y in outputs]
    shown = sum((path != BLANK).sum() for path in paths)
    written = sum(((path != BLANK) & (path != np.append(BLANK, path[:-1]))).sum() for path in paths)
    frames, labels = sum(map(len, paths)), sum(len(one.labels) for one in utterances)
    return 100 * (shown / max(written, 1)) / (frames / labels), 100 * written / labels


def log_probabilities(outputs: Sequence[np.ndarray], transcripts: Sequence[Sequence[int]]) -> np.ndarray:
    """ln p(l | x) of a labelling for each output ``[N]``."""
    found = []
    for log_y, labels in zip(outputs, transcripts, strict=True):
        nll = torch.nn.functional.ctc_loss(
            torch.from_numpy(log_y).double().unsqueeze(1),
            torch.tensor([list(labels)]),
            (len(log_y),),
            (len(labels),),
            reduction="sum",
        )
        found.append(-nll.item())
    return np.array(found)


def label_error(corpus: SpeechCorpus, transcripts: Transcripts, utterances: Sequence[Utterance], fold: bool) -> float:
    """Percent of the reference labels, all 61 phones or folded to the 39 that are scored."""
    as_scored = corpus.fold if fold else list
    return label_error_rate([as_scored(one) for one in transcripts], [as_scored(one.labels) for one in utterances])


def word_error(corpus: SpeechCorpus, transcripts: Transcripts, utterances: Sequence[Utterance]) -> float:
    references = [corpus.words(one.labels) for one in utterances]
    return label_error_rate([corpus.words(one) for one in transcripts], references)


def character_model(config: Config, corpus: SpeechCorpus) -> LanguageModel:
    """An n-gram model of the characters of the training transcripts."""
    text = np.concatenate([np.append(one.labels, 0) for one in corpus.train])
    return label_model(KneserNey(config.label_order, text, len(corpus.labels), 0))


def lexicon_model(config: Config, corpus: SpeechCorpus) -> LanguageModel:
    """An n-gram model of the words of the training transcripts; it knows the corpus' lexicon and nothing else."""
    transcripts = [corpus.words(one.labels) for one in corpus.train]
    words = sorted({word for line in transcripts for word in line} | set(corpus.lexicon or ()))
    number = {word: at for at, word in enumerate(words, 1)}
    text = np.array([at for line in transcripts for at in [*(number[word] for word in line), 0]])
    letters = {label: k for k, label in enumerate(corpus.labels)}
    spellings = {number[word]: [letters[letter] for letter in word] for word in words if set(word) <= set(letters)}
    model = KneserNey(config.word_order, text, len(words) + 1, 0)
    return word_model(model, spellings, corpus.separator, len(corpus.labels))


def tuned_beam(
    corpus: SpeechCorpus, model: LanguageModel | None, outputs: Sequence[np.ndarray], beam_size: int
) -> tuple[Callable[[np.ndarray], list[int]], tuple[float, float]]:
    """Beam search with the weight and bonus that give the fewest word errors on validation outputs, and those two."""
    if model is None:
        return lambda log_y: ctc_beam_search(log_y, beam_size=beam_size), (0.0, 0.0)
    best, chosen = np.inf, (1.0, 0.0)
    for weight, bonus in itertools.product(WEIGHTS, BONUSES):
        found = [
            ctc_beam_search(log_y, model, beam_size=min(beam_size, TUNING_BEAM), weight=weight, bonus=bonus)
            for log_y in outputs[:TUNED_ON]
        ]
        error = word_error(corpus, found, corpus.valid[:TUNED_ON])
        if error < best:
            best, chosen = error, (weight, bonus)
    weight, bonus = chosen
    return lambda log_y: ctc_beam_search(log_y, model, beam_size=beam_size, weight=weight, bonus=bonus), chosen
