"""``--devices 2``: Lightning starts the second process, and both train the networks of one."""

import torch

from common.training.execute import execute

PAPER = "mikolov2010_rnnlm"


def test_two_processes_train_the_network_of_one(checkout, tiny, start):
    networks = {
        "rnn": tiny(classes=None, lr=0.1, max_epochs=2),
        "rnn_classes": tiny(seeds=[1, 2], lr=0.1, max_epochs=1),
    }
    commands = [
        [
            "run",
            PAPER,
            name,
            "--devices",
            "2",
            "--accelerator",
            "cpu",
            "--name",
            name,
            *(word for text in overrides for word in ("--set", text)),
        ]
        for name, overrides in networks.items()
    ]
    process = start(commands[0], *commands, TEST_STOP=17)  # the first is resumed, in its second epoch
    output, _ = process.communicate(timeout=900)
    assert process.returncode == 0 and "stopped" in output, output
    assert output.count("results: ") == len(networks), output
    runs = checkout / "replications" / PAPER / "runs" / "own"
    for name, overrides in networks.items():
        two = {path.name: torch.load(path, weights_only=True)["weights"] for path in (runs / name).glob("*.pt")}
        folder = execute(PAPER, name, overrides=overrides, accelerator="cpu")
        one = {path.name: torch.load(path, weights_only=True)["weights"] for path in folder.glob("*.pt")}
        torch.testing.assert_close(two, one, rtol=0, atol=1e-6)
