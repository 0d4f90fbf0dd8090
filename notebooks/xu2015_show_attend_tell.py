# %% [markdown]
# # Xu et al. 2015: where does it look for each word?
# A caption is read word by word. For each, the attention over the nine places of the picture; and how sure it is, as
# the entropy of these weights against that of equal ones.

# %%
import matplotlib.pyplot as plt
import torch

from common.course.notebooks import network
from common.training.trained import restored
from common.vision.features import squares
from common.vision.maps import MAPS
from replications.xu2015_show_attend_tell.config import Config
from replications.xu2015_show_attend_tell.evaluation import looked
from replications.xu2015_show_attend_tell.experiment import build, load_data

module, data = restored(network("xu2015_show_attend_tell", "soft"), Config, load_data, build)
test, words, kind = data.set.test, data.vocabulary, MAPS[module.config.encoder]
with torch.no_grad():
    seen = kind.load()(squares(test.open, [0], kind.size)).unflatten(1, (kind.features, -1)).transpose(1, 2)
    caption = test.captions[0][0]
    maps = torch.as_tensor(looked(module.network, seen, words, caption))

# %%
side = int(maps.shape[1] ** 0.5)
figure, axes = plt.subplots(2, (len(caption) + 2) // 2, figsize=(10, 4), squeeze=False)
for one in axes.flat:
    one.axis("off")
axes.flat[0].imshow(test.open(0))
for one, word, weights in zip(axes.flat[1:], caption, maps, strict=False):
    one.imshow(weights.view(side, side), cmap="gray", vmin=0, vmax=1)
    one.set_title(word, fontsize=9)

# %%
entropy = -(maps * maps.clamp_min(1e-12).log()).sum(1) / torch.log(torch.tensor(float(side**2)))
for word, weights, spread in zip(caption, maps, entropy, strict=True):
    row, column = divmod(int(weights.argmax()), side)
    print(f"{word:10} row {row + 1}, column {column + 1}: {weights.max():.2f}; entropy {spread:.2f} of equal weights")
assert maps.shape == (len(caption), side**2) and bool(((maps.sum(1) - 1).abs() < 0.01).all())
