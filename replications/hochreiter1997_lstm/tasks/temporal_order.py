"""Experiment 6: in which order did X and Y come? (section 5.6; 6b is the noisy temporal order of Gers et al. 2000)"""

from dataclasses import dataclass

import numpy as np

from common.errors import UserError
from replications.hochreiter1997_lstm.tasks.sequences import Sequences, about, at_least, of_symbols, one_hot

SYMBOLS = "abcdXYBE"
X, B, E = SYMBOLS.index("X"), SYMBOLS.index("B"), SYMBOLS.index("E")
WINDOWS = {  # where the relevant symbols stand in sequences of 100 symbols or more; the first symbol has position 1
    2: ((10, 20), (50, 60)),
    3: ((10, 20), (33, 43), (66, 76)),
}


@dataclass(frozen=True)
class TemporalOrder:
    """Tasks 6a (two relevant symbols) and 6b (three): each is X or Y, far apart, among random a, b, c, d.

    A sequence starts with E and ends with B, the trigger; its length is uniform in 100, ..., 110. The relevant symbols
    are at positions drawn uniformly from WINDOWS, so the last one is 40 (6a) or 24 (6b) steps or more from the end. The
    classes, XX, XY, YX, YY or XXX, XXY, ..., YYY, are equally likely; one output each, with a target at the end only.

    Args:
        relevant: 2 (6a) or 3 (6b).
        length: 100 in the paper; for other lengths the windows are scaled in proportion, rounded down.

    Raises:
        UserError: neither 2 nor 3 relevant symbols, or a length below 20.
    """

    relevant: int = 2
    length: int = 100

    inputs = len(SYMBOLS)

    def __post_init__(self):
        if self.relevant not in WINDOWS:
            raise UserError(f"temporal order: {self.relevant} relevant symbols; choose 2 (6a) or 3 (6b)")
        at_least("temporal order", "the length", self.length, 20)

    @property
    def outputs(self) -> int:
        return 2**self.relevant

    @property
    def windows(self) -> list[tuple[int, int]]:
        """First and last position of each relevant symbol."""
        return [(low * self.length // 100, high * self.length // 100) for low, high in WINDOWS[self.relevant]]

    def sample(self, rng: np.random.Generator, n: int) -> Sequences:
        length = about(rng, n, self.length)
        symbols = rng.integers(4, size=(n, length.max()), dtype=np.uint8)
        symbols[:, 0] = E
        rows = np.arange(n)
        classes = np.zeros(n, np.int64)
        for low, high in self.windows:
            is_y = rng.integers(2, size=n)
            symbols[rows, rng.integers(low, high, size=n, endpoint=True) - 1] = X + is_y
            classes = 2 * classes + is_y
        symbols[rows, length - 1] = B
        return of_symbols(symbols, length, target=one_hot(classes, self.outputs))
