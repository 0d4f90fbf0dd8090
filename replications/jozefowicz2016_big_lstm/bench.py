"""What a large vocabulary costs: training at V = 800,000, the LSTM, tables sharded over two processes, published rows.

All cases of the first kind train LSTM-128-64 on made-up words with a Zipf distribution, update included. The full
softmax reads 160 words at a time, or its logits would not fit into memory; the sampled ones read 2560, as in the paper.
Updates of published rows stand beside a plain product of matrices, to which the README's calculation relates them.
"""

from collections.abc import Callable
from functools import partial
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.multiprocessing import start_processes

from common import config as configuration
from common.cells.lstm_projected import ProjectedLSTM
from common.layers.table import Table
from common.text.characters import BEGIN, END, FIRST
from replications.jozefowicz2016_big_lstm.model import LSTMLanguageModel

PAPER, VOCABULARY, CELLS, PROJECTION, BLOCK = "jozefowicz2016_big_lstm", 800_000, 128, 64, 20
WORDS, STREAMS = 50_000, 32  # of the published rows
UNIT = "words"
REFERENCE = "full softmax"


def text(streams: int, vocabulary: int = VOCABULARY) -> torch.Tensor:
    """Words ``[T + 1, B]``, Zipf-distributed."""
    uniform = np.random.default_rng(1).random((BLOCK + 1, streams))
    return torch.from_numpy(np.exp(uniform * np.log(vocabulary)).astype(np.int64) - 1)


def network(row: str, vocabulary: int = VOCABULARY, **settings) -> LSTMLanguageModel:
    """A row of the paper, with other settings where they are given; its words have six letters each."""
    settings = configuration.resolve(PAPER, row, "paper") | settings
    spelling = torch.randint(FIRST + ord("a"), FIRST + ord("z"), (vocabulary, 8), dtype=torch.int16)
    spelling[:, 0], spelling[:, -1] = BEGIN, END
    return LSTMLanguageModel(configuration.validate(PAPER, settings, "bench"), spelling)


def training(samples: int | None, streams: int, loss: str = "importance") -> Callable[[], int]:
    """One update of LSTM-128-64."""
    model = network("lstm_2048", cells=CELLS, projection=PROJECTION, samples=samples, loss=loss)
    return update(model, text(streams))


def update(model: LSTMLanguageModel, words: torch.Tensor) -> Callable[[], int]:
    """Forward, backward, Adagrad, for words ``[T + 1, B]``."""
    streams = words.shape[1]
    optimiser = torch.optim.Adagrad(model.parameters(), 0.2, initial_accumulator_value=1.0)
    generator = torch.Generator().manual_seed(1)

    def work() -> int:
        optimiser.zero_grad()
        hidden, _ = model(words[:-1], model.initial(streams))
        model.output.training_loss(hidden.flatten(0, 1), words[1:].flatten(), generator).mean().backward()
        optimiser.step()
        return words[1:].numel()

    return work


CASES = {
    REFERENCE: partial(training, None, 8),
    "importance sampling, k = 8192": partial(training, 8192, 128),
    "importance sampling, k = 1024": partial(training, 1024, 128),
    "noise-contrastive estimation, k = 1024": partial(training, 1024, 128, "nce"),
}


# --- seconds


def product() -> Callable[[], None]:
    """What the machine can do: a product of square matrices, 2 x 4096^3 operations."""
    a, b, out = (torch.randn(4096, 4096) for _ in range(3))

    def work() -> None:
        torch.mm(a, b, out=out)

    return work


def published(row: str) -> Callable[[], int]:
    """An update of a row as published but for its vocabulary, on which no product depends, and 32 streams of 128."""
    return update(network(row, WORDS), text(STREAMS, WORDS))


def projected(ours: bool) -> Callable[[], None]:
    """LSTM-512-256 forwards and backwards over a window of 20 x 32 words."""
    x = torch.randn(BLOCK, 32, 256, requires_grad=True)
    layer = ProjectedLSTM(256, 512, 256) if ours else nn.LSTM(256, 512, proj_size=256)

    def work() -> None:
        found = layer(x, layer.initial(32))[0] if ours else layer(x)[0]
        found.sum().backward()

    return work


def share(rank: int, processes: int, updates: int, meeting: str, queue) -> None:
    """A process that looks up and learns 2560 rows per update, together with the others; says what it keeps."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=processes)
    table = Table(VOCABULARY, PROJECTION)
    nn.init.zeros_(table.weight)
    table.shard(init_device_mesh("cpu", (processes,)))
    optimiser = torch.optim.Adagrad(table.parameters(), 0.2)
    words = text(128)[1:, rank::processes].flatten()
    for _ in range(updates):
        optimiser.zero_grad()
        table(words).sum().backward()
        optimiser.step()
    state = optimiser.state[table.weight]["sum"].to_local()
    queue.put((rank, table.local().numel() * 4 + state.numel() * 4))
    distributed.destroy_process_group()


def sharded(processes: int, updates: int = 3) -> dict[int, int]:
    """Bytes of the table and its optimiser's state that each process keeps, after training together."""
    queue = torch.multiprocessing.get_context("spawn").SimpleQueue()
    with TemporaryDirectory() as folder:
        start_processes(share, (processes, updates, f"{folder}/meeting", queue), processes, start_method="spawn")
    return dict(queue.get() for _ in range(processes))


def with_processes(processes: int) -> Callable[[], None]:
    def work() -> None:
        kept = sharded(processes)
        print(
            "  {}: {}".format(
                f"{processes} process{'es' * (processes > 1)}",
                ", ".join(f"process {rank} keeps {size / 2**20:.0f} MiB" for rank, size in sorted(kept.items())),
            )
        )

    return work


TASKS = {
    "a product of matrices, 4096 x 4096": product,
    **{
        f"{row}, an update on {BLOCK} x {STREAMS} words": partial(published, row)
        for row in ("lstm_512", "lstm_1024", "lstm_2048", "lstm_8192", "big_lstm", "big_lstm_cnn")
    },
    "LSTM-512-256, nn.LSTM(proj_size)": partial(projected, False),
    "LSTM-512-256, ours": partial(projected, True),
    "a table of 800,000 x 64, 1 process, 3 updates, start included": partial(with_processes, 1),
    "a table of 800,000 x 64, 2 processes, 3 updates, start included": partial(with_processes, 2),
}
