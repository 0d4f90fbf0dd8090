# %% [markdown]
# # Search errors and model errors
# A translation can be wrong in two ways. The search missed an output that the model finds likelier: a *search error*.
# Or the likeliest output of all is not the right one: a *model error*, which no search can mend. With four words and
# outputs of at most four, everything can be tried.

# %%
from itertools import product

import torch

from common.search.beam import beam_search

WORDS, END, LONGEST, HIDDEN = 4, 3, 4, 5


class Network:
    """A small recurrent network with random weights; a sentence is its first state."""

    def __init__(self, seed):
        draw = torch.Generator().manual_seed(seed)
        self.embedding, self.recurrent, self.output = (
            2 * torch.randn(shape, generator=draw, dtype=torch.float64)
            for shape in ((WORDS, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, WORDS))
        )

    def step(self, words, state):
        hidden = torch.tanh(self.embedding[words] + state[0] @ self.recurrent)
        return (hidden @ self.output).log_softmax(-1), (hidden,)

    def log_probability(self, words, state):
        total, before, state = 0.0, 0, (state.unsqueeze(0),)
        for word in (*words, END):
            log_p, state = self.step(torch.tensor([before]), state)
            total, before = total + log_p[0, word].item(), word
        return total


OUTPUTS = [words for length in range(LONGEST) for words in product(range(END), repeat=length)]


def best(network, state):
    """The likeliest of all outputs."""
    return max(OUTPUTS, key=lambda words: network.log_probability(words, state))


# %% [markdown]
# The truth is one network; the model is the truth, not quite learnt.

# %%
truth, model = Network(1), Network(1)
model.output = truth.output + 0.8 * torch.randn(HIDDEN, WORDS, generator=torch.Generator().manual_seed(2)).double()
sentences = torch.randn(40, HIDDEN, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
right, likeliest = ([best(network, state) for state in sentences] for network in (truth, model))
model_errors = sum(ours != theirs for ours, theirs in zip(likeliest, right, strict=True))
print(f"{len(sentences)} sentences, {model_errors} model errors")
search_errors = {}
for beam_size in (1, 2, 4, 8, 100):
    found = beam_search(model.step, (sentences,), 0, END, beam_size=beam_size, max_length=LONGEST)
    search_errors[beam_size] = sum(one.words != words for (one,), words in zip(found, likeliest, strict=True))
    correct = sum(one.words == words for (one,), words in zip(found, right, strict=True))
    print(f"beam of {beam_size:3}: {search_errors[beam_size]:2} search errors, {correct} right")
assert search_errors[1] > 0 == search_errors[100] and 0 < model_errors < len(sentences)
