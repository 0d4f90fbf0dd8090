# %% [markdown]
# # Sukhbaatar et al. 2015: one look after another
# To know where the milk is, one must know who took it, and then where she went. In each hop the network looks at the
# sentences with what it has found so far. Framed: the facts that the answer needs.

# %%
import matplotlib.pyplot as plt
import numpy as np

from common.course.notebooks import network
from common.training.trained import kept
from replications.sukhbaatar2015_memory_networks.config import Config
from replications.sukhbaatar2015_memory_networks.data import problems
from replications.sukhbaatar2015_memory_networks.experiment import load_data, look
from replications.sukhbaatar2015_memory_networks.module import Answering

saved, config = kept(network("sukhbaatar2015_memory_networks", "pe_ls_rn"), Config)
corpus = load_data(config)
problem = next(one for one in problems(config, corpus) if one.name == "2")  # two facts
module = Answering(config, problem, [1]).eval()
module.network.load_state_dict({name: saved["weights"][f"2/{name}"] for name in module.network.state_dict()})
asked = next(task for task in corpus.tasks if task.name == "2").test
chosen = [one for one in asked[:50] if len(one.story) <= 8][:3] or list(asked[:3])
figure, (axes,) = plt.subplots(1, len(chosen), squeeze=False, figsize=(5 * len(chosen), 4), layout="constrained")
for panel, one in zip(axes, chosen, strict=True):
    answer, sure, hops = look(problem, module, one)
    story = one.story[-hops.shape[1] :]
    panel.imshow(hops.T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    panel.set_yticks(range(len(story)), [" ".join(sentence) for sentence in story])
    panel.set_xticks(range(len(hops)), [f"hop {number}" for number in range(1, len(hops) + 1)])
    for fact in one.facts:
        row = fact - len(one.story) + len(story)
        panel.plot([-0.5, len(hops) - 0.5], [row - 0.5] * 2, color="tab:red")
        panel.plot([-0.5, len(hops) - 0.5], [row + 0.5] * 2, color="tab:red")
    panel.set_title(f"{' '.join(one.question)}? {answer} ({sure:.2f}); right: {one.answer}", fontsize=9)
    assert (hops.sum(1) < 1 + 1e-5).all()

# %% [markdown]
# Which hop looks at which fact? The weight of the first and of the second, the mean over test questions.

# %%
weights = []
for one in asked[:100]:
    _, _, hops = look(problem, module, one)
    first = len(one.story) - hops.shape[1]  # older sentences are forgotten
    if min(one.facts) >= first:
        weights.append(hops[:, np.sort(one.facts) - first])
for number, (one, other) in enumerate(np.mean(weights, 0), start=1):
    print(f"hop {number}: the earlier fact {one:.2f}, the later {other:.2f}")
