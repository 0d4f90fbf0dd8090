"""Two processes, each with half of the tables, train the network of one; also when they were interrupted.

On a text of few updates: torch 2.14 has been seen to crash (a corrupt heap) where DDP and DTensor talk through gloo,
twice in some 20,000 updates on a busy machine.
"""

import torch

from common.training.execute import execute
from tests.replications.texts import agreeing

PAPER = "jozefowicz2016_big_lstm"


def test_two_processes_train_the_network_of_one(checkout, tiny, start, tmp_path):
    corpus = f"text:{agreeing(tmp_path / 'short.txt', lines=24)}"
    networks = {"lstm_2048": tiny(corpus=corpus, lr=0.05),
                "cnn_softmax_corrected": tiny(corpus=corpus, correction=3, lr=0.05, max_epochs=1)}
    commands = [["run", PAPER, name, "--devices", "2", "--accelerator", "cpu",
                 *(word for text in overrides for word in ("--set", text))] for name, overrides in networks.items()]
    process = start(commands[0], *commands, TEST_STOP=9)  # the first is resumed, in its second epoch
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0 and "stopped" in output, output
    assert output.count("results: ") == len(networks), output
    runs = checkout / "replications" / PAPER / "runs" / "own"
    for name, overrides in networks.items():
        two = torch.load(runs / name / "seed-1.pt", weights_only=True)["weights"]
        folder = execute(PAPER, name, overrides=overrides, accelerator="cpu")
        one = torch.load(folder / "seed-1.pt", weights_only=True)["weights"]
        torch.testing.assert_close(two, one, rtol=0, atol=1e-5)
