# %% [markdown]
# # Cho et al. 2014: gates while a sentence is read
# The update gate z of the encoder keeps the old state where it is near 1; the reset gate r drops it from what is new
# where it is near 0. Each unit has its own.

# %%
import matplotlib.pyplot as plt
import torch

from common.course.notebooks import network
from common.training.trained import restored
from replications.cho2014_gru.config import Config
from replications.cho2014_gru.experiment import build, load_data, shortlists

path = network("cho2014_gru", "sentences")
module, corpus = restored(path, Config, load_data, build)
net, (source, _) = module.network, shortlists(corpus, module.config)
text = corpus.sources("test")[0]
read = torch.as_tensor(source.of[corpus.encode_source(text)]).long()
names = [*corpus.source_tokeniser.tokenise(text), "</s>"]

# %%
gru, n = net.encoder, net.encoder.recurrent.shape[1]
h, resets, updates = torch.zeros(1, n), [], []
with torch.no_grad():
    for x in gru.input(net.source_embedding(read)):
        r, z = torch.sigmoid(x[: 2 * n] + h @ gru.recurrent[: 2 * n].t()).split(n, 1)
        resets.append(r[0])
        updates.append(z[0])
        h = gru.step(x.unsqueeze(0), h)
    c = net.encode(read.unsqueeze(1), torch.tensor([len(read)]))
figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True)
for one, gate, title in zip(axes, (resets, updates), ("reset gates r", "update gates z"), strict=True):
    one.imshow(torch.stack(gate), aspect="auto", cmap="Blues", vmin=0, vmax=1)
    one.set(title=title, xlabel="unit")
axes[0].set_yticks(range(len(names)), names)
torch.testing.assert_close(
    c, torch.tanh(net.summary(h)), rtol=0, atol=1e-5
)  # what we followed is what the network does

# %% [markdown]
# How much of the state each word replaced, on the mean over units.

# %%
for name, z in zip(names, updates, strict=True):
    print(f"{name:14} {1 - z.mean():.2f}")
