# %% [markdown]
# # Mikolov et al. 2015: slow units beside fast ones
# The context units s change slowly, because each keeps 0.95 of what it was; the hidden units h need not. How alike is
# a unit to itself some words later?

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from common.course.notebooks import network
from common.training.trained import restored
from replications.mikolov2015_scrn.config import Config
from replications.mikolov2015_scrn.demo import demo
from replications.mikolov2015_scrn.experiment import build, load_data

path = network("mikolov2015_scrn", "scrn")
module, corpus = restored(path, Config, load_data, build)
words = torch.from_numpy(np.asarray(corpus.test[:1000], dtype=np.int64)).unsqueeze(1)
cell, lags = module.network.cell, range(21)
with torch.no_grad():
    states = dict(zip(("hidden units", "context units"), cell(words, cell.initial(1)), strict=True))
figure, axes = plt.subplots(figsize=(5, 3))
for name, found in states.items():
    units = (found[:, 0] - found[:, 0].mean(0)) / found[:, 0].std(0, correction=0)
    alike = [float((units[lag:] * units[: len(units) - lag]).mean()) for lag in lags]
    axes.plot(lags, alike, "o-", label=name)
    assert abs(alike[0] - 1) < 1e-3
axes.set(xlabel="words later", ylabel="correlation with itself")
axes.legend()

# %% [markdown]
# The same from the equation: of a word that was read k steps ago, 0.95 to the power of k is left.

# %%
with torch.no_grad():
    s = states["context units"]
    other = words.clone()
    other[0] = (other[0] + 1) % len(corpus.vocabulary)
    left = (cell(other, cell.initial(1))[1] - s)[:, 0].norm(dim=1)
print(f"after 1, 5 and 20 words: {', '.join(f'{left[k] / left[0]:.3f}' for k in (1, 5, 20))}")
assert torch.allclose(left[:20] / left[0], cell.alpha ** torch.arange(20), atol=1e-3)

# %% [markdown]
# What the context units alone expect after each word of two sentences, V s: words that fit next, or what the text is
# about?

# %%
ends = np.flatnonzero(np.asarray(corpus.test) == corpus.eos)
print(demo(path, " ".join(corpus.vocabulary.decode(corpus.test[: ends[1] + 1]))))
