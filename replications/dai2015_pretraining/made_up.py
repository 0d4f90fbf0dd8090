"""Made-up reviews whose verdict depends on the order of words, as that of real ones does.

A review has one mood. "not" turns an adjective round, and "but" the whole review: what comes after it counts, and is no
longer than what comes before. Neutral clauses have a "not" too. To a bag of words a review with "but" has both moods.
"""

import random

GOOD = "good great superb charming funny moving clever brilliant lovely fine tender witty".split()
BAD = "bad poor awful dull boring silly weak tedious clumsy bland stale shallow".split()
ASPECTS = "plot acting music camera script ending dialogue cast pace humour".split()
VERBS = ("is", "was")
NEUTRAL = "it is not {}|we saw it on {}|my {} came along|the hall was {}|it has {} scenes".split("|")
FILLERS = ("long short new", "monday friday sunday", "brother friend sister", "full empty cold", "two three many")
TURNED, NOT, NEUTRALS = 0.5, 0.2, 0.1  # how often: a review with "but", an adjective with "not", a neutral clause
LABELS = ("negative", "positive")


def judged(draw: random.Random, positive: bool) -> str:
    """What is said of one thing, in one mood."""
    negated = draw.random() < NOT
    adjective = draw.choice(GOOD if positive != negated else BAD)
    return f"the {draw.choice(ASPECTS)} {draw.choice(VERBS)} {'not ' if negated else ''}{adjective}"


def clauses(draw: random.Random, positive: bool, count: int) -> list[str]:
    found = [judged(draw, positive) for _ in range(count)]
    for at in range(count, -1, -1):
        if draw.random() < NEUTRALS:
            kind = draw.randrange(len(NEUTRAL))
            found.insert(at, NEUTRAL[kind].format(draw.choice(FILLERS[kind].split())))
    return found


def review(draw: random.Random, positive: bool) -> str:
    """Its last part has the mood that is asked for."""
    count = draw.randint(2, 3)
    parts = [clauses(draw, positive, count)]
    if draw.random() < TURNED:
        parts.insert(0, clauses(draw, not positive, count))
    return " . but ".join(" . ".join(part) for part in parts) + " ."


def generate(count: int, seed: int) -> list[tuple[str, str]]:
    """Label and text of reviews, half of them of each label."""
    draw = random.Random(f"reviews {seed}")
    return [(LABELS[number % 2], review(draw, number % 2 == 1)) for number in range(count)]
