# %% [markdown]
# # Why tanh?
# Two squashing functions, the same random network, and the error on its way back. The logistic function is nowhere
# steeper than 1/4, and its units are all positive.

# %%
import matplotlib.pyplot as plt
import torch

from common.cells.elman import ACTIVATIONS, elman_scan

net = torch.linspace(-5, 5, 201, requires_grad=True)
figure, axes = plt.subplots(1, 2, figsize=(9, 3))
steepest = {}
for name in ("logistic", "tanh"):
    value = ACTIVATIONS[name](net)
    (slope,) = torch.autograd.grad(value.sum(), net)
    steepest[name] = slope.max().item()
    axes[0].plot(net.detach(), value.detach(), label=name)
    axes[1].plot(net.detach(), slope, label=f"slope of {name}")
for one in axes:
    one.legend()
print(steepest)

# %% [markdown]
# The error that 30 steps send back, in a network whose recurrent matrix is a rotation: only slopes can shrink it.

# %%
hidden, steps = 50, 30
draw = torch.Generator().manual_seed(1)
rotation = torch.linalg.qr(torch.randn(hidden, hidden, generator=draw, dtype=torch.float64))[0]
inputs = 0.1 * torch.randn(steps, 1, hidden, generator=draw, dtype=torch.float64)
figure, axes = plt.subplots(figsize=(5, 3))
left = {}
for name in ("logistic", "tanh"):
    drive = inputs.clone().requires_grad_()
    states = elman_scan(drive, torch.zeros(1, hidden, dtype=torch.float64), rotation, name)
    (error,) = torch.autograd.grad(states[-1].sum(), drive)
    norms = error.norm(dim=(1, 2)).flip(0)
    left[name] = (norms[-1] / norms[0]).item()
    axes.semilogy(norms, label=name)
axes.set(xlabel="steps back", ylabel="size of the error")
axes.legend()
print(left)

# %% [markdown]
# Units that are all positive have another fault: the weights into one unit of the next layer all get a gradient of
# the same sign, so they can only grow or shrink together.

# %%
mean = {name: ACTIVATIONS[name](torch.randn(10_000, generator=draw)).mean().item() for name in ("logistic", "tanh")}
assert steepest["logistic"] == 0.25 and steepest["tanh"] == 1
assert left["logistic"] < 1e-15 < 1e-6 < left["tanh"]
assert abs(mean["tanh"]) < 0.02 < mean["logistic"]
print(mean)
