# %% [markdown]
# # Smoothing
# A few sentences to count, and a pair of words that never came. What do three ways of smoothing make of it?

# %%
import numpy as np

from common.metrics.perplexity import perplexity
from common.ngram.good_turing import GoodTuring
from common.ngram.kneser_ney import KneserNey

TEXT = "the cat sat . the dog sat . the cat saw the dog . the dog ran . a cat ran . a dog saw the cat .".split()
NEW = "a dog ran . the cat ran . a cat saw a dog .".split()  # "saw a" was never seen
words = list(dict.fromkeys(TEXT))
train, test = (np.array([words.index(word) for word in text]) for text in (TEXT, NEW))
end, size = words.index("."), len(words)

# %% [markdown]
# Add one to every count (Laplace), written out; the other two are the suite's.


# %%
def add_one(tokens):
    """p(word | word before) of every token; a sentence begins behind the end of another."""
    counts = np.ones((size, size))
    np.add.at(counts, (np.append(end, train[:-1]), train), 1)
    shares = counts / counts.sum(1, keepdims=True)
    return shares[np.append(end, tokens[:-1]), tokens]


models = {
    "add one": add_one,
    "Good-Turing": GoodTuring(2, train, size, end).probabilities,
    "Kneser-Ney": KneserNey(2, train, size, end).probabilities,
}
shown = {name: {"text": perplexity(np.log(p(train))), "new": perplexity(np.log(p(test)))} for name, p in models.items()}
for name, found in shown.items():
    print(f"{name:12} perplexity of the text {found['text']:5.2f}, of new sentences {found['new']:5.2f}")

# %% [markdown]
# "a" after "saw": every model leaves something for it, and not the same. Nothing is made up: all words together have
# 1.

# %%
after_saw = np.array([words.index("saw")])
for model in (GoodTuring(2, train, size, end), KneserNey(2, train, size, end)):
    distribution = model.distribution(after_saw)
    print({word: round(float(p), 3) for word, p in zip(words, distribution, strict=True)})
    assert 0 < distribution[words.index("a")] < distribution[words.index("the")] and abs(distribution.sum() - 1) < 1e-12
assert shown["Kneser-Ney"]["text"] < shown["add one"]["text"]  # adding one takes too much from what was seen
