"""Made-up requests of travellers, in which each kind of tagger has something that the simpler one cannot know.

- The verb or preposition before a place says what the place is: "arrive Taipei" and "leave Taipei" differ only there.
  It also says what a time behind the place is, which a window or neighbouring tags do not know.
- "Taipei arrivals" says it behind the place, up to six words after its beginning: a window does not reach it.
- A place in "about Tanville" and an airline in "about Tanjet" are told apart by their spelling alone; many are new.
- Names of passengers are cut at random: of "Adams Baker Clark" the first two words are the name, the last two, or the
  last. The tags that are most probable one by one (O, I, O) are then no possible answer, which only transitions know.
- What is wanted stands at the beginning or at the end ("... what does it cost").
"""

import random

Request = tuple[tuple[str, ...], tuple[str, ...], str]  # words, tags, intent

SIZES = (1200, 250, 600)
ROLES = {"leave": "departure", "arrive": "destination", "from": "departure", "to": "destination", "via": "stop"}
TIMES = {"leave": "departure_time", "arrive": "arrival_time"}
BEHIND = {"departures": "departure", "arrivals": "destination", "stopovers": "stop"}
MONTHS = "January February March April May June July August September October November December".split()
DAYS = [f"{day}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10 if day // 10 != 1 else 0, 'th') }" for day in range(1, 32)]
KNOWN = ["Taipei", "Boston", "Denver", "Lisbon", "Oslo", "Quito", "Cairo", "Delhi"]
BEFORE = ["New", "Old", "Upper", "Fort", "Saint", "Lake"]
AFTER = ["Springs", "Beach", "Falls", "Harbour"]
SYLLABLES = "ba de fi go ku la me ni po ra se ti vo wa zu".split()
CITY, AIRLINE = ["ville", "ton", "burg"], ["jet", "air", "wings"]
PEOPLE = "Adams Baker Clark Davis Evans Foster Grant Hughes".split()
CUTS = {("B", "I", "O"): 40, ("O", "B", "I"): 35, ("O", "O", "B"): 25}  # and how often, in percent
OPENINGS = {
    "flight": ["I want to fly", "show me flights please", "book a trip"],
    "fare": ["how much is it", "tell me the price"],
    "ground": ["I need a taxi", "is there a bus"],
}
ENDINGS = {"flight": "when does it go", "fare": "what does it cost", "ground": "who drives me there"}
FILLERS = ["", "", "", "please", "if possible", "with my family"]


def _new(draw: random.Random, endings: list[str]) -> str:
    return "".join(draw.choices(SYLLABLES, k=2)).capitalize() + draw.choice(endings)


def _place(draw: random.Random) -> list[str]:
    name = [draw.choice(KNOWN) if draw.random() < 0.6 else _new(draw, CITY)]
    return draw.sample(BEFORE, draw.randrange(4)) + name + draw.sample(AFTER, draw.randrange(3))


def _span(words: list[str], kind: str) -> list[tuple[str, str]]:
    return [(word, f"{'I' if at else 'B'}-{kind}") for at, word in enumerate(words)]


def _outside(text: str) -> list[tuple[str, str]]:
    return [(word, "O") for word in text.split()]


def _part(draw: random.Random) -> list[tuple[str, str]]:
    kind = draw.choice(["journey", "route", "behind", "behind", "about", "passenger"])
    if kind == "journey":
        verb = draw.choice(["leave", "arrive"])
        time = _span([draw.choice(MONTHS), draw.choice(DAYS)], TIMES[verb])
        return _outside(verb) + _span(_place(draw), ROLES[verb]) + _outside("on") + time
    if kind == "route":
        return [
            pair
            for word in draw.sample(["from", "to", "via"], draw.choice((1, 2)))
            for pair in _outside(word) + _span(_place(draw), ROLES[word])
        ]
    if kind == "behind":
        word = draw.choice(list(BEHIND))
        return _outside("at") + _span(_place(draw), BEHIND[word]) + _outside(word)
    if kind == "about":
        what, endings = draw.choice([("place", CITY), ("airline", AIRLINE)])
        return _outside("about") + _span([_new(draw, endings)], what)
    (cut,) = draw.choices([*CUTS], [*CUTS.values()])
    tags = [f"{letter}-passenger" if letter != "O" else "O" for letter in cut]
    return _outside("for") + list(zip(draw.sample(PEOPLE, 3), tags, strict=True))


def _request(draw: random.Random) -> Request:
    intent = draw.choice(list(OPENINGS))
    inside = [pair for _ in range(draw.choice((1, 1, 2))) for pair in _outside(draw.choice(FILLERS)) + _part(draw)]
    if draw.random() < 0.6:
        pairs = _outside(draw.choice(OPENINGS[intent])) + inside
    else:
        pairs = inside + _outside(ENDINGS[intent])
    words, tags = zip(*pairs, strict=True)
    return words, tags, intent


def generate(seed: int = 1) -> list[list[Request]]:
    """Requests to train on, to validate and to test on."""
    draw = random.Random(seed)
    return [[_request(draw) for _ in range(size)] for size in SIZES]
