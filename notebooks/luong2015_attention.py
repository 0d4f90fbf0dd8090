# %% [markdown]
# # Luong et al. 2015: a window that goes with the words
# Local attention guesses for each word that it writes where in the source to look, and gives weight to the words
# within D of that place, the less the further they are.

# %%
import matplotlib.pyplot as plt
import numpy as np

from common.course.notebooks import network
from common.training.trained import restored
from replications.luong2015_attention.config import Config
from replications.luong2015_attention.experiment import best, build, load_data, looks

module, corpus = restored(network("luong2015_attention", "local_p"), Config, load_data, build)
texts = corpus.sources("test")[:3]
sources = [corpus.encode_source(text) for text in texts]
targets = [np.append(corpus.target.encode(words), corpus.target.eos) for words in best(module, sources, corpus)]
looked = looks(module, list(zip(sources, targets, strict=True)))
figure, axes = plt.subplots(1, 3, figsize=(14, 4), layout="constrained")
for one, source, target, alpha in zip(axes, sources, targets, looked, strict=True):
    one.imshow(alpha, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    one.set_xticks(range(len(source)), corpus.source.decode(source), rotation=60)
    one.set_yticks(range(len(target)), corpus.target.decode(target))

# %% [markdown]
# The weights are a softmax within the window times a Gaussian, and are not normalised anew: what do they come to, and
# is the heaviest word the one of the same place?

# %%
for text, alpha in zip(texts, looked, strict=True):
    places = ", ".join(str(place + 1) for place in alpha.argmax(1))
    print(f"{text:45} weights of a word add up to {alpha.sum(1).mean():.2f}; looks at words {places}")
    assert (alpha.sum(1) < 1 + 1e-5).all() and not alpha[:, -1].any()  # </s> is not looked at
