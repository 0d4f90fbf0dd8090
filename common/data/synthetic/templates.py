"""Sentences of two or three words by templates of word classes (Elman 1990, tables of classes and templates).

The article gives examples of each class; that these are all is a guess, and gives its 29 words.
"""

import numpy as np

CLASSES = {
    "NOUN-HUM": "man woman boy girl",
    "NOUN-ANIM": "cat dog mouse",
    "NOUN-INANIM": "book rock car",
    "NOUN-AGRESS": "dragon monster lion",
    "NOUN-FRAG": "glass plate",
    "NOUN-FOOD": "cookie bread sandwich",
    "VERB-INTRAN": "think sleep exist",
    "VERB-TRAN": "see chase like",
    "VERB-AGPAT": "move break",
    "VERB-PERCEPT": "smell see",
    "VERB-DESTROY": "break smash",
    "VERB-EAT": "eat",
}
TEMPLATES = (
    "NOUN-HUM VERB-EAT NOUN-FOOD",
    "NOUN-HUM VERB-PERCEPT NOUN-INANIM",
    "NOUN-HUM VERB-DESTROY NOUN-FRAG",
    "NOUN-HUM VERB-INTRAN",
    "NOUN-HUM VERB-TRAN NOUN-HUM",
    "NOUN-HUM VERB-AGPAT NOUN-INANIM",
    "NOUN-HUM VERB-AGPAT",
    "NOUN-ANIM VERB-EAT NOUN-FOOD",
    "NOUN-ANIM VERB-TRAN NOUN-ANIM",
    "NOUN-ANIM VERB-AGPAT NOUN-INANIM",
    "NOUN-ANIM VERB-AGPAT",
    "NOUN-INANIM VERB-AGPAT",
    "NOUN-AGRESS VERB-DESTROY NOUN-FRAG",
    "NOUN-AGRESS VERB-EAT NOUN-HUM",
    "NOUN-AGRESS VERB-EAT NOUN-ANIM",
    "NOUN-AGRESS VERB-EAT NOUN-FOOD",
)
MEMBERS = {name: tuple(words.split()) for name, words in CLASSES.items()}
WORDS = tuple(dict.fromkeys(word for members in MEMBERS.values() for word in members))  # 29


def sentences(count: int, draw: np.random.Generator) -> list[tuple[str, ...]]:
    """``count`` sentences: a template at random, and for each class in it one of its words at random."""
    found = []
    for number in draw.integers(len(TEMPLATES), size=count):
        members = [MEMBERS[name] for name in TEMPLATES[number].split()]
        found.append(tuple(words[draw.integers(len(words))] for words in members))
    return found


def expectations(corpus: list[tuple[str, ...]]) -> np.ndarray:
    """At each step of the sentences joined, how often each word of ``WORDS`` follows ``[N, V]``, given the words so far
    in the sentence. After the last word comes the first."""
    steps = [sentence[: place + 1] for sentence in corpus for place in range(len(sentence))]
    counts = {so_far: np.zeros(len(WORDS)) for so_far in steps}
    for so_far, following in zip(steps, [*steps[1:], steps[0]], strict=True):
        counts[so_far][WORDS.index(following[-1])] += 1
    shares = {so_far: count / count.sum() for so_far, count in counts.items()}
    return np.stack([shares[so_far] for so_far in steps])
