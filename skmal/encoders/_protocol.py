"""What an encoder is: of two modalities, and of several."""

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Encoder(Protocol):
    """What learns a space in which partners of two modalities lie close.

    Everything of scikit-learn's that is fitted with X and y and transforms both, such
    as `sklearn.cross_decomposition.PLSSVD`, is one; so is `KernelCCA`. It also needs
    ``get_params`` and ``set_params``, which `sklearn.base.BaseEstimator` gives it.

    Examples
    --------
    >>> from skmal import KernelCCA
    >>> from skmal.encoders import Encoder
    >>> isinstance(KernelCCA(), Encoder)
    True
    """

    def fit(self, X: Any, y: Any, /) -> Any:
        """Learn from aligned rows; row i of X belongs to row i of y.

        Parameters
        ----------
        X, y : sequence of the same length
            Aligned items.

        Returns
        -------
        Encoder
            The encoder.
        """
        ...

    def transform(self, X: Any, y: Any, /) -> Any:
        """Return features of both modalities in one space.

        Parameters
        ----------
        X, y : sequence
            Items; not necessarily partners, nor as many.

        Returns
        -------
        tuple of two ndarrays of shape (n_rows, n_components)
            Features of X and of y.
        """
        ...


@runtime_checkable
class MultimodalEncoder(Protocol):
    """What learns a space in which partners of several modalities lie close.

    `RidgeMCCA` is one. It also needs ``get_params`` and ``set_params``, which
    `sklearn.base.BaseEstimator` gives it.

    Examples
    --------
    >>> from skmal import RidgeMCCA
    >>> from skmal.encoders import MultimodalEncoder
    >>> isinstance(RidgeMCCA(), MultimodalEncoder)
    True
    """

    def fit(self, Xs: Any, /) -> Any:
        """Learn from aligned rows; rows i of all modalities belong together.

        Parameters
        ----------
        Xs : list of sequences of the same length
            Aligned items, one sequence per modality.

        Returns
        -------
        MultimodalEncoder
            The encoder.
        """
        ...

    def transform(self, Xs: Any, /) -> Any:
        """Return features of all modalities in one space.

        Parameters
        ----------
        Xs : list of sequences
            Items, one sequence per modality; not necessarily partners, nor as many.

        Returns
        -------
        list of ndarrays of shape (n_rows, n_components)
            Features, one array per modality.
        """
        ...
