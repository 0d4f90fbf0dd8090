"""The toolkit's rule on scripted validation losses; the module's only weight is the number of the epoch."""

from types import SimpleNamespace

import pytest
import torch

from common.training.best_weights import KeepBest
from common.training.schedules import HalveOnRise, RestoreAndHalve


class Script:
    """Plays the trainer: after each epoch a loss; keeps the rates and weights with which the next one would start."""

    def __init__(self, rule):
        self.rule = rule
        self.module = torch.nn.Linear(1, 1, bias=False)
        self.trainer = SimpleNamespace(
            sanity_checking=False,
            callback_metrics={},
            should_stop=False,
            optimizers=[SimpleNamespace(param_groups=[{"lr": 0.1}])],
        )
        self.rates, self.weights, self.epoch = [], [], 0

    def play(self, *losses):
        for nll in losses:
            assert not self.trainer.should_stop
            self.epoch += 1
            torch.nn.init.constant_(self.module.weight, self.epoch)
            self.trainer.current_epoch = self.epoch - 1
            self.trainer.callback_metrics["valid/nll"] = torch.tensor(nll)
            self.rule.on_validation_end(self.trainer, self.module)
            self.rates.append(self.trainer.optimizers[0].param_groups[0]["lr"])
            self.weights.append(self.module.weight.item())
        return self


def test_while_it_improves_nothing_changes():
    script = Script(RestoreAndHalve(1.003)).play(5.0, 4.0, 3.9, 3.8)
    assert script.rates == [0.1] * 4 and script.weights == [1, 2, 3, 4] and not script.trainer.should_stop


def test_a_small_improvement_starts_the_halving_and_a_second_one_stops():
    script = Script(RestoreAndHalve(1.003)).play(5.0, 4.0, 3.99, 3.8, 3.7, 3.699)
    assert script.rates == [0.1, 0.1, 0.05, 0.025, 0.0125, 0.00625]
    assert script.weights == [1, 2, 3, 4, 5, 6] and script.trainer.should_stop


def test_after_a_loss_that_rose_the_weights_of_before_come_back():
    script = Script(RestoreAndHalve(1.003)).play(5.0, 4.0, 4.5)
    assert script.weights == [1, 2, 2] and script.rates == [0.1, 0.1, 0.05] and not script.trainer.should_stop
    script.play(3.9)  # much better than the 4.5 of before, so it goes on
    assert script.weights[-1] == 4 and not script.trainer.should_stop
    script.play(3.95)
    assert script.weights[-1] == 4 and script.trainer.should_stop
    assert script.rule.best_weights["weight"].item() == 4


def test_while_it_holds_neither_rate_nor_weights_change():
    script = Script(RestoreAndHalve(1.003, hold=3)).play(5.0, 6.0, 6.0)
    assert script.weights == [1, 2, 3] and script.rates == [0.1] * 3
    script.play(6.5)  # the first one that is compared, with the last that was held
    assert script.weights[-1] == 3 and script.rates[-1] == 0.05


def test_the_toolkits_rule_survives_a_checkpoint():
    whole = Script(RestoreAndHalve(1.003)).play(5.0, 4.0, 3.99, 4.5)
    first, resumed = Script(RestoreAndHalve(1.003)).play(5.0, 4.0, 3.99), Script(RestoreAndHalve(1.003))
    resumed.rule.load_state_dict(first.rule.state_dict())
    resumed.epoch = 3
    resumed.play(4.5)
    assert resumed.weights[-1] == whole.weights[-1] == 3 and resumed.trainer.should_stop and whole.trainer.should_stop


@pytest.mark.parametrize("ratio, halves", [(1.0031, False), (1.0029, True)])
def test_the_threshold_is_a_ratio_of_losses(ratio, halves):
    script = Script(RestoreAndHalve(1.003)).play(4.0, 4.0 / ratio)
    assert script.rule.halving is halves


def test_off_at_the_first_epoch_and_while_sanity_checking():
    script = Script(RestoreAndHalve()).play(9.0)
    script.trainer.sanity_checking = True
    script.play(20.0)
    assert script.rates == [0.1, 0.1] and script.weights == [1, 2]


def test_best_weights_are_a_copy():
    script = Script(RestoreAndHalve()).play(5.0)
    torch.nn.init.constant_(script.module.weight, 99)
    assert script.rule.best_weights["weight"].item() == 1


def test_its_state_is_all_it_needs_to_go_on():
    losses = 5.0, 4.0, 4.5, 3.9, 3.95
    whole = Script(RestoreAndHalve()).play(*losses)
    first = Script(RestoreAndHalve()).play(*losses[:3])
    second = Script(RestoreAndHalve())
    second.rule.load_state_dict(first.rule.state_dict())
    second.epoch, second.trainer.optimizers = 3, first.trainer.optimizers
    second.play(*losses[3:])
    assert first.rates + second.rates == whole.rates and first.weights + second.weights == whole.weights


def test_a_training_that_it_stopped_stays_stopped_when_resumed():
    stopped = Script(RestoreAndHalve()).play(5.0, 5.0, 5.0)
    assert stopped.trainer.should_stop
    again, fresh = Script(RestoreAndHalve()), Script(RestoreAndHalve())
    again.rule.load_state_dict(stopped.rule.state_dict())
    for script in (again, fresh):
        script.rule.on_train_start(script.trainer, script.module)
    assert again.trainer.should_stop and not fresh.trainer.should_stop


def rising(*errors, rule=None, rate=1.0):
    """After epochs with these errors of training and validation: the rule, and the rate and weight after each."""
    keep = KeepBest()
    rule = rule or HalveOnRise(keep)
    module, group = torch.nn.Linear(1, 1, bias=False), {"lr": rate}
    torch.nn.init.constant_(module.weight, 0)
    rule.on_train_start(None, module)
    found = []
    for epoch, (train, valid) in enumerate(errors, 1):
        torch.nn.init.constant_(module.weight, epoch)
        trainer = SimpleNamespace(
            callback_metrics={"train/nll": torch.tensor(train), "valid/nll": torch.tensor(valid)},
            should_stop=False,
            optimizers=[SimpleNamespace(param_groups=[group])],
        )
        rule.on_validation_end(trainer, module)
        rule.keep.on_validation_end(trainer, module)
        found.append((group["lr"], module.weight.item()))
    return rule, found


def test_the_rate_is_halved_when_the_training_error_rises_whatever_the_validation_error_does():
    _, found = rising((2.0, 2.0), (1.0, 3.0), (1.5, 1.0), (1.4, 0.5))
    assert found == [(1.0, 1), (1.0, 2), (0.5, 3), (0.5, 4)]


def test_an_epoch_in_which_the_weights_are_lost_is_undone_at_half_the_rate():
    _, found = rising((2.0, 2.0), (1.0, 3.0), (float("nan"), float("nan")), (0.9, 1.0))
    assert found == [(1.0, 1), (1.0, 2), (0.5, 1), (0.5, 4)]  # 0.9 is compared with the 1.0 of before
    assert rising((float("nan"), float("nan")))[1] == [(0.5, 0)]  # those that it began with


def test_what_an_error_rises_from_survives_a_checkpoint():
    whole = rising((2.0, 2.0), (2.5, 1.0))[1]
    first, _ = rising((2.0, 2.0))
    second = HalveOnRise(KeepBest())
    second.load_state_dict(first.state_dict())
    assert rising((2.5, 1.0), rule=second)[1][0][0] == whole[1][0] == 0.5
