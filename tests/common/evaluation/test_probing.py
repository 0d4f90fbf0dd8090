import numpy as np
import pytest

from common.evaluation.probing import best_unit, control, correlations


def test_correlations_are_numpys_and_zero_where_nothing_changes():
    draw = np.random.default_rng(1)
    units, wanted = draw.normal(size=(3, 40, 4)), draw.normal(size=(3, 40))
    units[..., 2] = 7
    found = correlations(units, wanted)
    for unit in (0, 1, 3):
        assert found[unit] == pytest.approx(np.corrcoef(units[..., unit].ravel(), wanted.ravel())[0, 1])
    assert found[2] == 0 and not correlations(units, np.ones((3, 40))).any()


def test_a_unit_is_chosen_in_one_half_and_measured_in_the_other():
    draw = np.random.default_rng(2)
    wanted = (draw.random((20, 200)) < 0.5).astype(float)
    units = draw.normal(size=(20, 200, 30)).astype(np.float32)
    units[:10, :, 3] = wanted[:10]  # in the first half only: an accident, which the other half does not confirm
    unit, r = best_unit(units, wanted)
    assert unit == 3 and abs(r) < 0.1
    units[..., 5] = -wanted + 0.1 * units[..., 5]
    units[:10, :, 3] = 0
    unit, r = best_unit(units, wanted)
    assert unit == 5 and r < -0.9 and abs(control(units, wanted)) < 0.1


def test_the_control_of_what_is_periodic_has_no_common_phase():
    wanted = np.tile(np.arange(1700) % 17, (40, 1))
    units = np.stack([np.roll(wanted, phase, axis=1) for phase in range(17)], axis=2)
    assert best_unit(units, wanted)[1] == pytest.approx(1) and abs(control(units, wanted)) < 0.4
