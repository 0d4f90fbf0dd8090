"""Use a trained network: it continues a text, character by character, at several temperatures."""

from pathlib import Path

import torch

from common.errors import UserError
from common.training.trained import restored
from replications.karpathy2015_char_rnn.config import Config
from replications.karpathy2015_char_rnn.experiment import build, load_data

DEFAULT_EXPERIMENT = "lstm"
TEMPERATURES = (0.3, 0.7, 1.0)


@torch.no_grad()
def demo(path: Path, text: str, *, seed: int = 1, length: int = 40) -> str:
    """``text`` and ten times ``length`` more characters from softmax(scores / temperature), for each temperature: the
    lower, the likelier what it says.

    Raises:
        UserError: a character that the network has never seen.
    """
    module, corpus = restored(path, Config, load_data, build)
    start = (text or "\n").encode()
    if strange := sorted(set(start) - set(corpus.symbols)):
        shown = ", ".join(repr(bytes([byte]).decode("latin-1")) for byte in strange)
        raise UserError(f"{text!r}: the network has never read {shown}; leave it out")
    parts = []
    for temperature in TEMPERATURES:
        draw, written = torch.Generator().manual_seed(seed), list(start)
        state, read = None, [corpus.symbols.index(byte) for byte in start]
        for _ in range(10 * length):
            scores, state = module.network(torch.tensor(read).unsqueeze(1), state)
            read = torch.multinomial(torch.softmax(scores[-1, 0] / temperature, 0), 1, generator=draw).tolist()
            written.append(corpus.symbols[read[0]])
        parts.append(f"--- temperature {temperature}\n{bytes(written).decode(errors='replace')}")
    return "\n".join(parts).replace("\r\n", "\n")
