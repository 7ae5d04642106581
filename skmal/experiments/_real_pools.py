"""Pools of real pairs with features of pretrained networks, read from a folder."""

import zlib
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from sklearn.model_selection import train_test_split

from .._shared.types import FloatArray
from ..arrays._numbers import check_squares
from ._pools import Pool
from ._suite_pools import score_by_mrr

REAL_POOLS = ("openmoji", "clipart", "glyphs", "iconify")
LEAST_TEST, MOST_TEST = 400, 1000  # pairs held out: a fifth, between these
LEAST_POOL = 50  # pairs to buy
MADE_BY = "benchmarks/real_pairs.py makes them"


def real_pool(path: str | Path, name: str, seed: int) -> Pool:
    """Return a pool of real pairs, of which a few random ones are known.

    Parameters
    ----------
    path : str or path
        The folder of the files.
    name : str
        Which pool: the file's name without its ending.
    seed : int
        Which pairs are held out: a fifth, at least 400 and at most 1,000.

    Returns
    -------
    Pool
        The pool.

    Raises
    ------
    ValueError
        If the file does not hold aligned rows `x` and `y`, or too few of them.
    """
    file = real_file(path, name)
    X, y = (_read(file, side) for side in ("x", "y"))
    if len(X) != len(y) or len(X) < LEAST_TEST + LEAST_POOL:
        raise ValueError(
            f"{file} must hold a row of x and one of y for each of at least "
            f"{LEAST_TEST + LEAST_POOL} pairs, got {len(X)} and {len(y)}"
        )
    n_test = min(MOST_TEST, max(LEAST_TEST, len(X) // 5))
    rows, test = train_test_split(
        np.arange(len(X)), test_size=n_test, random_state=seed
    )
    known = X[:0], y[:0]
    return Pool(X[rows], y[rows], X[test], y[test], score_by_mrr, known=known)


def real_file(path: str | Path, name: str) -> Path:
    """Return the file of a pool.

    Parameters
    ----------
    path : str or path
        The folder of the files.
    name : str
        Which pool.

    Returns
    -------
    Path
        It may be missing.
    """
    return Path(path) / f"{name}.npz"


def _read(file: Path, side: str) -> FloatArray:
    """Return an array of a file, or say what is wrong with the file."""
    try:
        with open(file, "rb") as content, np.load(content) as arrays:
            rows = arrays.get(side)
    except (OSError, ValueError, EOFError, TypeError, BadZipFile, zlib.error) as error:
        raise ValueError(f"{file} is damaged or no npz file ({error})") from error
    if rows is None:
        raise ValueError(f"{file} has no array {side}")
    if rows.dtype.kind not in "fiu" or rows.ndim != 2 or rows.size == 0:
        raise ValueError(
            f"{side} of {file} must be rows of numbers, got {rows.dtype} of shape "
            f"{rows.shape}"
        )
    with np.errstate(over="ignore"):
        rows = rows.astype(np.float32, copy=False)
    if not (good := np.isfinite(rows).all(axis=1)).all():
        raise ValueError(
            f"row {np.argmin(good)} of {side} of {file} is not finite in float32; take "
            "its pair out"
        )
    check_squares(rows, f"{side} of {file}")
    return rows


def find_real_pools(
    path: str | Path, names: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Say which pools are in a folder.

    Parameters
    ----------
    path : str or path
        The folder.
    names : sequence of str
        The pools that are wanted.

    Returns
    -------
    tuple of two lists of str
        Those that are there, and those that are not.

    Raises
    ------
    ValueError
        If there is none.
    """
    there = {name: real_file(path, name).is_file() for name in names}
    found = [name for name, is_there in there.items() if is_there]
    missing = [name for name, is_there in there.items() if not is_there]
    for name in found:  # once before hours of work
        real_pool(path, name, seed=0)
    if not found:
        files = ", ".join(f"{name}.npz" for name in missing)
        if not Path(path).is_dir():
            raise ValueError(f"{path} is no folder, which holds {files}; {MADE_BY}")
        raise ValueError(f"{path} holds none of {files}; {MADE_BY}")
    return found, missing
