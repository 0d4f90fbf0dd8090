"""One row of the tables: train, decode, count errors.

Early stopping, the weights of language models and the hybrid's bigram weight come from the validation set; the test set
is read once, by the finished network.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import lightning as L
import numpy as np
import torch

from common.data.speech import corpus as speech
from common.data.speech.corpus import SpeechCorpus, Utterance
from common.errors import UserError
from common.output.ctc_kernel import ctc_loss
from common.search.ctc_prefix import prefix_search
from common.training import checkpoints
from common.training.best_weights import KeepBest, Weights, copied
from common.training.run import Run
from common.training.trained import trained
from replications.graves2006_ctc import decoders, figure_data
from replications.graves2006_ctc.config import Config
from replications.graves2006_ctc.data import batch_of, shortest_first, shuffled
from replications.graves2006_ctc.hmm import flat_start
from replications.graves2006_ctc.module import Recogniser
from replications.graves2006_ctc.tuning import Tuner

SPLITS = ("valid", "test")
ERROR_SIGNAL_UTTERANCES = 50


def load_data(config: Config) -> SpeechCorpus:
    """The recordings that a setting is trained and tested on."""
    return speech.load(config.corpus, units=config.units, window_ms=config.window_ms, shift_ms=config.shift_ms)


def build(config: Config, corpus: SpeechCorpus, seed: int = 1) -> Recogniser:
    """The untrained network of a setting."""
    return Recogniser(config, corpus)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    evaluate = evaluation(run.config)
    for seed in run.config.seeds:
        with run.seed(seed):
            networks = train(run, seed)
            if run.is_first_process:
                evaluate(run, seed, *networks)


def evaluation(config: Config) -> Callable[..., None]:
    return hybrid if config.model == "hybrid" else characters if config.units == "characters" else ctc


# --- training


class Snapshots(L.Callback):
    """Keeps what evaluation needs besides the best weights: those before training, those after an early epoch (until
    then, the untrained ones), and a hybrid's last alignment."""

    def __init__(self, folder: Path, epoch: int):
        self.folder, self.epoch = folder, epoch

    def on_train_start(self, trainer: L.Trainer, module: Recogniser) -> None:
        if not trainer.global_step:
            self.save(trainer, copied(module.tested), "untrained", "early")

    def on_validation_end(self, trainer: L.Trainer, module: Recogniser) -> None:
        if trainer.current_epoch + 1 == self.epoch:
            self.save(trainer, copied(module.tested), "early")

    def on_train_end(self, trainer: L.Trainer, module: Recogniser) -> None:
        self.save(trainer, module.alignments(), "alignments")

    def save(self, trainer: L.Trainer, value: object, *names: str) -> None:
        for name in names if trainer.is_global_zero else ():
            checkpoints.save_atomically(value, self.folder / f"{name}.pt")


def first_alignments(config: Config, corpus: SpeechCorpus) -> list[np.ndarray]:
    """What a hybrid begins to learn from.

    Raises:
        UserError: no flat start, on a corpus whose boundaries nobody set by hand.
    """
    if config.flat_start:
        return flat_start(corpus.train, len(corpus.labels))
    if any(one.alignment is None for one in corpus.train):
        raise UserError(f"{config.corpus}: no boundaries of phones to train a hybrid on; set flat_start to true")
    return [one.alignment for one in corpus.train]


def train(run: Run, seed: int) -> list[Recogniser]:
    """A network trained until the validation error stops falling, with the weights that had the lowest; and, where it
    is fine-tuned, the one that comes of it.

    Raises:
        UserError: characters without words, or as of :func:`first_alignments`.
    """
    corpus, config = run.corpus, run.config
    if evaluation(config) is characters and corpus.separator is None:
        raise UserError(
            f"{config.corpus}: no transcript has two words, so there are no word errors to count; choose a "
            "corpus with sentences"
        )
    module = build(config, corpus, seed)
    module.train_set = list(corpus.train)  # its own list: a hybrid aligns it anew
    if config.model == "hybrid":
        module.set_alignments(first_alignments(config, corpus))
    run.parameters = sum(weight.numel() for weight in module.network.parameters())
    keep = KeepBest(config.patience, "valid/ler", weights=of_tested)
    module = fitted(
        run, seed, module, keep, config.max_epochs, callbacks=[Snapshots(run.seed_folder(seed), config.snapshot_epoch)]
    )
    return [module, tune(run, seed, module)] if config.tuning_epochs and evaluation(config) is characters else [module]


