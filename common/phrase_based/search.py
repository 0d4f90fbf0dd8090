"""The search of the phrase-based decoder, compiled: beam search over stacks (Koehn 2004).

A hypothesis translates some of the source words and is extended by the translation of any phrase that is still open.
Hypotheses that cover equally many words compete: a *stack* keeps the best of them, measured by their score and an
estimate of what the open words will cost. Two that cover the same words, ended at the same place and look alike to the
language model are one from then on (*recombination*); of all ways that lead there, the best is kept as such and the
others for the list of the n best.
"""

import numpy as np

from common.compiled import compiled
from common.search.ngram_automaton import step

SLACK = 2.0  # nats of the language model by which an option may turn out better than its estimate
# Loops stand where numpy has a function (sort, argmax, a row that is assigned): numba takes seconds to compile those.
# fields of a hypothesis: the first open word; what is covered behind it, bit by bit; the word behind the last phrase;
# the language model's state; first of its edges; best of its edges; whether it is on its stack
GAP, BITS, END, STATE, EDGES, BEST, KEPT = range(7)
# fields of an edge (a way to a hypothesis): the hypothesis before, the option, the next edge to the same hypothesis
BEFORE, OPTION, NEXT = range(3)
# values of an edge: score of the best path through it; log p of its words; words jumped over
SCORE, LOG_P, JUMP = range(3)


@compiled
def _grown(array):
    larger = np.empty((2 * len(array), array.shape[1]), array.dtype)
    for i in range(len(array)):
        for j in range(array.shape[1]):
            larger[i, j] = array[i, j]
    return larger


@compiled
def _mix(gap, bits, end, state):
    key = gap * 1_000_003 + bits
    key = key * 1_000_003 + end
    key = (key * 1_000_003 + state) * 0x9E3779B97F4A7C1
    return key ^ (key >> 29)


@compiled
def alone(lm, target, target_starts):
    """log p of each phrase without what stands before it ``[O]``."""
    found = np.zeros(len(target_starts) - 1)
    for option in range(len(found)):
        state = np.int64(0)
        for at in range(target_starts[option], target_starts[option + 1]):
            p, state = step(lm, state, target[at])
            found[option] += p
    return found


@compiled
def outlook(words, first, longest, guess):
    """``[S + 1, S + 1]``: the best that words i ... j - 1 may become, apart from the order."""
    best = np.full((words + 1, words + 1), -np.inf)
    for i in range(words):
        for j in range(i + 1, min(i + longest, words) + 1):
            span = i * longest + j - i - 1
            if first[span + 1] > first[span]:
                best[i, j] = guess[first[span]]
    for i in range(words + 1):
        best[i, i] = 0.0
    for length in range(2, words + 1):
        for i in range(words - length + 1):
            for k in range(i + 1, i + length):
                best[i, i + length] = max(best[i, i + length], best[i, k] + best[k, i + length])
    return best


@compiled
def _rest(gap, bits, words, best):
    """The outlook of what is open from ``gap`` on."""
    total, at = 0.0, gap
    while at < words:
        until = at
        while bits >> (until - gap) and not (bits >> (until - gap)) & 1:
            until += 1
        if not bits >> (until - gap):
            return total + best[at, words]
        total += best[at, until]
        at = until
        while (bits >> (at - gap)) & 1:
            at += 1
    return total


@compiled
def _prune(members, size, value, keep):
    """Puts the ``keep`` best of a stack first; returns how many there are and the value of the last."""
    if size <= keep:
        return size, -np.inf
    values = np.empty(size)
    for i in range(size):  # by insertion: those that were kept the last time are in order already
        member = members[i]
        own = value[member, 0] + value[member, 1]
        at = i
        while at and values[at - 1] < own:
            values[at], members[at] = values[at - 1], members[at - 1]
            at -= 1
        values[at], members[at] = own, member
    return keep, values[keep - 1]


