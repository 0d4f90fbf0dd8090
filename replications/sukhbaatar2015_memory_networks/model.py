"""End-to-end memory networks (Sukhbaatar et al. 2015, section 2), R restarts side by side; and LSTMs beside them.

    m_i = sum_j l_j A x_ij + T_A(i)     c_i = sum_j l_j C x_ij + T_C(i)     u = sum_j l_j B q_j
    p = softmax(u . m_i)                o = sum_i p_i c_i                   u' = u + o   (layer-wise: H u + o)
    answer = softmax(W u'), after K hops

    adjacent    A of a hop is C of the one before, B = A of the first, W = C of the last
    layer-wise  A and C are the same in all hops, B and W their own

All matrices have a row for each word and each T(i), and so has W (the authors' code: they can be answered too).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence

from common.data.stories.batches import Batch, Problem
from replications.sukhbaatar2015_memory_networks.config import Config


def position_weights(encoding: str, size: int, longest: int) -> tuple[Tensor, Tensor, Tensor]:
    """f ``[J]``, a ``[d]``, g ``[J]`` of the weight l_kj = f_j + a_k g_j of part k of word j (section 4.1).

    printed   (1 - j/J) - (k/d)(1 - 2j/J)
    released  1 + 4 (k - (d+1)/2)(j - (J+1)/2) / (d J), about twice as much (the authors' code)
    bow       1: words without order
    """
    j, k = torch.arange(1.0, longest + 1), torch.arange(1.0, size + 1)
    if encoding == "printed":
        return 1 - j / longest, -k / size, 1 - 2 * j / longest
    if encoding == "released":
        return torch.ones(longest), k - (size + 1) / 2, 4 * (j - (longest + 1) / 2) / (size * longest)
    return torch.ones(longest), k, torch.zeros(longest)


def drawn(parameter: nn.Parameter, seeds: Sequence[int], std: float) -> None:
    """N(0, std^2) for each restart ``[R, ...]`` from its own seed."""
    for weight, seed in zip(parameter.data, seeds, strict=True):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            nn.init.normal_(weight, std=std)


class MemoryNetworks(nn.Module):
    """R networks of the same shape, a network for each seed; what one answers does not depend on the others."""

    def __init__(self, config: Config, problem: Problem, seeds: Sequence[int]):
        super().__init__()
        self.config, self.vocabulary = config, len(problem.words)
        rows, size = self.vocabulary + problem.memory, config.hidden
        hops = range(config.hops)
        if config.tying == "adjacent":  # which matrices are A and C of each hop, B and W
            self.hops, self.b, self.w = [(hop, hop + 1) for hop in hops], 0, config.hops
        else:
            self.hops, self.b, self.w = [(0, 1) for _ in hops], 2, 3
        self.embeddings = nn.Parameter(torch.empty(len(seeds), self.w + 1, rows, size))
        drawn(self.embeddings, seeds, config.init_std)
        self.embeddings.data[..., 0, :] = 0  # no word
        if config.tying == "layerwise":
            self.projection = nn.Parameter(torch.empty(len(seeds), size, size))  # H
            drawn(self.projection, seeds, config.init_std)
        # the time is a sentence's last word
        weights = position_weights(config.encoding, size, problem.longest + config.time)
        for name, weight in zip("fag", weights, strict=True):
            self.register_buffer(name, weight, persistent=False)

    def embedded(self, sentences: Tensor) -> Tensor:
        """Sentences ``[U, L]`` by every matrix ``[R, P, U, d]``: products of weighted counts, however long they are."""
        words = self.embeddings[:, :, : self.vocabulary]
        counts = words.new_zeros(2, len(sentences), self.vocabulary)
        for of, weight in zip(counts, (self.f, self.g), strict=True):
            of.scatter_add_(1, sentences, weight[: sentences.shape[1]] * (sentences > 0))
        return counts[0] @ words + self.a * (counts[1] @ words)

    def forward(self, batch: Batch, linear: bool = False) -> tuple[Tensor, list[Tensor]]:
        """Scores of every word as the answer ``[R, B, V + M]``, and p of each hop ``[R, B, M]``.

        ``linear``: without the softmax over the memory, with which training starts (section 4.1).
        """
        restarts = len(self.embeddings)
        places, ages = (each.expand(restarts, -1, -1) for each in (batch.places, batch.ages))
        table = self.embedded(batch.sentences)
        asked = batch.questions.expand(restarts, -1)[..., None].expand(-1, -1, table.shape[-1])
        u = table[:, self.b].gather(1, asked)
        parts = [places]  # a memory is the sum of these rows
        if self.config.time:
            parts.append(torch.where(ages > 0, ages + len(batch.sentences) - 1, 0))
            times = self.embeddings[:, :, self.vocabulary :] * (self.f[-1] + self.a * self.g[-1])
            table = torch.cat([table, times], 2)
        hops = []
        for a, c in self.hops:
            of_rows = u @ table[:, a].transpose(1, 2)
            score = torch.stack([of_rows.gather(2, part) for part in parts]).sum(0)
            if self.config.mask:
                score = score.masked_fill(places == 0, 0.0 if linear else float("-inf"))
            hops.append(score if linear else score.softmax(-1))
            weight = torch.zeros_like(of_rows)
            for part in parts:
                weight = weight.scatter_add(2, part, hops[-1])
            u = (u @ self.projection.transpose(1, 2) if self.config.tying == "layerwise" else u) + weight @ table[:, c]
        return u @ self.embeddings[:, self.w].transpose(1, 2), hops

    def restart(self, number: int) -> dict[str, Tensor]:
        """The weights of one network."""
        return {name: weight[number : number + 1].clone() for name, weight in self.state_dict().items()}


class LSTMs(nn.Module):
    """R LSTMs that read the words of story and question, and answer by their last state."""

    def __init__(self, config: Config, problem: Problem, seeds: Sequence[int]):
        super().__init__()
        self.embedding, self.readers, self.outputs = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for seed in seeds:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                self.embedding.append(nn.Embedding(len(problem.words), config.hidden))
                self.readers.append(nn.LSTM(config.hidden, config.hidden, batch_first=True))
                self.outputs.append(nn.Linear(config.hidden, len(problem.words)))

    def forward(self, batch: Batch, linear: bool = False) -> tuple[Tensor, list[Tensor]]:
        """Scores of every word as the answer ``[R, B, V]``; there is no memory to look at."""
        restarts = len(self.readers)
        texts = torch.cat([batch.sentences[batch.places.flip(-1)].flatten(2), batch.sentences[batch.questions]], -1)
        texts = texts.gather(-1, (texts == 0).int().argsort(dim=-1, stable=True)).expand(restarts, -1, -1)
        scores = []
        for text, embedding, reader, output in zip(texts, self.embedding, self.readers, self.outputs, strict=True):
            lengths = (text > 0).sum(-1).cpu()
            words = embedding(text[:, : int(lengths.max())])
            packed = pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=False)
            scores.append(output(reader(packed)[1][0][0]))
        return torch.stack(scores), []

    def restart(self, number: int) -> dict[str, Tensor]:
        """The weights of one network."""
        mine = f".{number}."
        return {name.replace(mine, ".0.", 1): w.clone() for name, w in self.state_dict().items() if mine in name}


def nats(scores: Tensor, answers: Tensor) -> Tensor:
    """-log p of each answer ``[R, B]`` by scores ``[R, B, V]``."""
    answers = answers.expand(len(scores), -1)
    return F.cross_entropy(scores.flatten(0, 1), answers.flatten(), reduction="none").view(answers.shape)