def tune(run: Run, seed: int, module: Recogniser) -> Recogniser:
    """Goes on from the weights of ``module``; keeps them if no epoch has fewer word errors on the validation set."""
    corpus, config = run.corpus, run.config
    torch.manual_seed(seed)  # the same noise, whether the first training went before in this process or not
    tuner = Tuner(config, corpus, seed)
    tuner.train_set = list(corpus.train)
    tuner.network.load_state_dict(module.tested.state_dict())
    started = decoders.word_error(corpus, decoders.best_paths(module.outputs(corpus.valid)), corpus.valid)
    keep = KeepBest(config.tuning_epochs, "valid/wer", started, of_tested)
    keep.best_weights = copied(tuner.tested)
    before = max((row[1] for row in run.rows if row[0] == seed and row[3] == "valid/ler"), default=0)
    return fitted(run, seed, tuner, keep, config.tuning_epochs, name="tuned", after=before)


def fitted(run: Run, seed: int, module: Recogniser, keep: KeepBest, max_epochs: int, **options) -> Recogniser:
    """:func:`trained`; the file has what :mod:`.demo` needs to transcribe a recording without the corpus."""
    corpus, config, ear = run.corpus, run.config, run.corpus.front_end
    about = {
        "labels": list(corpus.labels),
        "mean": corpus.mean.tolist(),
        "deviation": corpus.deviation.tolist(),
        "front_end": ear and [ear.rate, ear.window_ms, ear.shift_ms, ear.energy],
    }
    return trained(
        run,
        seed,
        module,
        partial(shuffled, module.train_set, config.batch_size, seed, config.weighted),
        shortest_first(corpus.valid),
        max_epochs=max_epochs,
        unit="frames/s",
        keep=keep,
        part=lambda module: module.tested,
        about=about,
        **options,
    )


def of_tested(module: Recogniser) -> Weights:
    return copied(module.tested)


# --- CTC on phones


def ctc(run: Run, seed: int, module: Recogniser) -> None:
    """Best path and prefix search, on all labels and, where they are folded for scoring, on those."""
    corpus, config = run.corpus, run.config
    for split in SPLITS:
        utterances = getattr(corpus, split)
        outputs = module.outputs(utterances)
        best = decoders.best_paths(outputs)
        found = [prefix_search(one, config.blank_threshold, config.max_expansions) for one in outputs]
        record_label_errors(run, seed, f"{split}/{{}}/best_path", best, utterances)
        record_label_errors(run, seed, f"{split}/{{}}/prefix", [one.labels for one in found], utterances)
    by_search = decoders.log_probabilities(outputs, [one.labels for one in found])
    by_path = decoders.log_probabilities(outputs, best)
    run.record("test/more_probable", seed, 100 * np.mean(by_search > by_path + 1e-6))
    run.record("test/unfinished", seed, 100 * sum(one.unfinished for one in found) / sum(one.sections for one in found))
    for name, value in zip(("width", "written"), decoders.spikes(outputs, corpus.test), strict=True):
        run.record(f"test/spike/{name}", seed, value)
    untrained, early = (checkpoints.load(run.seed_folder(seed) / f"{name}.pt") for name in ("untrained", "early"))
    for name, weights in (("untrained", untrained), ("early", early), ("trained", None)):
        run.record(f"error_signal/{name}", seed, error_size(module, weights, corpus.test[:ERROR_SIGNAL_UTTERANCES]))
    if seed == config.seeds[0]:
        run.figures |= figure_data.ctc(corpus, module, outputs, untrained, early)
    say(run, seed, "test/ler/best_path", "test/ler/prefix")