@compiled
def search(lm, eos, words, first, longest, target, target_starts, score, guess, lm_weight, jump_weight, stack, limit):
    """All hypotheses and edges; the complete hypothesis is the last entry of the result.

    Args:
        lm: automaton of the language model (:mod:`common.search.ngram_automaton`).
        words: S, source words.
        first: options of words i ... i + n - 1 are first[i * longest + n - 1] and on, the best guess first.
        target, target_starts: words of each option.
        score: of each option, without the language model ``[O]``.
        guess: the same with an estimate of it.
        stack: hypotheses kept per stack.
        limit: greatest jump.
    """
    best = outlook(words, first, longest, guess)
    hypotheses, value = np.zeros((1024, 7), np.int64), np.zeros((1024, 2))  # value: score, outlook
    edges, edge_value = np.zeros((4096, 3), np.int64), np.zeros((4096, 3))
    table = np.full(4096, -1)
    hypotheses[0, STATE], hypotheses[0, EDGES], hypotheses[0, BEST], hypotheses[0, KEPT] = lm.start, -1, -1, 1
    count, edge_count = 1, 0
    members, sizes = np.zeros((words + 1, 2 * stack), np.int64), np.zeros(words + 1, np.int64)
    worst = np.full(words + 1, -np.inf)
    sizes[0] = 1
    for covered in range(words):
        sizes[covered], _ = _prune(members[covered], sizes[covered], value, stack)
        for member in range(sizes[covered]):
            h = members[covered, member]
            gap, bits, end = hypotheses[h, GAP], hypotheses[h, BITS], hypotheses[h, END]
            for start in range(max(gap, end - limit), min(words, end + limit + 1, gap + max(limit, 1))):
                if (bits >> (start - gap)) & 1:
                    continue
                jump = abs(start - end)
                for length in range(1, longest + 1):
                    stop = start + length
                    if stop > words or (bits >> (stop - 1 - gap)) & 1 or (start > gap and stop - gap > limit):
                        break
                    span = start * longest + length - 1
                    if first[span] == first[span + 1]:
                        continue
                    new_gap, new_bits = gap, bits | (((1 << length) - 1) << (start - gap))
                    while new_bits & 1:
                        new_bits >>= 1
                        new_gap += 1
                    complete = new_gap == words
                    rest = _rest(new_gap, new_bits, words, best)
                    base = value[h, 0] - jump_weight * jump
                    to = covered + length
                    for option in range(first[span], first[span + 1]):
                        if base + guess[option] + rest + SLACK * abs(lm_weight) < worst[to]:
                            break
                        state, log_p = hypotheses[h, STATE], 0.0
                        for at in range(target_starts[option], target_starts[option + 1]):
                            p, state = step(lm, state, target[at])
                            log_p += p
                        if complete:
                            p, state = step(lm, state, eos)
                            log_p += p
                        new_end, state = (0, 0) if complete else (stop, state)
                        new_score = base + score[option] + lm_weight * log_p
                        if new_score + rest < worst[to]:
                            continue
                        slot = _mix(new_gap, new_bits, new_end, state) & (len(table) - 1)
                        while table[slot] >= 0:
                            other = hypotheses[table[slot]]
                            if (
                                other[GAP] == new_gap
                                and other[BITS] == new_bits
                                and other[END] == new_end
                                and other[STATE] == state
                            ):
                                break
                            slot = (slot + 1) & (len(table) - 1)
                        new = table[slot]
                        if new < 0:
                            if count == len(hypotheses):
                                hypotheses, value = _grown(hypotheses), _grown(value)
                            new, count = count, count + 1
                            table[slot] = new
                            hypotheses[new, GAP], hypotheses[new, BITS] = new_gap, new_bits
                            hypotheses[new, END], hypotheses[new, STATE] = new_end, state
                            hypotheses[new, EDGES], hypotheses[new, BEST], hypotheses[new, KEPT] = -1, -1, 0
                            value[new, 0], value[new, 1] = -np.inf, rest
                        if edge_count == len(edges):
                            edges, edge_value = _grown(edges), _grown(edge_value)
                        edges[edge_count, BEFORE], edges[edge_count, OPTION] = h, option
                        edges[edge_count, NEXT] = hypotheses[new, EDGES]
                        edge_value[edge_count, SCORE] = new_score
                        edge_value[edge_count, LOG_P], edge_value[edge_count, JUMP] = log_p, jump
                        hypotheses[new, EDGES] = edge_count
                        if new_score > value[new, 0]:
                            value[new, 0] = new_score
                            hypotheses[new, BEST] = edge_count
                            if not hypotheses[new, KEPT]:
                                hypotheses[new, KEPT] = 1
                                members[to, sizes[to]] = new
                                sizes[to] += 1
                        edge_count += 1
                        if sizes[to] == 2 * stack:
                            sizes[to], worst[to] = _prune(members[to], 2 * stack, value, stack)
                            for dropped in range(stack, 2 * stack):
                                hypotheses[members[to, dropped], KEPT] = 0
                        if 2 * count > len(table):
                            table = np.full(4 * len(table), -1)
                            for each in range(count):
                                slot = _mix(
                                    hypotheses[each, GAP],
                                    hypotheses[each, BITS],
                                    hypotheses[each, END],
                                    hypotheses[each, STATE],
                                ) & (len(table) - 1)
                                while table[slot] >= 0:
                                    slot = (slot + 1) & (len(table) - 1)
                                table[slot] = each
    return hypotheses[:count], value[:count], edges[:edge_count], edge_value[:edge_count], members[words, 0]


