"""How much of the time gates are shut or open (Karpathy 2015, section on gates)."""

import numpy as np

SHUT, OPEN = 0.1, 0.9  # a gate below is shut, one above is open
Layers = list[dict[str, np.ndarray]]  # of each layer, what its "cell" and its gates did [B, n, H]


def saturation(layers: Layers) -> tuple[dict[str, float], list[dict]]:
    """Shares of the time, mean over cells, by gate and by layer; and of each cell: layer, gate, side -> H numbers."""
    cells = []
    for layer in layers:
        sides = {gate: {"shut": did < SHUT, "open": did > OPEN} for gate, did in layer.items() if gate != "cell"}
        shares = {gate: {side: at.mean((0, 1)) for side, at in both.items()} for gate, both in sides.items()}
        cells.append({gate: {side: v.round(3).tolist() for side, v in both.items()} for gate, both in shares.items()})
    metrics = {
        f"saturated/{gate}_{side}": float(np.mean([layer[gate][side] for layer in cells]))
        for gate in cells[0]
        for side in ("shut", "open")
    }
    for number, layer in enumerate(cells if cells[0] else (), start=1):
        metrics[f"saturated/layer_{number}"] = float(np.mean([np.add(*both.values()) for both in layer.values()]))
    return metrics, cells
