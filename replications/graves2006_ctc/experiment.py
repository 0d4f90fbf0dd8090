"""One row of the tables: train, decode, count errors.

Early stopping, the weights of language models and the hybrid's bigram weight come from the validation set; the test set
is read once, by the finished network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import lightning as L
import numpy as np
import torch

from common.data.speech import corpus as speech
from common.data.speech.corpus import SpeechCorpus, Utterance
from common.errors import UserError
from common.output.ctc_kernel import ctc_loss
from common.search.ctc_prefix import prefix_search
from common.training import checkpoints
from common.training.best_weights import KeepBest, copied
from common.training.fit import fit
from common.training.run import Run
from replications.graves2006_ctc import decoders, figure_data
from replications.graves2006_ctc.config import Config
from replications.graves2006_ctc.data import Batches, batch_of
from replications.graves2006_ctc.hmm import flat_start
from replications.graves2006_ctc.module import EVALUATED, Recogniser
from replications.graves2006_ctc.tuning import Tuner

SPLITS = ("valid", "test")
ERROR_SIGNAL_UTTERANCES = 50
Weights = dict[str, torch.Tensor]


@dataclass
class Trained:
    """A recogniser with its best weights, and what they were before and early in training."""

    module: Recogniser
    untrained: Weights
    early: Weights


def load_data(config: Config) -> SpeechCorpus:
    """The recordings that a setting is trained and tested on."""
    return speech.load(config.corpus, units=config.units, window_ms=config.window_ms, shift_ms=config.shift_ms)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    evaluate = hybrid if run.config.model == "hybrid" else characters if run.config.units == "characters" else ctc
    utterances = training_set(run.config, run.corpus)
    for seed in run.config.seeds:
        with run.seed(seed):
            trained = train_recogniser(run, seed, utterances)
            if run.is_first_process:
                evaluate(run, seed, trained)


# --- training


class Snapshot(L.Callback):
    """Keeps the weights as they are after an early epoch."""

    def __init__(self, path, epoch: int):
        self.path, self.epoch = path, epoch

    def on_validation_end(self, trainer: L.Trainer, module: Recogniser) -> None:
        if trainer.current_epoch + 1 == self.epoch and trainer.is_global_zero:
            checkpoints.save_atomically(module.tested.state_dict(), self.path)


def training_set(config: Config, corpus: SpeechCorpus) -> list[Utterance]:
    """The training utterances; a hybrid's with an alignment.

    Raises:
        UserError: a hybrid without flat start on a corpus whose boundaries nobody set by hand.
    """
    if config.model == "ctc":
        return list(corpus.train)
    if not config.flat_start:
        if any(one.alignment is None for one in corpus.train):
            raise UserError(f"{config.corpus}: no boundaries of phones to train a hybrid on; set flat_start to true")
        return list(corpus.train)
    alignments = flat_start(corpus.train, len(corpus.labels))
    return [replace(one, alignment=alignment) for one, alignment in zip(corpus.train, alignments, strict=True)]


def train_recogniser(run: Run, seed: int, utterances: Sequence[Utterance]) -> Trained:
    """Trains until the validation error stops falling; the result has the weights with the lowest."""
    corpus, config = run.corpus, run.config
    module = Recogniser(config, len(corpus.mean), len(corpus.labels), corpus)
    module.set_train(list(utterances))  # its own list: a hybrid aligns it anew
    run.parameters = sum(weight.numel() for weight in module.network.parameters())
    untrained = {name: weight.clone() for name, weight in module.tested.state_dict().items()}
    folder = run.seed_folder(seed)
    model, early = folder / "model.pt", folder / "early.pt"
    if not model.exists():  # else it was trained before the run was interrupted
        best = KeepBest(config.patience, "valid/ler", weights=of_tested)
        batches = partial(_batches, module, config, seed)
        valid = Batches(corpus.valid, EVALUATED, shuffle=False)
        fit(run, seed, module, batches, valid, max_epochs=config.max_epochs,
            callbacks=[best, Snapshot(early, config.snapshot_epoch)])
        save(run, best.best_weights, model)
    module.tested.load_state_dict(checkpoints.load(model)["weights"])
    run.measure_throughput(seed, "train/frames_per_second", "frames/s")
    return Trained(module.eval(), untrained, checkpoints.load(early) if early.exists() else untrained)


def of_tested(module: Recogniser) -> Weights:
    return copied(module.tested)


def _batches(module: Recogniser, config: Config, seed: int, rank: int, world: int) -> Batches:
    return Batches(module.train_set, config.batch_size, seed, config.weighted, rank=rank, world=world)


def save(run: Run, weights: Weights, path) -> None:
    """What :mod:`demo` needs to transcribe a recording without the corpus."""
    corpus, ear = run.corpus, run.corpus.front_end
    if run.is_first_process:
        checkpoints.save_atomically({
            "config": run.settings, "labels": list(corpus.labels), "weights": weights,
            "mean": corpus.mean.tolist(), "deviation": corpus.deviation.tolist(),
            "front_end": ear and [ear.rate, ear.window_ms, ear.shift_ms, ear.energy]}, path)


# --- CTC on phones


def ctc(run: Run, seed: int, trained: Trained) -> None:
    """Best path and prefix search, on all labels and, where they are folded for scoring, on those."""
    corpus, config, module = run.corpus, run.config, trained.module
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
    run.record("test/blank_frames", seed, 100 * np.mean(np.concatenate([one.argmax(1) for one in outputs]) == 0))
    for name, weights in (("untrained", trained.untrained), ("early", trained.early), ("trained", None)):
        run.record(f"error_signal/{name}", seed, error_size(module, weights, corpus.test[:ERROR_SIGNAL_UTTERANCES]))
    if seed == config.seeds[0]:
        run.figures |= figure_data.ctc(corpus, module, outputs, trained.untrained, trained.early)
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


def hybrid(run: Run, seed: int, trained: Trained) -> None:
    """Viterbi with the phone bigram, whose weight the validation set chooses."""
    corpus, module = run.corpus, trained.module
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


def characters(run: Run, seed: int, trained: Trained) -> None:
    """Character and word errors of each decoder, before and after fine-tuning on the expected number of word errors."""
    if run.corpus.separator is None:
        raise UserError(f"{run.config.corpus}: no transcript has two words, so there are no word errors to count; "
                        "choose a corpus with sentences")
    transcribe(run, seed, trained.module, "")
    if run.config.tuning_epochs:
        tune(run, seed, trained.module)
        transcribe(run, seed, trained.module, "tuned/")
    say(run, seed, *[name for name in run.metrics if name.startswith("test/wer")])


def transcribe(run: Run, seed: int, module: Recogniser, stage: str) -> None:
    corpus, config = run.corpus, run.config
    valid, test = module.outputs(corpus.valid), module.outputs(corpus.test)
    decode: dict[str, Callable[[np.ndarray], list[int]]] = {
        "best_path": lambda log_y: decoders.best_paths([log_y])[0],
        "prefix": lambda log_y: prefix_search(log_y, config.blank_threshold, config.max_expansions).labels,
    }
    for name, model in (("character_lm", decoders.character_model(config, corpus)),
                        ("word_lm", decoders.lexicon_model(config, corpus))):
        decode[name], (weight, bonus) = decoders.tuned_beam(corpus, model, valid, config.beam_size)
        run.record(f"weight/{stage}{name}", seed, weight)
        run.record(f"bonus/{stage}{name}", seed, bonus)
    for name, decoder in decode.items():
        found = [decoder(log_y) for log_y in test]
        run.record(f"test/cer/{stage}{name}", seed, decoders.label_error(corpus, found, corpus.test, fold=False))
        run.record(f"test/wer/{stage}{name}", seed, decoders.word_error(corpus, found, corpus.test))


class Stage:
    """A second training of a seed: its own folder, its epochs after those of the first."""

    def __init__(self, run: Run, name: str, before: int):
        self.run, self.stage, self.before = run, name, before
        self.name = f"{run.name} {name}"
        self.accelerator, self.devices, self.nodes = run.accelerator, run.devices, run.nodes

    def seed_folder(self, seed: int):
        folder = self.run.seed_folder(seed) / self.stage
        folder.mkdir(exist_ok=True)
        return folder

    def history(self, seed: int, epoch: int, step: int, metric: str, value: float) -> None:
        self.run.history(seed, self.before + epoch, step, metric, value)


def tune(run: Run, seed: int, module: Recogniser) -> None:
    """Goes on from the weights of ``module``; keeps them if no epoch has fewer word errors on the validation set."""
    corpus, config = run.corpus, run.config
    model = run.seed_folder(seed) / "tuned.pt"
    if not model.exists():
        started = decoders.word_error(corpus, decoders.best_paths(module.outputs(corpus.valid)), corpus.valid)
        best = KeepBest(config.tuning_epochs, "valid/wer", started, of_tested)
        tuner = Tuner(config, len(corpus.mean), len(corpus.labels), corpus, seed)
        tuner.network.load_state_dict(module.tested.state_dict())
        before = max((row[1] for row in run.rows if row[0] == seed), default=0)
        batches = partial(_batches, module, config, seed)
        fit(Stage(run, "tuning", before), seed, tuner, batches, Batches(corpus.valid, EVALUATED, shuffle=False),
            max_epochs=config.tuning_epochs, callbacks=[best])
        checkpoints.save_atomically(best.best_weights or copied(module.tested), model)
    module.tested.load_state_dict(checkpoints.load(model))


def say(run: Run, seed: int, *metrics: str) -> None:
    shown = ", ".join(f"{name} {run.metrics[name][str(seed)]:.2f}" for name in metrics)
    print(f"{run.name} seed {seed}: {shown}", flush=True)
