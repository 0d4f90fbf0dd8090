# %% [markdown]
# # Huang et al. 2015: which tags may follow each other
# The CRF's transitions, learnt, and what they change: tags chosen one by one against tags chosen together.

# %%
import matplotlib.pyplot as plt
import torch

from common.course.notebooks import network
from common.metrics.span_f1 import spans
from common.training.trained import restored
from replications.huang2015_bilstm_crf.config import Config
from replications.huang2015_bilstm_crf.experiment import build, load_data

module, corpus = restored(network("huang2015_bilstm_crf", "ner_bilstm_crf"), Config, load_data, build)
tags, crf = corpus.target.words, module.crf
figure, axes = plt.subplots(figsize=(6, 5))
axes.imshow(crf.transitions.detach(), cmap="RdBu", vmin=-2, vmax=2)
axes.set_xticks(range(len(tags)), tags, rotation=90, fontsize=6)
axes.set_yticks(range(len(tags)), tags, fontsize=6)
axes.set(title="from the row's tag to the column's: blue is likely")

# %%
batch = next(iter(module.loader(corpus.test[:64])()))
with torch.no_grad():
    scores = module.network(batch)[0]
    one_by_one, together = scores.argmax(2), crf.viterbi(scores, batch.lengths)
    score = {
        name: crf.score(scores, chosen, batch.lengths) for name, chosen in (("each", one_by_one), ("all", together))
    }


def broken(chosen):
    """Tags inside a span that none has begun."""
    lists = [[tags[k] for k in chosen[:n, b]] for b, n in enumerate(batch.lengths.tolist())]
    return sum(
        tag.startswith("I-") and before[2:] != tag[2:]
        for one in lists
        for before, tag in zip(["O", *one], one, strict=False)
    ), sum(len(spans(one)) for one in lists)


for name, chosen in (("one by one", one_by_one), ("together", together)):
    count, found = broken(chosen)
    print(f"{name:11} {found} spans, {count} tags inside a span that none has begun")
assert bool((score["all"] >= score["each"] - 1e-4).all())  # Viterbi's is the best sequence of all
