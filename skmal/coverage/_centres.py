"""The centres that rows are compared with, and how far rows are from them."""

from collections.abc import Iterator
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .._shared.sizes import SIZES
from .._shared.types import FloatArray, IntArray
from ..arrays._block_math import cells, joined, on_device
from ..arrays._blocks import fetch
from ..arrays._distances import Space, direct_differences, mean_row
from ..arrays._kinds import Block, Rows

if TYPE_CHECKING:
    import torch

ALIGNED, PICKS = 0, 1  # the two kinds of centres


class Centres:
    """The aligned items, in an order of our own, and after them the rows picked."""

    space: Space  # set at once if there are aligned items, else by `be_around`

    def __init__(
        self,
        features: Rows,
        aligned: Rows | None,
        dtype: np.dtype[Any],
        device: "torch.device | None",
    ) -> None:
        self.features, self.dtype, self.device = features, dtype, device
        self.aligned: Any = aligned  # None where there are none
        self.n_aligned: int = 0 if aligned is None else aligned.shape[0]
        self.order: IntArray = np.arange(self.n_aligned)
        self.picks: list[int] = []
        self.most_kept = features.shape[0] // SIZES.kept_share
        self.kept: dict[int, Block] = {}  # of each kind, see `turned`
        self.lock = Lock()  # of what is kept
        if self.n_aligned:
            self.be_around(mean_row(self.aligned, np.arange(self.n_aligned), "aligned"))

    def __len__(self) -> int:
        return self.n_aligned + len(self.picks)

    def be_around(self, mean: FloatArray) -> None:
        """Let the mean be the origin of points."""
        self.space = Space(mean, self.dtype, self.device)

    def put_in(self, order: IntArray) -> None:
        """Let the aligned items be in this order."""
        self.order = order
        self.kept.clear()

    def as_turned(self, rows: Block) -> Block:
        """Return rows so that the product with points is squared distances."""
        return self.space.turned(self.space.points(rows, "aligned"))

    def originals(self, kind: int, start: int, stop: int) -> Block:
        """Return centres of a kind as they are."""
        if kind == PICKS:
            return fetch(self.features, np.array(self.picks[start:stop]))
        return on_device(fetch(self.aligned, self.order[start:stop]), self.device)

    def turned(self, kind: int, start: int, stop: int) -> Block:
        """Return centres of a kind as products take them; the first ones are kept.

        So many that they take a small part of what the pool takes, of both kinds.
        """
        most = self.most_kept - (self.n_aligned if kind == PICKS else 0)
        if stop > most:
            return self.as_turned(self.originals(kind, start, stop))
        with self.lock:
            kept = self.kept.get(kind)
            n_kept = 0 if kept is None else len(kept)
            if kept is None or n_kept < stop:
                new = self.as_turned(self.originals(kind, n_kept, stop))
                kept = new if kept is None else joined((kept, new))
                self.kept[kind] = kept
        return kept[start:stop]

    def blocks(self, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield (first, kind, start, stop) of blocks, each of centres of one kind.

        `first` counts all centres, `start` and `stop` those of the kind.
        """
        n = self.n_aligned
        for kind, offset, begin, end in (
            (ALIGNED, 0, start, min(stop, n)),
            (PICKS, n, max(start, n), stop),
        ):
            for first in range(begin, end, SIZES.centres):
                last = min(first + SIZES.centres, end)
                yield first, kind, first - offset, last - offset

    def squared(
        self,
        x: Block,
        block: tuple[int, int, int, int],
        counts: IntArray | None = None,
    ) -> Block:
        """Return squared distances of points to a block of centres, rounded.

        Of shape (n_centres, n_points). They are infinite to all but the first centres,
        so many as `counts` has it for each point.
        """
        first, *which = block
        squared = self.turned(*which) @ x.T
        if counts is not None:
            late = np.arange(first, first + len(squared))[:, None] >= counts
            squared[on_device(late, self.device)] = np.inf
        return squared

    def direct(
        self,
        x: Block,
        originals: Block,
        limit: npt.NDArray[Any],
        start: int,
        stop: int,
        counts: IntArray | None = None,
    ) -> FloatArray:
        """Return squared distances to the nearest of some centres, in float64.

        Only centres within the limits, as far as rounding can tell, are looked at;
        where there is none, the distance is infinite.
        """
        exact = np.full(len(x), np.inf)
        limits = on_device(limit, self.device)
        for block in self.blocks(start, stop):
            columns, at = cells(self.squared(x, block, counts) <= limits)
            if len(at):
                centres = self.originals(*block[1:])
                direct = direct_differences(originals, at, centres, columns)
                np.minimum.at(exact, at, direct)
        return exact
