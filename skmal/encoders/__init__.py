"""Encoders: fit(X, y) and transform(X, y) into one space."""

from ._kernel import KernelCCA
from ._projection import ContrastiveProjection
from ._protocol import Encoder, MultimodalEncoder
from ._ridge import RidgeCCA, RidgeMCCA
from .clip import CLIPEncoder

__all__ = [
    "CLIPEncoder",
    "ContrastiveProjection",
    "Encoder",
    "KernelCCA",
    "MultimodalEncoder",
    "RidgeCCA",
    "RidgeMCCA",
]
