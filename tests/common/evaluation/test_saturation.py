import numpy as np

from common.evaluation.saturation import saturation


def test_saturation_counts_the_time_at_both_ends():
    gate = np.array([0.05, 0.05, 0.95, 0.5]).reshape(2, 2, 1)
    metrics, cells = saturation([{"cell": gate, "forget": gate}])
    assert (metrics["saturated/forget_shut"], metrics["saturated/forget_open"]) == (0.5, 0.25)
    assert metrics["saturated/layer_1"] == 0.75 and cells[0]["forget"]["open"] == [0.25]
    assert saturation([{"cell": gate}]) == ({}, [{}])
