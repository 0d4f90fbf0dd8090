# %% [markdown]
# # Jozefowicz et al. 2016: words that were never seen
# A network that reads letters has a vector for every word that can be spelled. Made-up words, and the known words
# that are nearest.

# %%
import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F

from common.course.notebooks import network
from common.text.characters import spell
from common.training.trained import restored
from replications.jozefowicz2016_big_lstm.config import Config
from replications.jozefowicz2016_big_lstm.experiment import build, load_data
from replications.jozefowicz2016_big_lstm.inspect_words import sample

module, corpus = restored(network("jozefowicz2016_big_lstm", "big_lstm_cnn"), Config, load_data, build)
words, inputs = corpus.vocabulary.words, module.network.inputs
known = [word for word in words if word.isalpha()][:200]
longest = inputs.spelling.shape[1]


@torch.no_grad()
def vectors(some):
    return F.normalize(inputs.cnn(spell(some, longest)), dim=1)


for word in known[3:40:6]:
    made = f"{word[:-1]}{word[0]}"
    near = (vectors(known) @ vectors([made])[0]).topk(3).indices.tolist()
    print(f"{made:14} near {', '.join(known[i] for i in near)}")

# %%
found = vectors(known[:60])
centred = found - found.mean(0)
plane = centred @ torch.linalg.svd(centred, full_matrices=False)[2][:2].t()
figure, axes = plt.subplots(figsize=(8, 5))
axes.plot(*plane.t(), ".")
for word, (x, y) in zip(known, plane.tolist(), strict=False):
    axes.annotate(word, (x, y), fontsize=7)

# %% [markdown]
# And a text that it writes.

# %%
print(sample(module, corpus.vocabulary, (), 40))
assert torch.allclose(found.norm(dim=1), torch.ones(len(found)), atol=1e-5)
