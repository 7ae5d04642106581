"""Maps of two modalities into one space: what encoders of numbers share."""

from typing import overload

import numpy as np
import numpy.typing as npt
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from .._shared.types import FloatArray
from ..arrays._frames import is_frame
from ..arrays._kinds import RowsLike
from ..arrays._numbers import check_numbers, check_squares, host_rows
from ..arrays._plain import check_table
from ..arrays._verbs import unit
from ..items._containers import check_same_length
from ._alone import check_some, in_container
from ._score import PairScore

FLOATS = [np.float64, np.float32]  # kept as they are


class PairEncoder(
    PairScore, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Maps of rows of numbers into one space, whichever they are: all but `fit`.

    A subclass says in `_mapped` what becomes of the rows of a modality, and keeps the
    means of both.
    """

    n_components_: int
    n_features_in_: int
    feature_names_in_: npt.NDArray[np.object_]
    x_mean_: FloatArray
    y_mean_: FloatArray

    def _mapped(self, rows: FloatArray, modality: int) -> FloatArray:
        """Return checked rows of a modality in the shared space, of any length."""
        raise NotImplementedError

    @overload
    def transform(self, X: RowsLike, y: None = None) -> FloatArray: ...

    @overload
    def transform(self, X: None, y: RowsLike) -> FloatArray: ...

    @overload
    def transform(self, X: RowsLike, y: RowsLike) -> tuple[FloatArray, FloatArray]: ...

    def transform(
        self, X: RowsLike | None, y: RowsLike | None = None
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """Map rows into the shared space, as rows of length one.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features), or None
            Rows of the first modality; None for features of y alone.
        y : array-like or sparse matrix of shape (n_other, n_targets) or (n_other,), \
                default=None
            Rows of the second modality; not necessarily partners of X, nor as many.

        Returns
        -------
        ndarray of shape (n_samples, n_components_), or a tuple of two such arrays
            Features of X; with y, (features of X, features of y); of y where X is
            None. A row that has no direction in the shared space stays zero.

        Raises
        ------
        NotFittedError
            If the encoder has not been fitted.
        ValueError
            If X and y are both None, if the number of features differs from what fit
            saw, if rows hold NaN, infinity or masked values, or if a sparse matrix is
            too large to be made dense (see `RidgeCCA`).
        """
        check_is_fitted(self)
        check_some(X, y)
        if X is None:
            assert y is not None
            return self._second(y)
        x_rows = check_table(host_rows(X, "X"), "X")
        if is_frame(X):
            validate_data(self, X, reset=False, skip_check_array=True)
            x_rows = check_numbers(x_rows, "X", dtype=FLOATS, order="C")
        else:
            x_rows = validate_data(self, x_rows, reset=False, dtype=FLOATS, order="C")
        x_features = unit(self._mapped(x_rows, 0))
        return x_features if y is None else (x_features, self._second(y))

    def _second(self, y: RowsLike) -> FloatArray:
        """Return rows of y in the shared space, in the container that is wanted."""
        y_rows = _columns(y)
        if y_rows.shape[1] != len(self.y_mean_):
            raise ValueError(
                f"y has {y_rows.shape[1]} features, but {type(self).__name__} is "
                f"expecting {len(self.y_mean_)} features as y; pass rows of the second "
                "modality"
            )
        return in_container(self, unit(self._mapped(y_rows, 1)), y)

    def _remember_features(self, X: RowsLike) -> None:
        """Keep the number and the names of the features of X."""
        named = X if is_frame(X) else host_rows(X, "X")
        validate_data(self, named, skip_check_array=True)

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True  # made dense, see arrays/_sparse.py
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _check_pairs(
        self, X: RowsLike, y: RowsLike | None
    ) -> tuple[FloatArray, FloatArray]:
        """Return aligned X and y as 2-D arrays of floats; nothing is changed."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None; pass the features of the other modality"
            )
        x_rows = check_numbers(X, "X", ensure_min_samples=2, dtype=FLOATS, order="C")
        y_rows = _columns(y)
        check_same_length(x_rows, y_rows)
        check_squares(x_rows, "X")
        check_squares(y_rows, "y")
        return x_rows, y_rows


def _columns(y: RowsLike) -> FloatArray:
    """Return y as a 2-D array of floats; a single feature is a column."""
    rows = check_numbers(y, "y", ensure_2d=False, dtype=FLOATS, order="C")
    return rows.reshape(-1, 1) if rows.ndim == 1 else rows
