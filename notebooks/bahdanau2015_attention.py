# %% [markdown]
# # Bahdanau et al. 2015: where it looks
# For each word that it writes, the weight of each word that it has read.

# %%
import matplotlib.pyplot as plt
import numpy as np

from common.course.notebooks import network
from common.training.trained import restored
from replications.bahdanau2015_attention.config import Config
from replications.bahdanau2015_attention.experiment import build, load_data
from replications.bahdanau2015_attention.translate import translate, weights

module, corpus = restored(network("bahdanau2015_attention", "search_50"), Config, load_data, build)
texts = corpus.sources("test")[:3]
sources = [corpus.encode_source(text) for text in texts]
targets = [np.array([*best.words, corpus.target.eos]) for (best,) in translate(module.network, sources, module.config)]
looked = weights(module.network, list(zip(sources, targets, strict=True)))
figure, axes = plt.subplots(1, 3, figsize=(14, 4))
for one, source, target, alpha in zip(axes, sources, targets, looked, strict=True):
    one.imshow(alpha, cmap="Blues", vmin=0, vmax=1)
    one.set_xticks(range(len(source)), corpus.source.decode(source), rotation=60)
    one.set_yticks(range(len(target)), corpus.target.decode(target))
figure.tight_layout()
assert all(np.allclose(alpha.sum(1), 1, atol=1e-5) for alpha in looked)

# %% [markdown]
# How sure is it where to look? The entropy of its weights, in words: 1 looks at one word only.

# %%
for text, alpha in zip(texts, looked, strict=True):
    spread = np.exp(-(alpha * np.log(alpha + 1e-12)).sum(1))
    print(f"{text:45} looks at {spread.mean():.1f} of {alpha.shape[1]} words")
    assert (spread > 0.99).all() and (spread <= alpha.shape[1] + 1e-3).all()
