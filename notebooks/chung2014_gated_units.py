# %% [markdown]
# # Chung et al. 2014: gates while music plays
# A made-up piece changes its chord every 8 or every 12 steps, and the last step alone does not tell when. The update
# gate z takes the new where it is near 1, and keeps the old state where it is near 0.

# %%
import matplotlib.pyplot as plt
import torch

from common.cells.gates import gru_gates
from common.course.notebooks import network
from common.data.music.made_up import BASS
from common.data.music.rolls import side_by_side
from common.training.trained import restored
from replications.chung2014_gated_units.config import Config
from replications.chung2014_gated_units.experiment import build, load_data

module, music = restored(network("chung2014_gated_units", "made_up_gru"), Config, load_data, build)
batch = side_by_side(music.pieces["test"][:1])
gru = module.network.layer
with torch.no_grad():
    h = gru(batch.inputs)
    before = torch.cat([torch.zeros_like(h[:1]), h[:-1]])
    gates = gru_gates(gru, batch.inputs, before)
    nats = module.nats(batch)[:, 0]
new_chord = batch.target[:, 0, BASS : BASS + 12].any(1)  # the bass sounds once a chord
figure, (above, below) = plt.subplots(2, sharex=True, figsize=(9, 5))
above.imshow(gates["update"][:, 0].t(), aspect="auto", cmap="Blues", vmin=0, vmax=1, interpolation="none")
above.set(ylabel="unit", title="update gates z")
below.plot(nats, ".-")
for step in new_chord.nonzero()[:, 0].tolist():
    below.axvline(step, color="tab:red", linewidth=0.7)
below.set(xlabel="step", ylabel="nats of the next step", title="red: the next step has a new chord")
with torch.no_grad():  # these are the layer's gates: its equation with them gives its states
    net = gru.input(batch.inputs)[..., 2 * gru.hidden :]
    added = torch.tanh(net + (gates["reset"] * before) @ gru.recurrent[2 * gru.hidden :].t())
torch.testing.assert_close(torch.lerp(before, added, gates["update"]), h, rtol=0, atol=1e-5)

# %% [markdown]
# Where was it surprised most?

# %%
for step in nats.topk(5).indices.tolist():
    print(f"step {step + 1:3}: {nats[step]:5.2f} nats{', a new chord' if new_chord[step] else ''}")