@compiled
def best_paths(hypotheses, value, edges, edge_value, final, words, paths):
    """The options along each of the best paths to ``final``, best first: ``[N, longest path]`` padded with -1, its
    log p, its jumps and its score ``[N]``. At most ``paths``; fewer where there are fewer.

    Each new path leaves one that was found at one place, takes another edge there and goes on along the best edges.
    """
    found = np.full((paths, words), -1)  # edges, from the end to the beginning
    lengths, scores = np.zeros(paths, np.int64), np.zeros(paths)
    open_value = np.empty((256, 1))  # score of each path that may come next
    open_path = np.empty((256, 3), np.int64)  # the path it leaves, the place, the edge it takes
    open_count, count = 0, 0
    while count < paths:
        begin = 0
        if count == 0:
            h, scores[0] = final, value[final, 0]
        else:
            if open_count == 0:
                break
            chosen = 0
            for other in range(1, open_count):
                if open_value[other, 0] > open_value[chosen, 0]:
                    chosen = other
            path, begin, edge = open_path[chosen, 0], open_path[chosen, 1], open_path[chosen, 2]
            scores[count] = open_value[chosen, 0]
            open_count -= 1
            open_value[chosen, 0] = open_value[open_count, 0]
            for field in range(3):
                open_path[chosen, field] = open_path[open_count, field]
            for place in range(begin):
                found[count, place] = found[path, place]
            found[count, begin] = edge
            h = edges[edge, BEFORE]
            begin += 1
        length = begin
        while hypotheses[h, BEST] >= 0:
            found[count, length] = hypotheses[h, BEST]
            length += 1
            h = edges[hypotheses[h, BEST], BEFORE]
        lengths[count] = length
        for place in range(begin, length):
            best = found[count, place]
            h = final if place == 0 else edges[found[count, place - 1], BEFORE]
            edge = hypotheses[h, EDGES]
            while edge >= 0:
                if edge != best:
                    if open_count == len(open_value):
                        open_value, open_path = _grown(open_value), _grown(open_path)
                    open_value[open_count, 0] = scores[count] - value[h, 0] + edge_value[edge, SCORE]
                    open_path[open_count, 0], open_path[open_count, 1], open_path[open_count, 2] = count, place, edge
                    open_count += 1
                edge = edges[edge, NEXT]
        count += 1
    longest = 1
    for n in range(count):
        longest = max(longest, lengths[n])
    options = np.full((count, longest), -1)
    log_p, jumps = np.zeros(count), np.zeros(count)
    for n in range(count):
        for place in range(lengths[n]):
            edge = found[n, lengths[n] - 1 - place]
            options[n, place] = edges[edge, OPTION]
            log_p[n] += edge_value[edge, LOG_P]
            jumps[n] += edge_value[edge, JUMP]
    return options, log_p, jumps, scores[:count]