def record_label_errors(run: Run, seed: int, metric: str, transcripts, utterances: Sequence[Utterance]) -> None:
    """``metric`` with ``ler`` for all labels, with ``per`` for the folded ones."""
    run.record(metric.format("ler"), seed, decoders.label_error(run.corpus, transcripts, utterances, fold=False))
    if run.corpus.folding is not None:
        run.record(metric.format("per"), seed, decoders.label_error(run.corpus, transcripts, utterances, fold=True))


def error_size(module: Recogniser, weights: Weights | None, utterances: Sequence[Utterance]) -> float:
    """Size of the error signal in a frame, the mean of sum_k |dL / du_k| (section 4.2), with given weights."""
    with figure_data.weights_for_now(module, weights):
        batch = batch_of(utterances, range(len(utterances)))
        with torch.no_grad():
            u = module.tested.activations(batch.x, batch.lengths)
        u.requires_grad_()
        ctc_loss(u, batch.labels, batch.lengths, batch.label_lengths).backward()
    return (u.grad.abs().sum() / batch.lengths.sum()).item()


# --- the hybrid


def hybrid(run: Run, seed: int, module: Recogniser) -> None:
    """Viterbi with the phone bigram, whose weight the validation set chooses."""
    corpus = run.corpus
    module.load_alignments(checkpoints.load(run.seed_folder(seed) / "alignments.pt"))
    outputs = module.outputs(corpus.valid)
    errors = {}
    for weight in decoders.BIGRAM_WEIGHTS:
        found = [module.viterbi(one, weight) for one in outputs]
        errors[weight] = decoders.label_error(corpus, found, corpus.valid, fold=False)
    chosen = min(errors, key=errors.get)
    run.record("bigram_weight", seed, chosen)
    for split in SPLITS:
        utterances = getattr(corpus, split)
        outputs = module.outputs(utterances)
        found = [module.viterbi(one, chosen) for one in outputs]
        record_label_errors(run, seed, f"{split}/{{}}/viterbi", found, utterances)
    if all(one.alignment is not None for one in corpus.test):
        wrong = [one.argmax(1) != utterance.alignment for one, utterance in zip(outputs, corpus.test, strict=True)]
        run.record("test/frame_error", seed, 100 * np.mean(np.concatenate(wrong)))
    if seed == run.config.seeds[0]:
        run.figures |= figure_data.hybrid(corpus, module, outputs)
    say(run, seed, "test/ler/viterbi")


# --- characters: Graves and Jaitly (2014)


def characters(run: Run, seed: int, *networks: Recogniser) -> None:
    """Character and word errors of each decoder, before and after fine-tuning on the expected number of word errors."""
    for stage, module in zip(("", "tuned/"), networks, strict=False):
        transcribe(run, seed, module, stage)
    say(run, seed, *[name for name in run.metrics if name.startswith("test/wer")])


def transcribe(run: Run, seed: int, module: Recogniser, stage: str) -> None:
    corpus, config = run.corpus, run.config
    valid, test = module.outputs(corpus.valid), module.outputs(corpus.test)
    decode: dict[str, Callable[[np.ndarray], list[int]]] = {
        "best_path": lambda log_y: decoders.best_paths([log_y])[0],
        "prefix": lambda log_y: prefix_search(log_y, config.blank_threshold, config.max_expansions).labels,
    }
    for name, model in (
        ("character_lm", decoders.character_model(config, corpus)),
        ("word_lm", decoders.lexicon_model(config, corpus)),
    ):
        decode[name], (weight, bonus) = decoders.tuned_beam(corpus, model, valid, config.beam_size)
        run.record(f"weight/{stage}{name}", seed, weight)
        run.record(f"bonus/{stage}{name}", seed, bonus)
    for name, decoder in decode.items():
        found = [decoder(log_y) for log_y in test]
        run.record(f"test/cer/{stage}{name}", seed, decoders.label_error(corpus, found, corpus.test, fold=False))
        run.record(f"test/wer/{stage}{name}", seed, decoders.word_error(corpus, found, corpus.test))


def say(run: Run, seed: int, *metrics: str) -> None:
    shown = ", ".join(f"{name} {run.metrics[name][str(seed)]:.2f}" for name in metrics)
    print(f"{run.name} seed {seed}: {shown}", flush=True)
