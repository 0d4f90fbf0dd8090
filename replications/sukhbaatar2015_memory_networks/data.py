"""What the networks learn from: a task or all of them, in batches drawn at random, with noise in time."""

import numpy as np

from common.data.order import Loader, batch_count
from common.data.stories.batches import Batch, Problem, aged, batch
from common.data.stories.corpus import Stories
from replications.sukhbaatar2015_memory_networks.config import Config


def problems(config: Config, corpus: Stories) -> list[Problem]:
    """What networks of a setting learn: each task by itself, or all of them together."""
    if config.joint:
        return [Problem("joint", corpus.tasks, config.memory)]
    return [Problem(task.name, [task], config.memory) for task in corpus.tasks]


def with_noise(ages: np.ndarray, noise: float, draw: np.random.Generator) -> np.ndarray:
    """Ages ``[..., M]`` as if up to a share ``noise`` of empty memories were strewn among the sentences (section 4.1).

    Of n sentences' memories 0 to ceil(noise n) more are empty, each number as likely; what is older than M is M.
    """
    count = ages.max(-1, keepdims=True)
    empty = draw.integers(0, np.ceil(count * noise).astype(int) + 1)
    for number in range(empty.max()):  # one after another into a gap, or an end, at random
        gap = draw.integers(0, count + number + 1)
        ages = ages + ((ages > gap) & (number < empty))
    return np.minimum(ages, ages.shape[-1])


def batches(problem: Problem, config: Config, rank: int = 0, world: int = 1) -> Loader:
    """Batches of questions drawn with replacement, for each restart by itself; an epoch has as many as there are
    questions (the authors' code).

    Raises:
        UserError: batches too small to give each process a question.
    """
    batch_count(config.batch_size, config.batch_size, world, "questions")
    encoded, table = problem.train, problem.table()
    count, size = max(1, len(encoded.answers) // config.batch_size), config.batch_size

    def plan(epoch: int) -> list[tuple[np.ndarray, np.ndarray]]:
        draws = [np.random.default_rng([seed, epoch]) for seed in config.seeds]
        chosen = np.stack([draw.integers(0, len(encoded.answers), (count, size)) for draw in draws])
        ages = [
            with_noise(aged(encoded.places[one]), config.noise, draw) for one, draw in zip(chosen, draws, strict=True)
        ]
        return list(zip(chosen.swapaxes(0, 1), np.stack(ages, 1), strict=True))

    def read(planned: tuple[np.ndarray, np.ndarray]) -> Batch:
        chosen, ages = (part[:, rank::world] for part in planned)
        made = batch(table, encoded.places[chosen], ages, encoded.questions[chosen], encoded.answers[chosen])
        return made._replace(total=size)

    return Loader(count, plan, read)
