"""What was asked, and how well the encoder did on the answers before it learned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._shared.types import BoolArray, FloatArray, IntArray
from ..arrays._numbers import unit_rows

N_OPEN = 1500  # open items among which true partners are ranked
GATE = 0.01  # the share of them that is near the top


@dataclass(frozen=True, eq=False)
class Gallery:
    """Open items of one modality, among which partners will be ranked.

    Parameters
    ----------
    modality : int
        Theirs.
    rows : ndarray of shape (n_gallery,)
        Which rows of the pool they are, rising.
    features : ndarray of shape (n_gallery, n_components)
        As the encoder that chose the questions saw them.
    right : ndarray of shape (n_asked, n_gallery), default=None
        Which of them are partners of each item whose answer named one. None: of equal
        features one is the partner.
    """

    modality: int
    rows: IntArray
    features: FloatArray
    right: BoolArray | None = None


@dataclass(frozen=True, eq=False)
class Prequential:
    """The shares of partners found so far, and what the next answers are tested on.

    Nothing in it is ever changed; each method returns another.

    Parameters
    ----------
    shares : tuple of float
        For each batch of answers, the share of partners that were ranked near the top.
    modality : int
        The one asked about.
    gate : float
        The best share of a gallery.
    galleries : tuple of Gallery
        One for each modality not asked about; none where nothing is asked.
    has_asked : bool
        Whether anything was asked before, so that what is known may have been chosen.
    """

    shares: tuple[float, ...] = ()
    modality: int = 0
    gate: float = GATE
    galleries: tuple[Gallery, ...] = ()
    has_asked: bool = False

    @property
    def trust(self) -> float:
        """Return the running value of the shares; 0 before any."""
        if not self.shares:
            return 0.0
        trust = self.shares[0]
        for share in self.shares[1:]:
            trust = (trust + share) / 2
        return trust

    def asking(
        self, modality: int, gate: float, galleries: Sequence[Gallery]
    ) -> "Prequential":
        """Return what it becomes once a query is asked; without features nothing is."""
        can_rank = all(gallery.features.shape[1] > 0 for gallery in galleries)
        kept = tuple(galleries) if can_rank else ()
        return Prequential(self.shares, modality, gate, kept, has_asked=True)

    def knowing(self, asked: IntArray, pool: IntArray) -> "Prequential":
        """Return the same, told which items of the pool are partners.

        `asked` and `pool` number the items whose answers named a partner and those of
        the one other pool; partners have the same number.
        """
        told = tuple(
            replace(gallery, right=pool[gallery.rows] == asked[:, None])
            for gallery in self.galleries
        )
        return replace(self, galleries=told)

    def scored(self, features: Sequence[FloatArray]) -> "Prequential":
        """Return the same with the share found of these partners, if any were asked.

        `features` are theirs, one array per modality, rows aligned.
        """
        if not self.galleries:
            return self
        near = [
            near_the_top(
                features[self.modality],
                features[gallery.modality],
                gallery,
                self.gate,
            )
            for gallery in self.galleries
        ]
        return replace(self, shares=(*self.shares, float(np.mean(near))))

    def answered(self) -> "Prequential":
        """Return the same with nothing asked any more."""
        return replace(self, galleries=())

    def state(self) -> dict[str, Any]:
        """Return it as plain data, for `from_state`."""
        asked = None
        if self.galleries:
            asked = {
                "modality": self.modality,
                "gate": self.gate,
                "galleries": [dict(vars(gallery)) for gallery in self.galleries],
            }
        shares = list(self.shares)
        return {"shares": shares, "asked": asked, "has_asked": self.has_asked}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Prequential":
        """Return what `state` returned the plain data of."""
        asked = state["asked"]
        shares = tuple(state["shares"])
        # Older states do not tell.
        has_asked = state.get("has_asked", bool(shares) or asked is not None)
        if asked is None:
            return cls(shares, has_asked=has_asked)
        galleries = tuple(Gallery(**gallery) for gallery in asked["galleries"])
        return cls(shares, asked["modality"], asked["gate"], galleries, has_asked)


def near_the_top(
    asked: FloatArray, partners: FloatArray, gallery: Gallery, gate: float
) -> BoolArray:
    """Return, per item asked about, whether its partner is ranked near the top.

    That is first, or within the best share `gate` of the gallery. Rows of `asked` and
    `partners` are the features of partners.
    """
    asked = unit_rows(asked.astype(np.float64))
    partners = unit_rows(partners.astype(np.float64))
    others = unit_rows(gallery.features.astype(np.float64))
    own = np.sum(asked * partners, axis=1, keepdims=True)
    similarity = asked @ others.T  # (n, n_gallery)
    # Equal similarities share their ranks.
    equal = np.abs(similarity - own) <= 1e-6
    ahead = (similarity > own) & ~equal
    if gallery.right is None:
        # One of the equals is the partner itself.
        n_equal = np.maximum(equal.sum(axis=1) - 1, 0)
    else:
        # Other partners that are as right as the one named are no rivals.
        ahead &= ~gallery.right
        n_equal = (equal & ~gallery.right).sum(axis=1)
    n_ahead = ahead.sum(axis=1) + 0.5 * n_equal
    return (n_ahead == 0) | (n_ahead < gate * len(others))
