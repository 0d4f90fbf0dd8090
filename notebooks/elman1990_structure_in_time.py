# %% [markdown]
# # Elman 1990: words by their hidden states
# A network that predicts the next word of small sentences. After training, the mean of its hidden states after each
# word: are words of a kind near each other, though nobody named the kinds?

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from common.course.notebooks import network
from common.data.synthetic.templates import MEMBERS, WORDS
from common.training.trained import restored
from replications.elman1990_structure_in_time.config import Config
from replications.elman1990_structure_in_time.data import stream
from replications.elman1990_structure_in_time.experiment import build, load_data
from replications.elman1990_structure_in_time.measures import mean_states

path = network("elman1990_structure_in_time", "sentences")
model, data = restored(path, Config, load_data, build)

# %%
read = stream("sentences", 500, seed=99)
with torch.no_grad():
    answers, hidden = model(read.inputs, read.targets)
means = mean_states(hidden, read, WORDS)
centred = means - means.mean(0)
plane = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
noun = {word for kind, members in MEMBERS.items() if kind.startswith("NOUN") for word in members}
figure, axes = plt.subplots(figsize=(6, 5))
for word, (x, y) in zip(WORDS, plane, strict=True):
    axes.text(x, y, word, color="tab:blue" if word in noun else "tab:red")
axes.set(
    xlim=(plane[:, 0].min() - 0.1, plane[:, 0].max() + 0.3), ylim=(plane[:, 1].min() - 0.1, plane[:, 1].max() + 0.1)
)
axes.set_title("nouns blue, verbs red: the two directions in which states differ most")

# %% [markdown]
# What it expects after "woman eat", and what it was taught by: the words so far.

# %%
sentence = torch.stack([read.inputs[read.inputs[:, WORDS.index(word)] == 1][0] for word in ("woman", "eat")])
with torch.no_grad():
    expected = model(sentence, sentence)[0][-1]
for place in expected[: len(WORDS)].topk(4).indices.tolist():
    print(f"{WORDS[place]:10} {expected[place]:.2f}")
assert means.shape == (len(WORDS), hidden.shape[1])
