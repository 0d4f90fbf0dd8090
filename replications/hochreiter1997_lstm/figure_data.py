"""What the figures show beyond the numbers: an error on its way back in time, a network at work on a stream, and two
trainings once more, watched: errors by target (experiment 4), and states as a network falls back (2c)."""

import numpy as np
import torch

from common.cells.lstm import LSTM
from replications.hochreiter1997_lstm.config import Config
from replications.hochreiter1997_lstm.streams import ContinualReber
from replications.hochreiter1997_lstm.tasks.reber import SYMBOLS
from replications.hochreiter1997_lstm.trials import Trial, Windowed, generator

SHOWN = 400  # symbols of a stream
STEPS, NETWORKS = 100, 20  # of the error flow
WATCHED = (74_000, 300_000)  # sequences of experiment 4; the printed number is the first
PROBES, EVERY = 100, 5000  # sequences that are read, so often, to see where the states of 2c end


def collect(config: Config, trials: list[Trial]) -> dict:
    """The data of the figures that this row has, from its first trial; a fall, from that which fell furthest."""
    trial = trials[0]
    if isinstance(trial, ContinualReber):
        read, states, forget = trial.observe(generator(trial.seed, 20), SHOWN)
        stream = {
            "symbols": "".join(SYMBOLS[symbol] for symbol in read.symbols),
            "starts": read.start.tolist(),
            "states": np.round(states.T, 3).tolist(),
        }
        if config.forget_gate:
            stream["forget"] = np.round(forget.T, 3).tolist()
        return {"stream": stream}
    if config.task == "order_6a" and config.cell == "lstm":
        return {"error_flow": error_flow(config, trial.seed)}
    if config.task == "adding" and not config.output_slope:
        return {"tails": {"with": tails(config, trial.seed, True), "without": tails(config, trial.seed, False)}}
    if config.task == "lag_2c" and config.length <= 50:
        return {"fall": fall(config, max(trials, key=falls).seed)}
    return {}


def tails(config: Config, seed: int, output_slope: bool) -> list[dict]:
    """Error and target of test sequences after so many training sequences, with or without the slope of the output."""
    trial, found = Windowed(config.model_copy(update={"output_slope": output_slope}), seed), []
    batch = trial.task.sample(generator(seed, 2), 1000)
    for most in WATCHED:
        while trial.sequences < most and not trial.done:
            trial.advance()
        target, error = batch.target[:, 0].round(4).tolist(), trial.errors(batch, batch.size)[0].round(4).tolist()
        found.append({"sequences": trial.sequences, "target": target, "error": error})
    return found


def falls(trial: Trial) -> float:
    """How far the error of a trial rose again from its lowest so far."""
    errors = np.array([error for _, error in trial.curve])
    return float((errors - np.minimum.accumulate(errors)).max())


def fall(config: Config, seed: int) -> dict:
    """Where the states of sequences with x and with y end, mean over some, as a trial is trained again."""
    trial = Windowed(config, seed)
    probes = trial.task.sample(generator(seed, 2), PROBES)
    course: dict[str, list] = {"sequences": [], "error": [], "x": [], "y": []}
    while not trial.done:
        trial.advance()
        if trial.sequences % EVERY == 0:
            ends, errors = [], []
            for n in range(PROBES):
                errors.append(trial.errors(probes.chosen(slice(n, n + 1)), 1)[1])
                ends.append(trial.memory.state.copy())
            states, is_x = np.array(ends), probes.target[:, 0] == 1
            course["sequences"].append(trial.sequences)
            course["error"].append(round(float(np.mean(errors)), 4))
            for name, which in (("x", is_x), ("y", ~is_x)):
                course[name].append(states[which].mean(axis=0).round(2).tolist())
    return course


def error_flow(config: Config, seed: int) -> dict:
    """How large an error still is after so many steps back, mean log10 over untrained networks (1997, section 3).

    LSTM: the error of the cells' states under the truncated gradient. Elman: that of as many logistic hidden units
    with recurrent weights from the same range.
    """
    torch.manual_seed(seed)
    inputs, hidden = 8, config.blocks * config.size + 2 * config.blocks
    lstm, elman = [], []
    for _ in range(NETWORKS):
        x = torch.nn.functional.one_hot(torch.randint(inputs, (STEPS + 1, 1)), inputs).double()
        size = {"truncated": True, "init_range": config.init_range}
        cell = LSTM(inputs, config.blocks, config.size, cell_bias=True, **size).double()
        w, start = cell.weight.detach(), cell.initial(1)
        states = [start._replace(s=start.s.requires_grad_())]
        for net_x in x @ w[:, :inputs].t() + w[:, -1]:
            states.append(cell.step(net_x, states[-1], w[:, inputs:-1]))
        lstm.append(_sizes([state.s for state in states]))
        recurrent = torch.empty(hidden, hidden, dtype=torch.float64).uniform_(-config.init_range, config.init_range)
        of_inputs = torch.empty(hidden, inputs, dtype=torch.float64).uniform_(-config.init_range, config.init_range)
        y = [torch.zeros(1, hidden, dtype=torch.float64, requires_grad=True)]
        for step in x:
            y.append(torch.sigmoid(step @ of_inputs.t() + y[-1] @ recurrent.t()))
        elman.append(_sizes(y))
    return {
        "steps": list(range(STEPS + 1)),
        "lstm": np.mean(lstm, axis=0).round(4).tolist(),
        "elman": np.mean(elman, axis=0).round(4).tolist(),
    }


def _sizes(states: list[torch.Tensor]) -> np.ndarray:
    """log10 of the norm of the last state's error after 0, 1, ... steps back, relative to the first."""
    norms = np.array([each.norm().item() for each in torch.autograd.grad(states[-1].sum(), states[-2::-1])])
    return np.log10(np.maximum(norms / norms[0], 1e-300))
