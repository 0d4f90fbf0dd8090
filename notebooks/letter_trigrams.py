# %% [markdown]
# # Letter n-grams write
# Shannon's experiment: a model that knows one, two, three ... letters writes a text. What it learns from here are the
# READMEs of this suite.

# %%
import numpy as np

from common import paths
from common.metrics.perplexity import perplexity
from common.ngram.kneser_ney import KneserNey

ALPHABET = "\n abcdefghijklmnopqrstuvwxyz"
files = sorted(paths.REPLICATIONS.glob("*/README.md"))
raw = "\n".join(path.read_text(encoding="utf-8").lower() for path in files)
text = "\n".join(" ".join("".join(c if c in ALPHABET else " " for c in line).split()) for line in raw.split("\n"))
lines = [line for line in text.split("\n") if len(line) > 40][:2000]
tokens = np.array([ALPHABET.index(letter) for line in lines for letter in line + "\n"])
held_out = len(tokens) // 10
train, test = tokens[held_out:], tokens[:held_out]


# %%
def write(model, letters, seed=1):
    """Letters drawn one after another, from an end of line on."""
    draw, found = np.random.default_rng(seed), []
    while len(found) < letters:
        distribution = model.distribution(np.array(found[-8:], dtype=int))
        found.append(int(draw.choice(len(ALPHABET), p=distribution / distribution.sum())))
    return "".join(ALPHABET[i] for i in found).replace("\n", " / ")


found = {}
for order in (1, 2, 3, 5):
    model = KneserNey(order, train, len(ALPHABET), 0)
    found[order] = perplexity(model.log_probabilities(test))
    print(f"{order} letters, perplexity {found[order]:.2f}: {write(model, 90)}\n")
assert found[1] > found[2] > found[3] > found[5]
