"""Pools of real pairs with features of pretrained networks, read from a folder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from ._pools import Pool
from ._suite_pools import score_by_mrr

REAL_POOLS = ("openmoji", "clipart", "glyphs", "iconify")
LEAST_TEST, MOST_TEST = 400, 1000  # pairs held out: a fifth, between these
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
    file = Path(path) / f"{name}.npz"
    with np.load(file, allow_pickle=False) as arrays:
        missing = {"x", "y"} - set(arrays)
        if missing:
            raise ValueError(f"{file} has no array {' and no '.join(sorted(missing))}")
        X, y = (np.asarray(arrays[side], dtype=np.float32) for side in ("x", "y"))
    if len(X) != len(y) or len(X) <= LEAST_TEST:
        raise ValueError(
            f"{file} must hold a row of x and one of y for each of more than "
            f"{LEAST_TEST} pairs, got {len(X)} and {len(y)}"
        )
    n_test = min(MOST_TEST, max(LEAST_TEST, len(X) // 5))
    rows, test = train_test_split(
        np.arange(len(X)), test_size=n_test, random_state=seed
    )
    known = X[:0], y[:0]
    return Pool(X[rows], y[rows], X[test], y[test], score_by_mrr, known=known)


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
    there = {name: (Path(path) / f"{name}.npz").is_file() for name in names}
    found = [name for name, is_there in there.items() if is_there]
    missing = [name for name, is_there in there.items() if not is_there]
    if not found:
        files = ", ".join(f"{name}.npz" for name in missing)
        raise ValueError(f"{path} holds none of {files}; {MADE_BY}")
    return found, missing
