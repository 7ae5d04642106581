"""Two linear maps into one space: what linear encoders share but `fit`."""

from .._shared.types import FloatArray
from ..arrays._verbs import unit
from ._pair_encoder import PairEncoder


class LinearEncoder(PairEncoder):
    """Two linear maps into one space, however they are learned: all but `fit`."""

    x_weights_: FloatArray
    y_weights_: FloatArray

    def _mapped(self, rows: FloatArray, modality: int) -> FloatArray:
        if modality == 0:
            return (rows - self.x_mean_) @ self.x_weights_
        return (rows - self.y_mean_) @ self.y_weights_


def projected(rows: FloatArray, mean: FloatArray, weights: FloatArray) -> FloatArray:
    """Return rows in the shared space, of length one."""
    return unit((rows - mean) @ weights)
