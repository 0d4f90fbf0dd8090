# %% [markdown]
# # How long is a text? P(T) against the end of a sentence
# A model of words gives every text of T words a probability, and those of all texts of *that length* add up to 1. To
# compare texts of different lengths one must add P(T), the probability of the length; or one adds a word, the end,
# and the lengths take care of themselves: then all texts of all lengths add up to 1.

# %%
from itertools import product

import numpy as np

STEP = np.array([[0.6, 0.4], [0.3, 0.7]])  # p(next word | word), words a and b
FIRST = np.array([0.5, 0.5])
END = np.array([0.1, 0.4])  # p(end | word), of the model that has an end


def without_end(text):
    return FIRST[text[0]] * np.prod([STEP[a, b] for a, b in zip(text, text[1:], strict=False)])


def with_end(text):
    return (
        FIRST[text[0]]
        * np.prod([STEP[a, b] * (1 - END[a]) for a, b in zip(text, text[1:], strict=False)])
        * END[text[-1]]
    )


lengths = range(1, 15)
sums = {
    length: (sum(map(without_end, texts)), sum(map(with_end, texts)))
    for length in lengths
    for texts in [list(product(range(2), repeat=length))]
}
for length in (1, 2, 3, 5, 8, 14):
    print(f"all texts of {length:2} words: without an end {sums[length][0]:.3f}, with an end {sums[length][1]:.3f}")
print("all texts of up to 14 words, with an end:", round(sum(with_it for _, with_it in sums.values()), 3))

# %% [markdown]
# The second column *is* the P(T) that the model with an end implies; drawn texts have it.

# %%
draw, drawn = np.random.default_rng(1), []
for _ in range(20_000):
    word, length = draw.choice(2, p=FIRST), 1
    while draw.random() >= END[word]:
        word, length = draw.choice(2, p=STEP[word]), length + 1
    drawn.append(length)
for length in (1, 2, 3, 5):
    print(f"length {length}: implied {sums[length][1]:.3f}, drawn {np.mean(np.array(drawn) == length):.3f}")
assert all(abs(each - 1) < 1e-12 for each, _ in sums.values())
assert 0.9 < sum(with_it for _, with_it in sums.values()) < 1
assert all(abs(np.mean(np.array(drawn) == length) - sums[length][1]) < 0.02 for length in lengths)
