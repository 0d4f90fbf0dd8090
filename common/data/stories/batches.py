"""Stories as numbers: what a network learns from, one task or several, and batches of questions."""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from common.data.order import Loader
from common.data.stories.corpus import Task
from common.data.stories.readers import Question, Sentence
from common.errors import UserError

HELD_OUT = 0.1  # of a task's questions to learn from, the last ones: for validation
BATCH = 200  # questions, where nothing is learnt


class Batch(NamedTuple):
    """B questions for each of R restarts (or R = 1: the same for all), and the U sentences that occur in them."""

    sentences: Tensor  # word numbers [U, L], 0 at the end of short ones; sentence 0 has no words
    places: Tensor  # which sentence each memory slot holds, the newest first [R, B, M]; 0: none
    ages: Tensor  # how many sentences ago that was, from 1 [R, B, M]; 0: none
    questions: Tensor  # which sentence is asked [R, B]
    answers: Tensor  # word numbers [R, B]
    total: int  # questions of a restart in the whole batch, over all processes


class Encoded(NamedTuple):
    """N questions as numbers of sentences and words."""

    places: np.ndarray  # [N, M]
    questions: np.ndarray  # [N]
    answers: np.ndarray  # [N]


class Problem:
    """What one network learns: a task, or several that it learns together.

    Word 0 is no word. As in the authors' code words, memory size and longest sentence are those of all questions.

    Raises:
        UserError: too few questions to hold some out.
    """

    def __init__(self, name: str, tasks: Sequence[Task], memory: int):
        self.name = name
        every = [question for task in tasks for question in (*task.train, *task.test)]
        said = {sentence: None for one in every for sentence in (*one.story, one.question)}
        self.words = tuple(dict.fromkeys(["", *(word for one in said for word in one), *(one.answer for one in every)]))
        self.numbers = {word: number for number, word in enumerate(self.words)}
        self.longest = max(map(len, said))  # L
        self.memory = min(memory, max(len(one.story) for one in every))  # M
        self.sentences: dict[Sentence, int] = {(): 0}
        held_out = [int(len(task.train) * HELD_OUT) for task in tasks]
        if not all(held_out):
            raise UserError(f"{name}: fewer than {ceil(1 / HELD_OUT)} questions to learn from; give more")
        pairs = list(zip(tasks, held_out, strict=True))
        self.train = self.encode([one for task, held in pairs for one in task.train[:-held]])
        self.valid = self.encode([one for task, held in pairs for one in task.train[-held:]])
        self.test = {task.name: self.encode(task.test) for task in tasks}

    def encode(self, questions: Sequence[Question]) -> Encoded:
        places = np.zeros((len(questions), self.memory), dtype=np.int64)
        for row, one in zip(places, questions, strict=True):
            kept = one.story[: -self.memory - 1 : -1]
            row[: len(kept)] = [self._number(sentence) for sentence in kept]
        asked = [self._number(one.question) for one in questions]
        return Encoded(places, np.array(asked), np.array([self.numbers[one.answer] for one in questions]))

    def _number(self, sentence: Sentence) -> int:
        return self.sentences.setdefault(sentence, len(self.sentences))

    def table(self) -> np.ndarray:
        """Word numbers of all sentences met so far ``[D, L]``."""
        found = np.zeros((len(self.sentences), self.longest), dtype=np.int64)
        for row, sentence in zip(found, self.sentences, strict=True):
            row[: len(sentence)] = [self.numbers[word] for word in sentence]
        return found


def aged(places: np.ndarray) -> np.ndarray:
    """1, 2, ... for the sentences in ``places`` ``[..., M]``, the newest first; 0 where there is none."""
    return np.where(places > 0, np.arange(1, places.shape[-1] + 1), 0)


def batch(table: np.ndarray, places: np.ndarray, ages: np.ndarray, asked: np.ndarray, answers: np.ndarray) -> Batch:
    """What is asked in ``places``, ``ages`` ``[R, B, M]``, ``asked`` and ``answers`` ``[R, B]``."""
    used = np.flatnonzero(np.bincount(np.concatenate([[0], places.ravel(), asked.ravel()]), minlength=len(table)))
    lookup = np.zeros(len(table), dtype=np.int64)
    lookup[used] = np.arange(len(used))
    parts = (table[used], lookup[places], ages, lookup[asked], answers)
    return Batch(*map(torch.from_numpy, parts), answers.shape[1])


def in_order(problem: Problem, encoded: Encoded) -> Loader:
    """All questions, the same for every restart, without noise."""
    table, count = problem.table(), -(-len(encoded.answers) // BATCH)

    def read(number: int) -> Batch:
        places, asked, answers = (part[None, number * BATCH : (number + 1) * BATCH] for part in encoded)
        return batch(table, places, aged(places), asked, answers)

    return Loader(count, lambda epoch: range(count), read)
