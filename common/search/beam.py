"""Beam search from left to right, batched over sentences and over the hypotheses of each.

As in the papers on translation (Sutskever et al. 2014, section 3.2; Cho et al. 2014b, section 4): every partial
hypothesis is extended by every word, the best remain, and a hypothesis that ends leaves the beam, which shrinks by it.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

State = tuple[Tensor, ...]
Step = Callable[[Tensor, State], tuple[Tensor, State]]
NEVER = float("-inf")


class Hypothesis(NamedTuple):
    """One output."""

    words: tuple[int, ...]  # without start and end
    log_probability: float  # of the words and, if complete, the end
    complete: bool  # false if it was cut at the greatest length

    def score(self, length_exponent: float) -> float:
        """What hypotheses are ordered by: log p(y) / N^length_exponent, N their words, the end counted as one."""
        return self.log_probability / max(1, len(self.words) + self.complete) ** length_exponent


@torch.no_grad()
def beam_search(
    step: Step,
    state: State,
    start: int,
    end: int,
    *,
    beam_size: int,
    max_length: int,
    length_exponent: float = 0.0,
    forbidden: Iterable[int] = (),
    n_best: int = 1,
) -> list[list[Hypothesis]]:
    """The best outputs found for each of B sentences, best first; complete ones stand before those that were cut.

    With ``beam_size`` 1 this is greedy search. It stops once no live hypothesis can enter a sentence's n best.

    Args:
        step: from the last word ``[N]`` of each hypothesis and its state to the log-probabilities of all words
            ``[N, V]`` and the next state. The hypotheses of sentence b are the rows ``b * beam_size ...`` of N =
            B * beam_size, always, so that what is the same for all of them (annotations) need not be in the state.
        state: of the start, tensors ``[B, ...]``; from then on ``[N, ...]``.
        start: the word before the first.
        end: the word that completes a hypothesis.
        beam_size: hypotheses followed per sentence, complete ones included.
        max_length: most words of a hypothesis, the end counted as one; 0 gives one empty, incomplete hypothesis.
        length_exponent: what is found is ordered by log p(y) / N^length_exponent: 0 by sentence (Sutskever et al.),
            1 by word (Cho et al.). What to extend is always chosen among equally long ones.
        forbidden: words never written (the unknown word, for the papers' "No UNK").
        n_best: how many outputs per sentence, at most ``beam_size``; fewer where fewer are possible.

    Raises:
        ValueError: a beam, n-best list or length that is too small, or the end is forbidden.
    """
    forbidden = list(forbidden)
    if beam_size < 1 or not 1 <= n_best <= beam_size or max_length < 0 or end in forbidden:
        raise ValueError(
            f"beam search: beam_size {beam_size} and n_best {n_best} need beam_size >= n_best >= 1, "
            f"max_length {max_length} needs >= 0, and the end {end} may not be forbidden"
        )
    device, sentences = state[0].device, len(state[0])
    state = tuple(part.repeat_interleave(beam_size, 0) for part in state)
    first = torch.arange(sentences, device=device).unsqueeze(1) * beam_size  # row of a sentence's first hypothesis
    rank = torch.arange(beam_size, device=device)
    words = torch.full((sentences, beam_size, 1), start, device=device)
    live = torch.full((sentences, beam_size), NEVER, device=device)  # log-probability; NEVER: the slot is empty
    live[:, 0] = 0.0
    never = torch.tensor(forbidden, device=device, dtype=torch.long)
    room = torch.full((sentences, 1), beam_size, device=device)  # the beam less what is complete
    best = torch.full((sentences, n_best), NEVER, device=device)  # scores of the best complete ones
    found: list[list[Hypothesis]] = [[] for _ in range(sentences)]

    for length in range(1, max_length + 1):
        if not sentences or bool((live == NEVER).all()):
            break
        log_p, state = step(words[..., -1].flatten(), state)
        # What remains is among each hypothesis' own best: all words of all are not gone through again.
        log_p, best_words = log_p.topk(min(beam_size + len(forbidden), log_p.shape[1]))
        if forbidden:
            log_p = log_p.masked_fill(torch.isin(best_words, never), NEVER)
        choices = log_p.shape[1]
        scores, chosen = (live.unsqueeze(2) + log_p.view(sentences, beam_size, -1)).flatten(1).topk(beam_size)
        parents, next_words = chosen // choices, best_words.view(sentences, -1).gather(1, chosen)
        words = torch.cat([words.gather(1, parents.unsqueeze(2).expand(-1, -1, length)), next_words.unsqueeze(2)], 2)
        rows = (first + parents).flatten()
        state = tuple(part.index_select(0, rows) for part in state)

        live = scores.masked_fill(rank >= room, NEVER)
        ended = (next_words == end) & (live > NEVER)
        for sentence, slot in ended.nonzero().tolist():
            output = words[sentence, slot, 1:-1].tolist()
            found[sentence].append(Hypothesis(tuple(output), live[sentence, slot].item(), True))
        room = room - ended.sum(1, keepdim=True)
        complete = (live / length**length_exponent).masked_fill(~ended, NEVER)
        best = torch.cat([best, complete], 1).topk(n_best).values
        live = live.masked_fill(ended, NEVER)
        # A log-probability only falls, so its score ends no higher than spread over the greatest length. A sentence
        # stops as a whole: dropping single hypotheses would make room for worse ones, which count when they end.
        hope = (live / max_length**length_exponent).amax(1, keepdim=True)
        live = live.masked_fill(best[:, -1:] >= hope, NEVER)

    for sentence, slot in (live > NEVER).nonzero().tolist():
        output = words[sentence, slot, 1:].tolist()
        found[sentence].append(Hypothesis(tuple(output), live[sentence, slot].item(), False))
    for outputs in found:
        outputs.sort(key=lambda each: (each.complete, each.score(length_exponent)), reverse=True)
    return [outputs[:n_best] for outputs in found]
