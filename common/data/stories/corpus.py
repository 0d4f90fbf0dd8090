"""Stories with questions by name: bAbI's, the suite's own made-up ones, and yours."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from common.data import fetch
from common.data.stories import made_up
from common.data.stories.readers import Question, read_questions
from common.errors import UserError, unknown

MADE = 1000  # questions of a made-up task, to learn from and to be tested on


class Task(NamedTuple):
    """Questions of one kind."""

    name: str
    train: tuple[Question, ...]
    test: tuple[Question, ...]


@dataclass(frozen=True)
class Stories:
    """Tasks; ``fingerprint`` is a SHA-256 over all questions, the same on every machine."""

    name: str
    tasks: tuple[Task, ...]
    fingerprint: str


def load(name: str, tasks: Sequence[int] = ()) -> Stories:
    """Some tasks of the corpus ``name``: ``babi`` (1 to 20), ``stories`` (made here), or ``stories:TRAIN,TEST``, your
    own files in bAbI's form, which are one task.

    Raises:
        UserError: an unknown name or task, or a source that cannot be had or read.
    """
    kind, own, rest = name.partition(":")
    if own and kind == "stories":
        files = [Path(one).expanduser() for one in rest.split(",")]
        if len(files) != 2:
            raise UserError(f"{name}: name two files, stories:TRAIN,TEST")
        found = [Task("own", *(tuple(read_questions(file)) for file in files))]
    elif name in ("babi", "stories"):
        known = range(1, 21) if name == "babi" else made_up.TASKS
        if wrong := next((task for task in tasks if task not in known), None):
            raise unknown("task", str(wrong), map(str, known), name)
        found = [_task(name, task) for task in tasks]
    else:
        raise unknown("corpus of stories", name, ["babi", "stories", "stories:TRAIN,TEST"])
    return Stories(name, tuple(found), hashlib.sha256(repr(found).encode()).hexdigest())


def _task(name: str, task: int) -> Task:
    if name == "stories":
        return Task(str(task), *(tuple(made_up.generate(task, MADE, seed)) for seed in (1, 2)))
    folder = fetch.fetch(name) / "en"
    splits = (next(folder.glob(f"qa{task}_*_{split}.txt")) for split in ("train", "test"))
    return Task(str(task), *(tuple(read_questions(file)) for file in splits))
