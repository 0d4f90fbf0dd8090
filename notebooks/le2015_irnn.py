# %% [markdown]
# # Le et al. 2015: what becomes of the identity
# The recurrent matrix begins at the identity, all of whose eigenvalues are 1, and nothing keeps it there. Where are
# they when the network can add two marked numbers?

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from common.course.notebooks import network
from common.training.trained import restored
from replications.le2015_irnn.config import Config
from replications.le2015_irnn.experiment import build, load_data

module, corpus = restored(network("le2015_irnn", "irnn"), Config, load_data, build)
networks = {"untrained": build(module.config, corpus).network, "trained": module.network}
values = {name: torch.linalg.eigvals(one.cell.weight_hh_l0.detach()).numpy() for name, one in networks.items()}
circle = np.exp(2j * np.pi * np.linspace(0, 1, 200))
figure, axes = plt.subplots(figsize=(4, 4))
axes.plot(circle.real, circle.imag, linewidth=0.7, color="black")
for name, found in values.items():
    axes.plot(found.real, found.imag, "o", alpha=0.6, label=name)
axes.set(aspect="equal", title="eigenvalues and the unit circle")
axes.legend()
assert np.allclose(values["untrained"], 1)

# %% [markdown]
# How much of an error at the end reaches each step: the derivative of the answer by what was read there.

# %%
inputs, target = (each[:100] for each in corpus.tensors["test"])
figure, axes = plt.subplots(figsize=(5, 3))
for name, one in networks.items():
    read = inputs.transpose(0, 1).clone().requires_grad_()
    (gradient,) = torch.autograd.grad(one(read).sum(), read)
    axes.semilogy(gradient.norm(dim=2).mean(1), label=name)
axes.set(xlabel="step", ylabel="size of the derivative")
axes.legend()

# %% [markdown]
# And a few of its answers, each to two numbers out of many.

# %%
with torch.no_grad():
    answers = module.network(inputs.transpose(0, 1))[:, 0]
for sequence, right, answer in zip(inputs[:4], target, answers, strict=False):
    one, other = sequence[sequence[:, 0] == 1, 1].tolist()
    print(f"{one:.2f} + {other:.2f} = {right:.2f}, it says {answer:.2f}")
    assert abs(one + other - right) < 1e-5
