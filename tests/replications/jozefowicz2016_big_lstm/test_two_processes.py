"""Two processes that the command line starts, each with half of the tables, train the network of one; also when they
were interrupted."""

import torch

from common.training.execute import execute
from tests.replications.texts import agreeing

PAPER = "jozefowicz2016_big_lstm"


def test_two_processes_train_the_network_of_one(checkout, tiny, start, tmp_path):
    overrides = tiny(corpus=f"text:{agreeing(tmp_path / 'short.txt', lines=24)}", lr=0.05)
    command = [
        "run",
        PAPER,
        "lstm_2048",
        "--name",
        "two",
        "--devices",
        "2",
        "--accelerator",
        "cpu",
        *(word for text in overrides for word in ("--set", text)),
    ]
    process = start(command, command, TEST_STOP=9)  # the first is resumed, in its second epoch
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0 and "stopped" in output and "results: " in output, output
    one, two = (
        torch.load(folder / "seed-1.pt", weights_only=True)["weights"]
        for folder in (
            execute(PAPER, "lstm_2048", overrides=overrides, name="one", accelerator="cpu"),
            checkout / "replications" / PAPER / "runs" / "own" / "two",
        )
    )
    torch.testing.assert_close(two, one, rtol=0, atol=1e-5)
