# %% [markdown]
# # Vinyals et al. 2015: which words need the picture?
# A caption's words under its own picture and under another one. Words that any caption has cost the same; those that
# say what is to be seen cost more under the wrong picture.

# %%
import matplotlib.pyplot as plt
import torch

from common.course.notebooks import network
from common.training.trained import restored
from common.vision.features import squares
from replications.vinyals2015_show_and_tell.config import Config
from replications.vinyals2015_show_and_tell.experiment import build, load_data
from replications.vinyals2015_show_and_tell.eyes import Eyes

module, data = restored(network("vinyals2015_show_and_tell", "nic"), Config, load_data, build)
test, words, eyes = data.set.test, data.vocabulary, Eyes(module.config, data.set)
with torch.no_grad():
    features = eyes.encoder(squares(test.open, [0, 1], eyes.kind.size))
caption = test.captions[0][0]
written = torch.from_numpy(words.encode([*caption, "</s>"]).astype("int64")).unsqueeze(1).expand(-1, 2)
with torch.no_grad():
    log_p = module.network.output(module.network(features, written)).log_softmax(2)
nats = -log_p.gather(2, written.unsqueeze(2)).squeeze(2)

# %%
figure, axes = plt.subplots(1, 2, figsize=(6, 3))
for one, place, title in zip(axes, (0, 1), ("its picture", "another one"), strict=True):
    one.imshow(test.open(place))
    one.set(title=title, xticks=[], yticks=[])
for word, (own, other) in zip([*caption, "</s>"], nats.tolist(), strict=True):
    print(f"{word:12} {own:6.2f} nats under its own picture, {other:6.2f} under another")
print(f"the caption  {nats[:, 0].sum():6.2f}, {nats[:, 1].sum():6.2f}")
assert nats.shape == (len(caption) + 1, 2) and bool((nats > 0).all())
