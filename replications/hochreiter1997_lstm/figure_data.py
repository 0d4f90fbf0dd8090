"""What the figures need beyond the numbers: an error on its way back, and a network at work on a stream."""


def collect(config, trial) -> dict:
    return {}
