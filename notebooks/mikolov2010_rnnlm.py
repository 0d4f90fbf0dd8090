# %% [markdown]
# # Mikolov et al. 2010: what a recurrent language model knows
# Word vectors first: the columns of U, one for each word that is read.

# %%
import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F

from common.cells.elman import elman_scan
from common.course.notebooks import network
from common.training.trained import restored
from replications.mikolov2010_rnnlm.config import Config
from replications.mikolov2010_rnnlm.experiment import build, load_data

path = network("mikolov2010_rnnlm", "rnn_classes")
module, corpus = restored(path, Config, load_data, build)
words, net = corpus.vocabulary.words, module.network
vectors = F.normalize(net.elman.input.weight.detach())
for word in words[2:14:2]:
    near = (vectors @ vectors[words.index(word)]).topk(5).indices.tolist()[1:]
    print(f"{word:12} near {', '.join(words[i] for i in near)}")

# %% [markdown]
# How far back does it look? The derivative of the last word's loss by the input of each word before, through the
# weights of the trained network.

# %%
read = torch.from_numpy(corpus.test[:21].astype("int64"))
drive = net.elman.input(read[:-1]).detach().unsqueeze(1).requires_grad_()
states = elman_scan(drive, net.elman.initial(1), net.elman.recurrent.detach(), "logistic")
loss = net.output(states[-1], read[-1:])
(gradient,) = torch.autograd.grad(loss.sum(), drive)
sizes = gradient.norm(dim=(1, 2)).flip(0)
figure, axes = plt.subplots(figsize=(5, 3))
axes.semilogy(sizes, "o-")
axes.set(xlabel="words back", ylabel="size of the derivative")

# %% [markdown]
# And the next word after a few: what it expects.

# %%
start = [corpus.eos, *corpus.test[:3].tolist()]
with torch.no_grad():
    log_p, _ = module.log_probabilities(torch.tensor(start).unsqueeze(1), net.initial(1))
for place in log_p[-1].topk(5).indices.tolist():
    print(f"{' '.join(words[i] for i in start[1:])} {words[place]:12} {log_p[-1, place].exp():.3f}")
assert abs(log_p.exp().sum(1) - 1).max() < 1e-4 and sizes[-1] < sizes[0]
