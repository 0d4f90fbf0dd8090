# %% [markdown]
# # Mesnil et al. 2015: one word, two slots
# "arrive Taipei" and "leave Taipei": the same word, another slot. The network has to remember the verb.

# %%
import matplotlib.pyplot as plt

from common.course.notebooks import network
from common.data.tagged.corpus import Sentence
from common.reporting.tagged_text import drawn
from common.training.trained import restored
from replications.mesnil2015_slot_filling.config import Config
from replications.mesnil2015_slot_filling.experiment import build, load_data

module, corpus = restored(network("mesnil2015_slot_filling", "elman"), Config, load_data, build)
tags = corpus.target.words
found = {}
for verb in ("arrive", "leave"):
    words = (verb, "Taipei", "on", "November", "2nd")
    found[verb] = module.probabilities(Sentence(words, ("O",) * len(words)))
    print("  ".join(f"{word}: {tags[int(row.argmax())]}" for word, row in zip(words, found[verb], strict=True)))

# %%
figure = drawn(words, tags, found["leave"])
plt.figure(figure)
assert all(abs(rows.sum(1) - 1).max() < 1e-5 for rows in found.values())

# %% [markdown]
# Without its window it sees one word at a time; how wide is it?

# %%
print(f"a window of {module.config.window} words around each; try elman_1, which has none")
