"""Learning music and text: replicas (seeds) side by side, epoch after epoch (section 4.2)."""

import math
import os
import time

import torch
from torch import Tensor
from tqdm import tqdm

from common.training import checkpoints
from common.training.run import Run
from replications.pascanu2013_clipping.config import Config
from replications.pascanu2013_clipping.data import Batch, Characters, Music
from replications.pascanu2013_clipping.model import Replicas
from replications.pascanu2013_clipping.update import descend

PROGRESS = 0.001  # part of the validation error by which it must fall to count as better for the patience
TRACE = 200  # points of a trace of gradient norms in an epoch


class Learner:
    """Plain gradient descent; a replica's rate is halved after an epoch in which its training error rose.

    The weights of the epoch with the least validation error are kept; training ends when it has hardly fallen for long,
    for all replicas. One whose weights are no longer finite goes back to them, at half the rate.
    """

    def __init__(self, config: Config, data: Music | Characters, device: str = "cpu"):
        self.config, self.data, self.device = config, data, device
        self.network = Replicas(data.inputs, config.hidden, data.outputs, config.activation, config.initialisation,
                                config.seeds, config.biases).to(device)
        self.number = 0
        self.rate = torch.full((len(config.seeds),), config.lr, device=device)
        self.before = torch.full((len(config.seeds),), math.inf)
        self.best = torch.full((len(config.seeds),), math.inf)
        self.milestone, self.reached = self.best.clone(), torch.zeros(len(config.seeds), dtype=torch.long)
        self.best_weights = {name: w.clone() for name, w in self.network.state_dict().items()}
        self.trace: list[float] = []  # the first seed's gradient norms

    @property
    def done(self) -> bool:
        waited = self.number - int(self.reached.max())
        return self.number >= self.config.max_epochs or waited >= self.config.patience

    def epoch(self) -> dict[str, list[float]]:
        """Trains on everything once; nats per step of each seed in training and validation, and its rate."""
        self.number += 1
        self.network.train()
        nats, steps, norms = 0.0, 0.0, []
        alpha = self.config.alpha / (self.number if self.config.alpha_decay else 1)
        alpha = torch.full_like(self.rate, alpha) if alpha else None
        rate = self.rate.clone()
        batches = self.data.epoch(self.config, list(self.config.seeds), self.number)
        quiet = True if os.environ.get("CI") else None
        state = None
        for batch in tqdm(batches, desc=f"epoch {self.number}", leave=False, disable=quiet):
            batch = on(batch, self.device)
            states = self.network.states(batch.inputs, state if batch.carried else None, alpha)
            state = states[-1].detach()
            losses = self.data.losses(self.network.outputs(states), batch.target) * batch.counts
            per_sequence = 1 / batch.inputs.shape[2] if self.config.total else 1 / batch.counts.sum((0, 2))
            (losses.sum((0, 2)) * per_sequence).sum().backward()
            norms.append(descend(self.network, rate, self.config.clipping, self.config.threshold)[0])
            nats = nats + losses.detach().sum((0, 2))
            steps = steps + batch.counts.sum((0, 2))
        norms = torch.stack(norms)
        self.trace += [float(part.max()) for part in norms.split(-(-len(norms) // TRACE))]
        train, valid = (nats / steps).cpu(), self.evaluate("valid")
        values = {"train/nll": train.tolist(), "valid/nll": valid.tolist(), "lr": self.rate.tolist()}
        self.judge(train, valid)
        return values

    def judge(self, train: Tensor, valid: Tensor) -> None:
        """Keeps what is best, halves what must be halved: errors of each replica ``[R]``."""
        better, lost = valid < self.best, ~torch.isfinite(valid)
        self.rate = torch.where((lost | (train > self.before)).to(self.rate.device), self.rate / 2, self.rate)
        self.best = torch.where(better, valid, self.best)
        progress = valid < self.milestone * (1 - PROGRESS)
        self.milestone = torch.where(progress, valid, self.milestone)
        self.reached = torch.where(progress, self.number, self.reached)
        self.before = torch.where(lost, self.before, train)
        for name, weight in self.network.state_dict().items():
            kept = self.best_weights[name]
            kept[better] = weight[better]
            weight[lost] = kept[lost]

    def restore(self) -> None:
        """Puts back the weights of each replica's best epoch."""
        self.network.load_state_dict(self.best_weights)

    @torch.no_grad()
    def evaluate(self, split: str) -> Tensor:
        """Nats per step of each replica over whole pieces ``[R]``."""
        nats = steps = 0.0
        state = None
        for batch in self.data.split(split, len(self.network)):
            batch = on(batch, self.device)
            states = self.network.states(batch.inputs, state if batch.carried else None)
            state = states[-1]
            losses = self.data.losses(self.network.outputs(states), batch.target) * batch.counts
            nats = nats + losses.double().sum((0, 2))
            steps = steps + batch.counts.double().sum((0, 2))
        return (nats / steps).cpu()

    def state(self) -> dict:
        """All that an exact resume needs."""
        names = ("number", "rate", "before", "best", "milestone", "reached", "best_weights", "trace")
        return {"network": self.network.state_dict(), **{name: getattr(self, name) for name in names}}

    def load_state(self, state: dict) -> None:
        self.network.load_state_dict(state["network"])
        for name, value in state.items():
            if name != "network":
                setattr(self, name, value)
        self.rate = self.rate.to(self.device)


def on(batch: Batch, device: str) -> Batch:
    """The batch on a device."""
    return Batch(*(part.to(device) for part in batch[:3]), batch.carried)


def run(run: Run) -> None:
    """Fills in the metrics of one experiment; a unit is a nat per step of music, a bit per character of text."""
    config = run.config
    learner, rows, seconds = Learner(config, run.corpus, run.accelerator), [], 0.0
    path = run.work / "learner.pt"
    if path.exists():
        kept = checkpoints.load(path)
        learner.load_state(kept["learner"])
        rows, seconds = kept["rows"], kept["seconds"]
    scale, name = (1 / math.log(2), "bits") if config.task == "characters" else (1.0, "nll")
    pieces = run.corpus.pieces["train"] if config.task == "music" else [run.corpus.text["train"]]
    steps = sum(map(len, pieces))
    while not learner.done:
        started = time.monotonic()
        values = learner.epoch()
        seconds += time.monotonic() - started
        for metric, each in values.items():
            metric = metric.replace("nll", name)
            factor = scale if name in metric else 1.0
            rows += [(seed, learner.number, metric, value * factor)
                     for seed, value in zip(config.seeds, each, strict=True)]
        checkpoints.save_atomically({"learner": learner.state(), "rows": rows, "seconds": seconds}, path)
        shown = "  ".join(f"{metric} {' '.join(f'{value:.4g}' for value in each)}" for metric, each in values.items())
        print(f"{run.name} epoch {learner.number}: {shown}  ({seconds:.0f} s)", flush=True)
    learner.restore()
    for split in ("train", "valid", "test"):
        for seed, value in zip(config.seeds, learner.evaluate(split).tolist(), strict=True):
            run.record(f"{split}/{name}", seed, value * scale)
    for seed, epoch, metric, value in rows:
        run.history(seed, epoch, epoch, metric, value)
    run.parameters = sum(p[0].numel() for p in learner.network.parameters() if p.requires_grad)
    for seed in config.seeds:
        run.seconds[str(seed)] = seconds / len(config.seeds)
        run.throughput[str(seed)] = steps * learner.number * len(config.seeds) / max(seconds, 1e-9)
    run.throughput_unit = "steps/s" if config.task == "music" else "characters/s"
    run.figures = {"traces": {config.corpus: {"updates": 1, "norms": learner.trace}}}
