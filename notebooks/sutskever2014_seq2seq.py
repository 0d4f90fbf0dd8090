# %% [markdown]
# # Sutskever et al. 2014: a sentence as a vector
# All that the decoder knows of a sentence is the encoder's last state. Test sentences, in the two directions in which
# their vectors differ most.

# %%
import matplotlib.pyplot as plt
import torch

from common.course.notebooks import network
from common.data.parallel.buckets import pad
from common.training.trained import restored
from replications.sutskever2014_seq2seq.config import Config
from replications.sutskever2014_seq2seq.experiment import build, load_data
from replications.sutskever2014_seq2seq.model import sentence_vector
from replications.sutskever2014_seq2seq.translation import translate

module, corpus = restored(network("sutskever2014_seq2seq", "reversed"), Config, load_data, build)
net = module.network


@torch.no_grad()
def vectors(sentences):
    return sentence_vector(net.encode(*pad([corpus.encode_source(one) for one in sentences])))


texts = corpus.sources("test")[:12]
found = vectors(texts)
centred = found - found.mean(0)
plane = centred @ torch.linalg.svd(centred, full_matrices=False)[2][:2].t()
figure, axes = plt.subplots(figsize=(8, 5))
axes.plot(*plane.t(), "o")
for text, (x, y) in zip(texts, plane.tolist(), strict=True):
    axes.annotate(" ".join(text.split()[:6]), (x, y), fontsize=7)

# %% [markdown]
# Order matters: the same words, two of them exchanged. And is the vector that of the sentence alone, whatever stands
# beside it in the batch?

# %%
words = texts[0].split()
exchanged = " ".join([words[1], words[0], *words[2:]])
first, other = vectors([texts[0], exchanged])
print(f"distance to the exchanged sentence: {(first - other).norm():.3f}")
print(f"of sentences from their mean: {centred.norm(dim=1).mean():.3f}")
torch.testing.assert_close(vectors(texts[:1])[0], found[0], rtol=0, atol=1e-5)
for text, (best, *_) in zip(
    texts, translate([net], [corpus.encode_source(one) for one in texts], beam_size=3), strict=True
):
    print(f"{text:45} {best.log_probability:6.2f}  {corpus.detokenise(corpus.decode_target(best.words))}")
assert found.shape[1] == 2 * module.config.layers * module.config.hidden
