# %% [markdown]
# # Dai & Le 2015: what a network knows before it has seen a label
# The classifier began as a language model. Do words that are good in a review lie together in its embedding, and what
# does "but" do to its opinion?

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from common.course.notebooks import network
from common.training.trained import restored
from replications.dai2015_pretraining import made_up
from replications.dai2015_pretraining.config import Config
from replications.dai2015_pretraining.experiment import EXAMPLES, as_read, build, load_data

module, corpus = restored(network("dai2015_pretraining", "lm_lstm"), Config, load_data, build)
words = [word for word in (*made_up.GOOD, *made_up.BAD) if word in corpus.vocabulary]
vectors = module.network.encoder.embedding.weight.detach()[corpus.vocabulary.encode(words).astype(int)].numpy()
vectors = vectors - vectors.mean(0)
axes_of_most = np.linalg.svd(vectors, full_matrices=False)[2][:2]
figure, axes = plt.subplots(figsize=(5, 4))
for word, (x, y) in zip(words, vectors @ axes_of_most.T, strict=True):
    axes.text(x, y, word, color="tab:blue" if word in made_up.GOOD else "tab:red")
    axes.plot(x, y, alpha=0)
axes.set(title="adjectives by the two directions in which they differ most")

# %% [markdown]
# Its opinion after every word, if the review ended there.

# %%
for text in EXAMPLES:
    read, chances = as_read(module, corpus, text)
    figure, axes = plt.subplots(figsize=(7, 2))
    axes.plot(chances[:, -1], "o-")
    axes.set_xticks(range(len(read)), read, rotation=90)
    axes.set(ylim=(0, 1), ylabel=f"p({corpus.labels[-1]})")

# %% [markdown]
# The same words in another order are another review, but the same average.

# %%
for text in ("the plot is dull . but the cast is lovely .", "the plot is lovely . but the cast is dull ."):
    with torch.no_grad():
        print(f"{as_read(module, corpus, text)[1][-1, -1]:.2f}  {text}")
