"""-log P(w | c(w), s) and its gradients as machine code, for tokens sorted by class.

Few tokens share a class, so calls of a library for each class would cost as much as their arithmetic. Matrices lie
``[words of the class, its tokens]``, one class after another.
"""

import numpy as np

from common.compiled import compiled

ONE_THREAD = 250_000  # multiplications of a product that a BLAS leaves to one thread
FEW = 8  # words at least in a product


@compiled
def losses(hidden, weight, targets, tokens, starts, loss, errors, by_hidden):
    """Fills ``loss [N]``, ``errors`` with P(word | class) - one-hot, and ``by_hidden [N, H]``, which begins as zeros.

    ``hidden [N, H]``, ``weight [V, H]``, ``targets [N]``; class c has ``tokens[c]`` tokens and the words from
    ``starts[c]`` on. The only word of its class has probability one. Each row of ``by_hidden`` is the gradient of its
    token's loss alone; it is computed here, if it has rows at all, because the words of the class are at hand.
    """
    first, at = 0, 0
    for c in range(len(tokens)):
        count, start, words = tokens[c], starts[c], starts[c + 1] - starts[c]
        if count > 0 and words > 1:
            error = errors[at : at + words * count].reshape(words, count)
            group = max(FEW, ONE_THREAD // (count * hidden.shape[1]))
            for low in range(0, words, group):
                high = min(low + group, words)
                np.dot(weight[start + low : start + high], hidden[first : first + count].T, error[low:high])
            for n in range(count):
                target = targets[first + n] - start
                top = error[:, n].max()
                wanted = error[target, n] - top
                total = errors.dtype.type(0)
                for k in range(words):
                    error[k, n] = np.exp(error[k, n] - top)
                    total += error[k, n]
                for k in range(words):
                    error[k, n] /= total
                error[target, n] -= errors.dtype.type(1)
                loss[first + n] = np.log(total) - wanted
            if len(by_hidden) > 0:
                for low in range(0, words, group):
                    high = min(low + group, words)
                    by_hidden[first : first + count] += np.dot(error[low:high].T, weight[start + low : start + high])
            at += words * count
        first += count


@compiled
def gradients(hidden, tokens, starts, errors, by_weight):
    """Fills ``by_weight [V, H]``; for a weighted sum of the losses, ``hidden`` is weighted before."""
    first, at = 0, 0
    for c in range(len(tokens)):
        count, start, words = tokens[c], starts[c], starts[c + 1] - starts[c]
        if count > 0 and words > 1:
            error = errors[at : at + words * count].reshape(words, count)
            group = max(FEW, ONE_THREAD // (count * hidden.shape[1]))
            for low in range(0, words, group):
                high = min(low + group, words)
                np.dot(error[low:high], hidden[first : first + count], by_weight[start + low : start + high])
            at += words * count
        else:
            by_weight[start : start + words] = 0
        first += count
