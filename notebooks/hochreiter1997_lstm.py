# %% [markdown]
# # Hochreiter & Schmidhuber 1997: a memory, by hand
# One cell, three inputs. Large weights push the gates wide open or shut: x2 = 1 writes x1, x2 = -1 clears, x3 = 1
# reads.

# %%
import matplotlib.pyplot as plt
import torch

from common.cells.elman import elman_scan
from common.cells.lstm import LSTM

cell = LSTM(3, 1, 1, forget_gate=True, g="identity", h="identity").double()
with torch.no_grad():
    cell.weight.zero_()
    for unit, source, weight, bias in [("c", 0, 1, 0), ("in", 1, 100, -10), ("out", 2, 100, -10), ("phi", 1, 100, 10)]:
        cell.weight[cell.units[unit], source] = weight
        cell.weight[cell.units[unit], -1] = bias
x = torch.tensor([[1, 3, 2, 4, 2, 1, 3, 6, 1], [0, 1, 0, 1, 0, 0, -1, 1, 0], [0, 0, 0, 0, 0, 1, 0, 0, 1]])
with torch.no_grad():
    trace, _ = cell(x.t().unsqueeze(1).double())
rows = {
    "x1": x[0],
    "x2": x[1],
    "x3": x[2],
    "input gate": trace.y_in,
    "forget gate": trace.y_phi,
    "output gate": trace.y_out,
}
for name, row in (rows | {"state": trace.s, "output": trace.y_c}).items():
    print(f"{name:12}", " ".join(f"{float(value):5.1f}" for value in row.flatten()))
assert [round(value) for value in trace.y_c.flatten().tolist()] == [0, 0, 0, 0, 0, 7, 0, 0, 6]

# %% [markdown]
# The constant error carousel: how much of an error at the end reaches a state k steps before, in a cell of 1997 and
# in an Elman network.

# %%
steps, draw = 100, torch.Generator().manual_seed(1)
lstm = LSTM(4, 5, 1, truncated=True).double()
state = lstm.initial(1)._replace(s=torch.zeros(1, 5, dtype=torch.float64, requires_grad=True))
noise = torch.randn(steps, 1, 4, generator=draw, dtype=torch.float64)
last = lstm(noise, state)[1].s.sum()
(carried,) = torch.autograd.grad(last, state.s)

drive = torch.randn(steps, 1, 5, generator=draw, dtype=torch.float64, requires_grad=True)
recurrent = torch.randn(5, 5, generator=draw, dtype=torch.float64)
states = elman_scan(drive, torch.zeros(1, 5, dtype=torch.float64), recurrent, "tanh")
(errors,) = torch.autograd.grad(states[-1].sum(), drive)
figure, axes = plt.subplots(figsize=(5, 3))
axes.semilogy(errors.abs().mean((1, 2)).flip(0), label="Elman, tanh")
axes.axhline(carried.mean().item(), color="tab:red", label="state of a cell, 1997")
axes.set(xlabel="steps back", ylabel="error")
axes.legend()
assert torch.allclose(carried, torch.ones_like(carried)) and errors[0].abs().mean() < 1e-3
