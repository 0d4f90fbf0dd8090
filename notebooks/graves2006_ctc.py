# %% [markdown]
# # Graves et al. 2006: spikes between blanks
# A network that was taught transcripts without times. What does it say at each frame?

# %%
import matplotlib.pyplot as plt
import torch

from common.course.notebooks import network
from common.output.ctc import backward_variables, forward_variables, with_blanks
from common.search.ctc_best_path import best_path
from common.search.ctc_prefix import prefix_search
from common.training.trained import kept
from replications.graves2006_ctc import experiment
from replications.graves2006_ctc.config import Config
from replications.graves2006_ctc.model import Network

saved, config = kept(network("graves2006_ctc", "ctc"), Config)
model = Network(config, len(saved["mean"]), len(saved["labels"])).eval()
model.load_state_dict(saved["weights"])
data = experiment.load_data(config)
spoken = data.test[0]
x = torch.from_numpy(spoken.features)
with torch.no_grad():
    log_y = model(x.unsqueeze(1), torch.tensor([len(x)]))

# %%
names = saved["labels"]
y = log_y[:, 0].exp()
figure, axes = plt.subplots(figsize=(9, 3))
axes.plot(y[:, 0], color="lightgrey", label="blank")
for label in sorted(set(spoken.labels.tolist())):
    axes.plot(y[:, label], label=names[label])
axes.legend(ncols=6, fontsize=7)
axes.set(xlabel="frame", ylabel="probability")
print("spoken      ", " ".join(names[k] for k in spoken.labels))
print("best path   ", " ".join(names[k] for k in best_path(log_y, torch.tensor([len(x)]))[0]))
print("prefix      ", " ".join(names[k] for k in prefix_search(log_y[:, 0].numpy(), max_expansions=200).labels))

# %% [markdown]
# Where the paths of the right transcript are: at each frame, the share of each of its symbols. This is what the
# network is taught, and it makes it itself.

# %%
labels, double = torch.from_numpy(spoken.labels).long(), log_y[:, 0].double()
through = forward_variables(double, labels) + backward_variables(double, labels) - double[:, with_blanks(labels)]
share = torch.exp(through - through.logsumexp(1, keepdim=True))
figure, axes = plt.subplots(figsize=(9, 4))
axes.imshow(share.t(), aspect="auto", cmap="Blues", origin="lower")
axes.set_yticks(range(1, 2 * len(labels), 2), [names[k] for k in labels])
axes.set(xlabel="frame")
assert torch.allclose(share.sum(1), torch.ones(len(x), dtype=torch.float64))
assert torch.allclose(
    through.logsumexp(1), through.logsumexp(1)[0]
)  # equation 14: every frame splits the same p(l | x)
