"""One run of a suite: which pool, what asks and learns, how much is bought."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

from ..encoders._protocol import Encoder
from ..encoders._tags import says_no_numbers
from ..strategies._base import Strategy
from ._fingerprints import data_hash, fingerprint
from ._names import make_estimator
from ._pools import Pool
from ._real_pools import MADE_BY, real_file, real_pool
from ._run import Plan
from ._runs import Key
from ._suite_pools import load_pool
from ._suites import COARSE_BATCH, SUITES, Shares

SLOW = ("contrastive", "clip")  # encoders that take seconds to fit


@dataclass(frozen=True)
class Case:
    """One run of a suite, or of a study on its pools.

    Parameters
    ----------
    pool : str
        The pool, out of the suite's.
    encoder : str
        What learns: "kernel-cca", "ridge-cca", "contrastive", "clip", or the name of
        the `estimator`.
    name : str
        What the strategy is called in the tables.
    seed : int
        The seed.
    strategy : QueryStrategy or callable
        What asks.
    batch : float, default=None
        Share of the pool asked about in a round; None: the suite's.
    budget : float, default=None
        Share of the pool to buy in all, pairs at the start included; None: the suite's.
        The round in which it is spent is made to its end.
    suite : {"default", "real"}, default="default"
        The suite that the pool is of.
    path : str, default=None
        The folder of the files of "real".
    estimator : encoder, default=None
        An encoder of your own, of which `encoder` is the name.
    """

    pool: str
    encoder: str
    name: str
    seed: int
    strategy: Strategy
    batch: float | None = None
    budget: float | None = None
    suite: str = "default"
    path: str | None = None
    estimator: Encoder | None = None

    @property
    def of_features(self) -> bool:
        """Whether the encoder learns from features, not from images and texts."""
        if self.estimator is not None:
            return not says_no_numbers(self.estimator)
        return self.encoder != "clip"

    @property
    def shares(self) -> Shares:
        """What is bought of the pool."""
        shares = SUITES[self.suite].pools[self.pool]
        if self.suite == "default" and self.encoder in SLOW:
            shares = replace(shares, batch=COARSE_BATCH)
        if self.batch is not None:
            shares = replace(shares, batch=self.batch)
        return shares if self.budget is None else replace(shares, budget=self.budget)

    @property
    def key(self) -> Key:
        """What tells the case from others in `runs.csv`."""
        return self.pool, self.encoder, self.name, self.shares.batch, self.seed

    def plan(self, n: int) -> Plan:
        """Return the numbers of pairs.

        Parameters
        ----------
        n : int
            Pairs in the pool.

        Returns
        -------
        Plan
            Those at the start, of a round, and of all rounds.
        """
        shares = self.shares
        return Plan(
            max(10, round(shares.start * n)),
            max(1, round(shares.batch * n)),
            ceil(shares.budget * n),
        )


def pool_of(case: Case) -> Pool:
    """Return the pool of a case.

    Parameters
    ----------
    case : Case
        Which.

    Returns
    -------
    Pool
        Its pairs.

    Raises
    ------
    ValueError
        If it is of "real" and has no path.
    """
    if case.suite != "real":
        return load_pool(case.pool, case.seed, features=case.of_features)
    if case.path is None:
        raise ValueError(f"a run on real pairs needs a path; {MADE_BY}")
    return real_pool(case.path, case.pool, case.seed)


def fingerprints_of(cases: Sequence[Case]) -> dict[Key, str]:
    """Return what the runs of cases rest on.

    Parameters
    ----------
    cases : sequence of Case
        Which; each file and each class is read once.

    Returns
    -------
    dict
        Fingerprints by the keys of the cases.
    """
    data: dict[tuple[str | None, str], str] = {}
    known: dict[tuple[str | None, str, str, str], str] = {}
    found = {}
    for case in cases:
        of = case.path, case.pool, case.encoder, case.name
        if of not in known:
            encoder = case.estimator or make_estimator(case.encoder)
            rests_on = case.strategy, encoder, case.shares.start
            if of[:2] not in data:
                data[of[:2]] = _data_hash(case.path, case.pool)
            known[of] = fingerprint(data[of[:2]], *rests_on)
        found[case.key] = known[of]
    return found


def _data_hash(path: str | None, pool: str) -> str:
    """Return what changes with a file; pools of the package change with its version."""
    return data_hash(pool if path is None else real_file(path, pool).read_bytes())
