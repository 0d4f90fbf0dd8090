"""Stories with questions, from files as bAbI has them (Weston et al. 2015)."""

import re
from pathlib import Path
from typing import NamedTuple

from common.data.text.sentences import read_lines
from common.errors import UserError
from common.text.letters import composed

NUMBERED = re.compile(r"(\d+) (.*)", re.ASCII)
Sentence = tuple[str, ...]


class Question(NamedTuple):
    """A question about the sentences so far, oldest first."""

    story: tuple[Sentence, ...]
    question: Sentence
    answer: str  # one item, also where it is a list such as "milk,football"
    facts: tuple[int, ...]  # places in the story of what the answer follows from


def words(text: str) -> Sentence:
    """Lower case, without the mark at the end of a word, as the memory networks' authors read it."""
    return tuple(word for each in composed(text).lower().split() if (word := each.rstrip(".?")))


def read_questions(path: Path) -> list[Question]:
    """The questions of a file. Lines are numbered, from 1 in each story; a question has a tab, its answer, and where it
    is known a tab and the numbers of the lines that it follows from.

    Raises:
        UserError: no such file, no question, or with ``path:line`` a line that is not of this form.
    """
    found: list[Question] = []
    story: list[Sentence] = []
    places: dict[int, int] = {}  # number of a line -> place in the story
    last = 0
    for at, line in read_lines(path):
        if not line.strip():
            continue
        where, match = f"{path}:{at}", NUMBERED.fullmatch(line.strip(" "))
        number = int(match[1]) if match else 0
        if number == 1:
            story, places, last = [], {}, 0
        if not number or number != last + 1:
            raise UserError(
                f"{where}: lines are numbered, and those of a story follow each other; write '{last + 1} ...'"
            )
        last, (text, *rest) = number, match[2].split("\t")
        if not words(text):
            raise UserError(f"{where}: a sentence without words; write some, or delete the line")
        if not rest:
            places[number] = len(story)
            story.append(words(text))
            continue
        answer, facts = composed(rest[0]).strip().lower(), " ".join(rest[1:]).split()
        if not answer or not story:
            lacks = "an answer; write it after a tab" if story else "a story; write a sentence before it"
            raise UserError(f"{where}: a question without {lacks}")
        if wrong := next((fact for fact in facts if not fact.isdecimal() or int(fact) not in places), None):
            raise UserError(f"{where}: it is said to follow from line {wrong}, which is no sentence of its story")
        found.append(Question(tuple(story), words(text), answer, tuple(places[int(fact)] for fact in facts)))
    if not found:
        raise UserError(f"{path}:1: no question; a question has a tab and its answer behind it")
    return found
