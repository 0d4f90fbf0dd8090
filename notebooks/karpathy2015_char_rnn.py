# %% [markdown]
# # Karpathy et al. 2015: cells that can be read
# Of all cells, the one that follows each kind of span best: it is searched in one half of the test text, and r is that
# in the other.

# %%
import matplotlib.pyplot as plt
import numpy as np

from common.course.notebooks import network
from common.evaluation.saturation import saturation
from common.training.trained import restored
from replications.karpathy2015_char_rnn.config import Config
from replications.karpathy2015_char_rnn.experiment import build, load_data
from replications.karpathy2015_char_rnn.measures import observed, probed

module, text = restored(network("karpathy2015_char_rnn", "lstm"), Config, load_data, build)
chances, layers = observed(module, text)
_, shown = probed(layers, text)
figure, axes = plt.subplots(len(shown), figsize=(14, 2 * len(shown)), layout="constrained")
for one, (name, found) in zip(axes, shown.items(), strict=True):
    print(f"{name:8} cell {found['cell']:3}, r = {found['r']:.2f}")
    part, values = found["text"][:100], found["values"][:100]
    one.imshow([values], aspect="auto", cmap="RdBu", vmin=-1, vmax=1)
    one.set_xticks(range(len(part)), ["¶" if mark == "\n" else mark for mark in part])
    one.set(yticks=[], title=f"{name}: tanh(c) of cell {found['cell']}")

# %% [markdown]
# How surprised is it along a piece of the test text, at the beginning of a word and at its end?

# %%
part = text.part("test")[0, :60]
nats = -np.log(chances[0, :60])
figure, axes = plt.subplots(figsize=(12, 2.5))
axes.bar(range(60), nats)
axes.set_xticks(range(60), bytes(text.symbols[n] for n in part).decode("latin-1").replace("\n", "¶"))
axes.set(ylabel="nats")
assert (nats >= 0).all() and chances.shape == text.part("test").shape

# %% [markdown]
# Gates that are shut, or open, half of the time or more. A cell whose forget gate is open goes on remembering.

# %%
_, cells = saturation(layers)
for gate, sides in cells[0].items():
    shut, wide = np.array(sides["shut"]), np.array(sides["open"])
    print(f"{gate:7} shut half the time: {(shut > 0.5).sum():3} cells, open half the time: {(wide > 0.5).sum():3}")
    assert (shut + wide < 1.01).all()
