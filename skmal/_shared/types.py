"""Names of types that many signatures share."""

from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
IntArray: TypeAlias = npt.NDArray[np.integer[Any]]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
RandomState: TypeAlias = int | np.random.RandomState | np.random.Generator | None


class Items(Protocol):
    """Whatever has a length and rows: arrays, lists, data frames, pools on disk."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any, /) -> Any: ...
