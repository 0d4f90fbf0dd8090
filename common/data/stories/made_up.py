"""Short stories in the manner of four bAbI tasks, in each of which something is needed that the others can do without.

1: of several places of a person the last one counts. 2: two sentences must be put together. 4: two sentences of the
same words differ in their order. 16: what is asked for is found by way of another sentence that says the same.
"""

import random
from collections.abc import Callable

from common.data.stories.readers import Question, words

PEOPLE = ("mary", "john", "sandra")
PLACES = ("kitchen", "garden", "office", "hallway")
THINGS = ("apple", "milk")
SIDES = {"north": "south", "south": "north", "east": "west", "west": "east"}
NAMES = ("lily", "greg", "brian", "julius")
ANIMALS = ("frog", "swan", "lion")
COLOURS = ("green", "white", "yellow", "gray")


def one_fact(draw: random.Random) -> Question:
    """Where somebody is who has moved about."""
    where, lines = {}, []
    for _ in range(draw.randint(2, 7)):
        person, place = draw.choice(PEOPLE), draw.choice(PLACES)
        where[person] = (place, len(lines))
        lines.append(f"{person} went to the {place}")
    person = draw.choice(sorted(where))
    return asked(lines, f"where is {person}", where[person][0], [where[person][1]])


def two_facts(draw: random.Random) -> Question:
    """Where a thing is that somebody carries about."""
    person, thing = draw.choice(PEOPLE), draw.choice(THINGS)
    moves = [(draw.choice(PEOPLE), draw.choice(PLACES)) for _ in range(draw.randint(2, 5))]
    lines = [f"{who} went to the {place}" for who, place in moves]
    last = draw.choice(range(len(lines)))
    lines[last] = f"{person} went to the {(place := draw.choice(PLACES))}"
    for later in range(last + 1, len(lines)):
        if lines[later].startswith(person):
            lines[later] = f"{draw.choice([one for one in PEOPLE if one != person])} went to the {moves[later][1]}"
    others = [
        f"{draw.choice([one for one in PEOPLE if one != person])} took the {one}" for one in THINGS if one != thing
    ]
    for line in (f"{person} took the {thing}", *others):
        lines.insert(draw.randint(0, len(lines)), line)
    moved = max(i for i, line in enumerate(lines) if line.startswith(f"{person} went"))
    facts = [lines.index(f"{person} took the {thing}"), moved]
    return asked(lines, f"where is the {thing}", place, facts)


def order(draw: random.Random) -> Question:
    """What lies on one side of a place, which lies on the other side of a third."""
    one, middle, other = draw.sample(PLACES, 3)
    side = draw.choice(sorted(SIDES))
    lines = [f"the {one} is {side} of the {middle}", f"the {middle} is {side} of the {other}"]
    fact = draw.randint(0, 1)
    question, answer = (
        (f"what is {side} of the {middle}", one) if fact == 0 else (f"what is the {middle} {side} of", other)
    )
    if draw.random() < 0.5:
        lines, fact = lines[::-1], 1 - fact
    return asked(lines, question, answer, [fact])


def induction(draw: random.Random) -> Question:
    """The colour of an animal, which is that of another one of its kind."""
    names, kinds = draw.sample(NAMES, len(NAMES)), draw.sample(ANIMALS, len(ANIMALS))
    kind = draw.randrange(len(kinds))
    colours = draw.sample(COLOURS, len(kinds))
    lines = [f"{name} is a {animal}" for name, animal in zip(names, kinds, strict=False)]
    lines += [f"{name} is {colour}" for name, colour in zip(names, colours, strict=False)]
    draw.shuffle(lines)
    lines.append(f"{names[-1]} is a {kinds[kind]}")
    facts = [
        len(lines) - 1,
        lines.index(f"{names[kind]} is a {kinds[kind]}"),
        lines.index(f"{names[kind]} is {colours[kind]}"),
    ]
    return asked(lines, f"what color is {names[-1]}", colours[kind], facts)


def asked(lines: list[str], question: str, answer: str, facts: list[int]) -> Question:
    return Question(tuple(map(words, lines)), words(question), answer, tuple(facts))


TASKS: dict[int, Callable[[random.Random], Question]] = {1: one_fact, 2: two_facts, 4: order, 16: induction}


def generate(task: int, count: int, seed: int) -> list[Question]:
    """``count`` questions of a task, each about a story of its own."""
    draw = random.Random(f"{seed} {task}")
    return [TASKS[task](draw) for _ in range(count)]
