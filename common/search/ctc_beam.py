"""Beam search over labellings of a CTC network, with an n-gram model of characters, phones or words.

Graves and Jaitly (2014), section 4 and algorithm 1: for each prefix, p_b and p_n of the paths that end in a blank or in
its last label. A prefix y is ranked by

    ln p(y | x) + weight ln p(y) + bonus |y|

as in Hannun, Maas, Jurafsky and Ng (2014), algorithm 1: ``weight`` and ``bonus`` (per word of the language model) are
tuned on validation data. A language model of words applies when a word is complete, and only words of its lexicon can
be spelled.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from common.compiled import compiled
from common.errors import UserError
from common.ngram.backoff import BackoffModel
from common.output.ctc import BLANK
from common.search.ngram_automaton import Automaton, compile_automaton, step

NOTHING = -1e30  # logarithm of an impossible prefix; finite, so that differences stay numbers


class LanguageModel(NamedTuple):
    """What a prefix is worth besides the network's probability.

    ``children`` ``[N, K]`` and ``word_at`` ``[N]`` are the lexicon as a tree of labels, -1 where there is nothing; for
    a model of labels it has one node and is not used, and ``separator`` is -1.
    """

    automaton: Automaton
    eos: int
    separator: int
    children: np.ndarray
    word_at: np.ndarray


def label_model(model: BackoffModel) -> LanguageModel:
    """A model whose words are the labels themselves, trained on label sequences each ended by 0 (the blank)."""
    none = np.full((1, 1), -1, np.int64)
    return LanguageModel(compile_automaton(model), BLANK, -1, none, none[0])


def word_model(
    model: BackoffModel, spellings: Mapping[int, Sequence[int]], separator: int, labels: int
) -> LanguageModel:
    """A model of words that are spelled with labels and parted by ``separator``.

    Args:
        model: over word ids, each sentence ended by 0.
        spellings: word id -> its labels; what is not here cannot be recognised.
        labels: K, the outputs of the network, blank included.

    Raises:
        UserError: a word without spelling, with the separator in it, or two words that are spelled alike.
    """
    children, word_at = [np.full(labels, -1, np.int64)], [-1]
    for word, spelling in spellings.items():
        node = 0
        for label in spelling:
            if children[node][label] < 0:
                children[node][label] = len(children)
                children.append(np.full(labels, -1, np.int64))
                word_at.append(-1)
            node = children[node][label]
        if node == 0 or separator in spelling or word_at[node] >= 0:
            raise UserError(
                f"lexicon: word {word} is spelled {list(spelling)}: empty, with the separator {separator}, "
                "or as another word; give every word one spelling of its own"
            )
        word_at[node] = word
    return LanguageModel(compile_automaton(model), 0, separator, np.stack(children), np.array(word_at))


def ctc_beam_search(
    log_y: np.ndarray,
    language_model: LanguageModel | None = None,
    *,
    beam_size: int = 100,
    weight: float = 1.0,
    bonus: float = 0.0,
    least: float = 1e-4,
) -> list[int]:
    """The best labelling of a sequence that the beam held.

    Args:
        log_y: log-probabilities of the outputs ``[T, K]``, the blank first.
        language_model: of labels or of words; none: the network alone decides.
        weight, bonus: of the language model, see the module's formula.
        least: labels less probable than this are not tried in a frame.
    """
    model = language_model or _NO_MODEL
    y = np.exp(np.asarray(log_y, dtype=np.float64))
    used = 0.0 if language_model is None else weight
    return _search(y, model, language_model is not None, beam_size, used, bonus, least).tolist()


_NO_MODEL = LanguageModel(
    Automaton(
        0,
        *(np.zeros(2, np.int64) for _ in range(2)),
        np.zeros(2),
        np.zeros(2, np.int64),
        np.zeros(1),
        np.zeros(1, np.int64),
    ),
    BLANK,
    -1,
    np.full((1, 1), -1, np.int64),
    np.full(1, -1, np.int64),
)


@compiled
def _read_label(model, has_model, state, place, k, weight, bonus):
    """(score added by label k, the language model's state after it, the place in the lexicon)."""
    if not has_model:
        return bonus, state, place
    if model.separator < 0:
        log_p, state = step(model.automaton, state, k)
        return weight * log_p + bonus, state, place
    if k != model.separator:
        place = model.children[place, k]
        return (0.0 if place >= 0 else NOTHING), state, place
    if model.word_at[place] < 0:
        return NOTHING, state, place
    log_p, state = step(model.automaton, state, model.word_at[place])
    return weight * log_p + bonus, state, 0


@compiled
def _end(model, has_model, state, place, label, weight, bonus):
    """Score added by the end: the last word must be complete, and the sentence may stop here."""
    if not has_model:
        return 0.0
    score = 0.0
    if model.separator >= 0 and label != BLANK:  # not the empty labelling
        if model.word_at[place] < 0:
            return NOTHING
        log_p, state = step(model.automaton, state, model.word_at[place])
        score = weight * log_p + bonus
    log_p, state = step(model.automaton, state, model.eos)
    return score + weight * log_p


@compiled
def _search(y, model, has_model, beam_size, weight, bonus, least):
    steps, symbols = y.shape
    nodes = 1 + steps * beam_size
    # A node is a prefix; node 0 the empty one.
    parent, label = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    state, place = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    child, sibling = np.full(nodes, -1, np.int64), np.full(nodes, -1, np.int64)
    score = np.zeros(nodes)
    in_beam = np.full(nodes, -1, np.int64)  # where a node stands in the beam
    state[0] = model.automaton.start
    used = 1

    beam, p_b, p_n = np.zeros(1, np.int64), np.ones(1), np.zeros(1)
    held = np.full((beam_size, symbols), -1, np.int64)  # beam place of a beam entry's extension by a label
    widest = beam_size * symbols
    new_from, new_label, new_p = np.empty(widest, np.int64), np.empty(widest, np.int64), np.empty(widest)
    new_score, new_state, new_place = np.empty(widest), np.empty(widest, np.int64), np.empty(widest, np.int64)
    for t in range(steps):
        size = len(beam)
        for i in range(size):
            in_beam[beam[i]] = i
        for j in range(size):
            above = in_beam[parent[beam[j]]]
            if beam[j] and above >= 0:
                held[above, label[beam[j]]] = j
        # Prefixes that stay as they are.
        next_b, next_n = np.empty(size), np.empty(size)
        for i in range(size):
            next_b[i] = (p_b[i] + p_n[i]) * y[t, BLANK]
            next_n[i] = p_n[i] * y[t, label[beam[i]]] if beam[i] else 0.0
        # Prefixes that grow by a label.
        found = 0
        for k in range(1, symbols):
            if y[t, k] < least:
                continue
            for i in range(size):
                node = beam[i]
                p = y[t, k] * (p_b[i] if label[node] == k and node else p_b[i] + p_n[i])
                if p <= 0.0:
                    continue
                if held[i, k] >= 0:
                    next_n[held[i, k]] += p
                    continue
                added, after, spot = _read_label(model, has_model, state[node], place[node], k, weight, bonus)
                if added > NOTHING:
                    new_from[found], new_label[found], new_p[found] = node, k, p
                    new_score[found], new_state[found], new_place[found] = score[node] + added, after, spot
                    found += 1
        rank = np.empty(size + found)
        for i in range(size):
            rank[i] = np.log(next_b[i] + next_n[i]) + score[beam[i]]
        for c in range(found):
            rank[size + c] = np.log(new_p[c]) + new_score[c]
        for j in range(size):
            above = in_beam[parent[beam[j]]]
            if beam[j] and above >= 0:
                held[above, label[beam[j]]] = -1
        for i in range(size):
            in_beam[beam[i]] = -1
        chosen = np.argsort(-rank)[:beam_size] if size + found > beam_size else np.arange(size + found)
        next_beam, chosen_b, chosen_n = np.empty(len(chosen), np.int64), np.zeros(len(chosen)), np.empty(len(chosen))
        for place_in_beam, choice in enumerate(chosen):
            if choice < size:
                next_beam[place_in_beam] = beam[choice]
                chosen_b[place_in_beam], chosen_n[place_in_beam] = next_b[choice], next_n[choice]
                continue
            c = choice - size
            node = child[new_from[c]]
            while node >= 0 and label[node] != new_label[c]:  # it may have been in the beam before
                node = sibling[node]
            if node < 0:
                node = used
                used += 1
                parent[node], label[node] = new_from[c], new_label[c]
                score[node], state[node], place[node] = new_score[c], new_state[c], new_place[c]
                sibling[node], child[new_from[c]] = child[new_from[c]], node
            next_beam[place_in_beam], chosen_n[place_in_beam] = node, new_p[c]
        most = max((chosen_b + chosen_n).max(), 1e-300)  # against underflow; a factor changes no comparison
        beam, p_b, p_n = next_beam, chosen_b / most, chosen_n / most

    best, best_score = beam[0], -np.inf
    for i in range(len(beam)):
        node = beam[i]
        ended = _end(model, has_model, state[node], place[node], label[node], weight, bonus)
        total = np.log(p_b[i] + p_n[i]) + score[node] + ended
        if total > best_score:
            best, best_score = node, total
    length = 0
    node = best
    while node:
        length += 1
        node = parent[node]
    labels = np.empty(length, np.int64)
    node = best
    while node:
        length -= 1
        labels[length] = label[node]
        node = parent[node]
    return labels
