"""Speed as ratios: every case of a paper against its reference, in one process, interleaved.

A paper's ``bench.py`` has ``REFERENCE`` and ``CASES``: name -> a function that sets a case up and returns the function
to be timed, which does one piece of fixed work and returns how many items (words, sentences) it went through. It may
have ``TASKS``, set up in the same way, of which the seconds matter. A rival from another package, which need not be
installed, is a case that imports it when it is set up.
"""

import importlib.util
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from common import paths
from common.training import memory, provenance
from common.training.closure import PACKAGES
from common.training.run import write_json

ROUNDS = 7
STEPS, BATCH, PASSES = 50, 32, 5  # of a layer's work


def bench(papers: list[str], output: Path, record: bool = False) -> str:
    """Measures the papers that have a ``bench.py``, writes JSON to ``output``, returns a table.

    ``record``: each paper's part is kept for its page in the report as well, as ``records/speed.json``.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with open(output, "a"):  # before minutes are spent
        pass
    memory.keep_freed_memory()
    modules = {
        paper: importlib.import_module(f"replications.{paper}.bench")
        for paper in papers
        if importlib.util.find_spec(f"replications.{paper}.bench")
    }
    found = {paper: _measure(module) for paper, module in modules.items()}
    tasks = {paper: _seconds(module) for paper, module in modules.items() if hasattr(module, "TASKS")}
    machine = {
        "device": provenance.device_name("cpu"),
        "threads": torch.get_num_threads(),
        "versions": provenance.versions(),
    } | provenance.git_state()
    output.write_text(
        json.dumps({"machine": machine, "papers": found, "tasks": tasks}, indent=1) + "\n", encoding="utf-8"
    )
    for paper, cases in found.items() if record else ():
        write_json(paths.speed(paper), {"machine": machine, "cases": cases, "tasks": tasks.get(paper, {})}, indent=1)
    lines = []
    for paper, cases in found.items():
        lines.append(f"\n{paper}   (items per second; ratio to the first line: median and range of {ROUNDS} rounds)")
        width = max(map(len, cases))
        for name, case in cases.items():
            if "missing" in case:
                lines.append(f"  {name:{width}}  not measured: no {case['missing']} here")
                continue
            low, high = case["ratio_range"]
            lines.append(
                f"  {name:{width}}  {case['per_second']:10,.0f} {case['unit']}/s   "
                f"{case['ratio']:6.2f}  ({low:.2f} to {high:.2f})"
            )
        for name, task in tasks.get(paper, {}).items():
            low, high = task["range"]
            lines.append(f"  {name}: {task['seconds']:.2f} s   ({low:.2f} to {high:.2f})")
    return "\n".join([*lines, f"\nwritten to {output}"])


def layer_work(make: Callable[[], nn.Module], inputs: int) -> Callable[[], int]:
    """What a recurrent layer does on made-up sequences ``[50, 32, inputs]``, there and back: a case of ``CASES``."""
    layer, sequences = make(), torch.rand(STEPS, BATCH, inputs, generator=torch.Generator().manual_seed(1))

    def work() -> int:
        for _ in range(PASSES):
            layer.zero_grad(set_to_none=True)
            outputs = layer(sequences)
            (outputs[0] if isinstance(outputs, tuple) else outputs).sum().backward()
        return PASSES * BATCH

    return work


def _measure(module) -> dict[str, dict]:
    """Rounds over all cases in turn, so that a busy moment of the machine hits all of them."""
    work: dict[str, Callable[[], int]] = {}
    result: dict[str, dict] = {}
    for name in (module.REFERENCE, *(name for name in module.CASES if name != module.REFERENCE)):
        try:
            work[name] = module.CASES[name]()
        except ModuleNotFoundError as error:
            if error.name.partition(".")[0] in PACKAGES:  # ours: a mistake, no rival that is absent
                raise
            result[name] = {"missing": error.name}
    speeds: dict[str, list[float]] = {name: [] for name in work}
    for case in work.values():
        case()  # warm up
    for _ in tqdm(range(ROUNDS), disable=None, desc=module.__name__.split(".")[1]):
        for name, case in work.items():
            started = time.perf_counter()
            items = case()
            speeds[name].append(items / (time.perf_counter() - started))
    reference = speeds[module.REFERENCE]
    for name in work:
        ratios = [ours / theirs for ours, theirs in zip(speeds[name], reference, strict=True)]
        result[name] = {
            "per_second": statistics.median(speeds[name]),
            "unit": module.UNIT,
            "ratio": statistics.median(ratios),
            "ratio_range": [min(ratios), max(ratios)],
        }
    return result


def _seconds(module) -> dict[str, dict]:
    """Median and range of each task over rounds through all of them in turn."""
    tasks = {name: make() for name, make in module.TASKS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in tqdm(range(ROUNDS), disable=None, desc=module.__name__.split(".")[1]):
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            seconds[name].append(time.perf_counter() - started)
    return {
        name: {"seconds": statistics.median(each), "range": [min(each), max(each)]} for name, each in seconds.items()
    }
