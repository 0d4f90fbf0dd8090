# %% [markdown]
# # Luong et al. 2015: how wide a window would do
# Local attention looks only at the words within D of one place. This network looks at all of them, so it can be asked
# what it would lose: first, where it looks.

# %%
import matplotlib.pyplot as plt
import numpy as np

from common.course.notebooks import network
from common.training.trained import restored
from replications.luong2015_attention.config import Config
from replications.luong2015_attention.experiment import best, build, load_data, looks

module, corpus = restored(network("luong2015_attention", "dot"), Config, load_data, build)
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
# How much of its weight lies within D words of the place that local-m looks at, and of the best place there is, its
# heaviest word? The mean over the words of the first 50 test sentences.

# %%
pairs = list(corpus.test)[:50]
shares: dict[str, list[list[float]]] = {"same place": [], "heaviest word": []}
for (source, _), alpha in zip(pairs, looks(module, pairs), strict=True):
    words = np.arange(len(source))
    for time, weights in enumerate(alpha):
        for name, place in (("same place", min(time, len(source) - 2)), ("heaviest word", weights.argmax())):
            shares[name].append([weights[abs(words - place) <= width].sum() for width in range(6)])
    assert np.allclose(alpha.sum(1), 1, atol=1e-5) and not alpha[:, -1].any()  # </s> is not looked at
figure, axes = plt.subplots(figsize=(5, 3))
for name, found in shares.items():
    mean = np.mean(found, 0)
    axes.plot(range(6), mean, "o-", label=f"of the {name}")
    print(f"within 0 to 5 words of the {name}: {', '.join(f'{share:.2f}' for share in mean)}")
axes.set(xlabel="D", ylabel="share of the weight", ylim=(0, 1.02))
axes.legend()
