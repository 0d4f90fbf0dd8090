# %% [markdown]
# # Pascanu et al. 2013: the wall
# One unit, two parameters, fifty steps. The error has a wall; a step that meets it is thrown far away, unless its
# length is bounded.

# %%
import matplotlib.pyplot as plt
import numpy as np

from replications.pascanu2013_clipping.geometry import BIASES, THRESHOLD, WEIGHTS, descents, one_unit, signal_norms

weights, biases = np.linspace(*WEIGHTS, 150), np.linspace(*BIASES, 150)
loss = one_unit(weights[:, None], biases[None]).loss
start = np.array([[5.2, -1.8]])
paths = {name: descents(start, clipped=name == "clipped")[:, 0] for name in ("plain", "clipped")}
figure, axes = plt.subplots(figsize=(6, 4))
axes.contourf(biases, weights, loss, 30, cmap="Greys")
for name, path in paths.items():
    axes.plot(path[:400, 1], path[:400, 0], ".-", markersize=2, linewidth=0.7, label=name)
axes.set(xlabel="bias", ylabel="weight", xlim=BIASES, ylim=WEIGHTS)
axes.legend()
longest = {name: np.linalg.norm(np.diff(path, axis=0), axis=1).max() for name, path in paths.items()}
print(longest)

# %% [markdown]
# The error on its way back through fifty steps, at several sizes of the recurrent matrix. Below 1 it must vanish;
# above 1 it may grow, and need not.

# %%
figure, axes = plt.subplots(figsize=(5, 3))
norms = {scale: signal_norms(scale, "tanh", np.random.default_rng(1)) for scale in (0.5, 0.9, 1.5, 6.0)}
for scale, found in norms.items():
    axes.semilogy(found, label=f"largest singular value {scale}")
axes.set(xlabel="steps back", ylabel="size of the error")
axes.legend()
assert longest["clipped"] <= THRESHOLD + 1e-12
assert all((found[1:] <= scale * found[:-1] * (1 + 1e-9)).all() for scale, found in norms.items() if scale < 1)
