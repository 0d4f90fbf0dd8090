"""One row of the tables: restarts that learn side by side, each task by itself or all together, and the best of them.

As in the paper the best restart of a task is the one with the lowest error on what it has learnt from (with equal
errors, the lowest loss there). The test questions are read once, by all restarts.
"""

from functools import partial

import numpy as np
import torch

from common.data.stories import corpus as stories
from common.data.stories.batches import Problem, in_order
from common.data.stories.corpus import Stories
from common.data.stories.readers import Question
from common.training.checkpoints import save_atomically
from common.training.provenance import sha256_json
from common.training.run import Run
from common.training.trained import trained
from replications.sukhbaatar2015_memory_networks.config import Config
from replications.sukhbaatar2015_memory_networks.data import batches, problems
from replications.sukhbaatar2015_memory_networks.module import Answering

FAILED = 5.0  # percent of wrong answers, above which a task counts as failed
SHOWN = ("2", "16", "own")  # tasks, in the figure


def load_data(config: Config) -> Stories:
    """The tasks that a setting is trained and tested on."""
    return stories.load(config.corpus, config.tasks)


def build(config: Config, corpus: Stories, seed: int = 1) -> Answering:
    """The untrained network of a setting, for its first task."""
    return Answering(config, problems(config, corpus)[0], [seed])


def run(run: Run) -> None:
    """Fills in the metrics of one experiment; all restarts of a problem are one training."""
    config, first = run.config, run.config.seeds[0]
    weights: list[dict[str, torch.Tensor]] = [{} for _ in config.seeds]
    learnt: list[torch.Tensor] = []  # error on what was learnt from [R], of each problem
    tests: dict[str, torch.Tensor] = {}  # error on the test questions [R], of each task
    best: dict[str, float] = {}
    with run.seed(first):
        for problem in problems(config, run.corpus):
            module = trained_on(run, problem)
            if not run.is_first_process:
                continue
            run.parameters = sum(weight.numel() for weight in module.parameters()) // len(config.seeds)
            for number, own in enumerate(weights):
                own |= {f"{problem.name}/{name}": weight for name, weight in module.network.restart(number).items()}
            error, loss = module.measure(problem, problem.train)
            learnt.append(error)
            chosen = min(range(len(error)), key=lambda one: (error[one], loss[one]))
            for task, encoded in problem.test.items():
                tests[task] = module.measure(problem, encoded)[0]
                best[task] = tests[task][chosen].item()
            if config.model == "memory":
                run.figures.setdefault("attention", []).extend(looked(run.corpus, problem, module, chosen))
    if not run.is_first_process:
        return
    seconds = run.seconds[str(first)]
    for number, (seed, own) in enumerate(zip(config.seeds, weights, strict=True)):
        record(run, "test", seed, {task: errors[number].item() for task, errors in tests.items()})
        run.record("train/error", seed, np.mean([errors[number] for errors in learnt]))
        run.seconds[str(seed)] = seconds / len(config.seeds)
        kept = {"config": run.settings, "data": run.corpus.fingerprint, "weights": own}
        save_atomically(kept, run.seed_folder(seed) / "model.pt")
    record(run, "best", "+".join(map(str, config.seeds)), best)


def trained_on(run: Run, problem: Problem) -> Answering:
    """All restarts with their last weights."""
    config = run.config
    return trained(
        run,
        config.seeds[0],
        Answering(config, problem, config.seeds),
        partial(batches, problem, config),
        in_order(problem, problem.valid),
        max_epochs=config.linear_epochs + config.max_epochs,
        unit="questions/s",
        name=f"{problem.name}-{sha256_json(config.seeds)[:8]}",  # other seeds have other weights
        curve=lambda metric: metric if metric == "lr" else f"{metric}/{problem.name}",
    )


def record(run: Run, what: str, seed: int | str, errors: dict[str, float]) -> None:
    """The error of each task, their mean, and how many tasks count as failed."""
    for task, error in errors.items():
        run.record(f"{what}/error/{task}", seed, error)
    run.record(f"{what}/error", seed, np.mean(list(errors.values())))
    run.record(f"{what}/failed", seed, sum(error > FAILED for error in errors.values()))
    shown = "  ".join(f"{task} {error:.1f}" for task, error in errors.items())
    print(f"{run.name} {what} {seed}: error {np.mean(list(errors.values())):.2f} ({shown})", flush=True)


def looked(corpus: Stories, problem: Problem, module: Answering, restart: int) -> list[dict]:
    """Where a restart looks in each hop when it answers a test question of a few tasks."""
    chosen = [task.test[0] for task in corpus.tasks if task.name in problem.test and task.name in SHOWN]
    found = [look(problem, module, question, restart) for question in chosen]
    return [
        {
            "sentences": [" ".join(words) for words in one.story],
            "question": " ".join(one.question),
            "answer": one.answer,
        }
        | {"given": given, "hops": np.round(hops, 3).tolist(), "facts": one.facts}
        for one, (given, _, hops) in zip(chosen, found, strict=True)
    ]


@torch.no_grad()
def look(problem: Problem, module: Answering, question: Question, restart: int = 0) -> tuple[str, float, np.ndarray]:
    """The answer to a question, its probability, and the weight of each sentence that is still in the memory, oldest
    first, in each hop ``[K, S]``."""
    encoded = problem.encode([question])
    scores, hops = module.network(next(iter(in_order(problem, encoded))))
    kept = min(len(question.story), problem.memory)
    answer = scores[restart, 0].softmax(-1)[: len(problem.words)]
    weights = [hop[restart, 0, :kept].flip(0).numpy() for hop in hops]
    return problem.words[int(answer.argmax())], answer.max().item(), np.array(weights)
