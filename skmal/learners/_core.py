"""What all learners share: lists of items, one sequence per modality."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from .._shared.parameters import check_integer, check_number
from .._shared.randomness import AUDITED, REMEMBERED, draw_rows, draw_seed
from .._shared.types import FloatArray, IntArray, Items, RandomState
from ..arrays._block_math import to_host
from ..arrays._verbs import check_unread, take, whole
from ..encoders._usable import usable_rows
from ..items._containers import join
from ..items._encoding import check_encoder, encode
from ..matching._audit import AuditEstimates, Audits
from ..strategies._base import QueryStrategy, check_n_instances, choose
from ..strategies._round import Round, Selection, pool_names, round_of
from ..strategies._v_optimal import VOptimalDesign
from ..uncertainty._nearest import nearest_rows
from ._callables import check_selection, check_strategy_signature
from ._prequential import GATE, N_OPEN, Gallery, Prequential
from ._query import BaseQuery, at_rows, query_of, with_drawn
from ._suitable import check_learnable, usable_lessons

STATE = ("seed", "estimator", "aligned", "unmatched", "prequential")  # and "audits"
KNOWN = ("_aligned", "_unmatched", "_prequential", "_audits")
IN_RUNS = (  # parameters that say what a simulated run buys, if there is one
    *("query_strategy", "annotator", "n_initial", "batch_size", "buffer_size"),
    *("audit", "stop_when"),
)


class ActiveLearner(BaseEstimator):
    """A learner of any number of modalities; its faces name and check what comes in.

    All that it knows is in these attributes: `seed_`, `estimator_`, `_aligned`,
    `_unmatched`, `_prequential` and `_audits`. None of them is ever changed in place.
    `_taught` is another object after each step that it learned from.
    """

    hands_out_both_modalities: ClassVar[bool] = True

    estimator_: Any
    seed_: int
    annotated_iter_: IntArray
    answers_: IntArray
    modality_iter_: IntArray
    coverage_gap_iter_: FloatArray
    n_iter_: int
    n_pairs_iter_: IntArray
    n_answers_iter_: IntArray
    termination_condition_: str
    validation_scores_: Any
    _listed: ClassVar[bool]  # whether encoders take one list, or X and y
    _default_encoder: ClassVar[type[Any]]
    _query_kind: ClassVar[type[BaseQuery]]
    _aligned: tuple[Items, ...] | None = None
    _unmatched: tuple[Items | None, ...] = ()
    _prequential: Prequential = Prequential()
    _audits: Audits = Audits()
    _taught: object | None = None
    _tuned: tuple[str, ...] = ()  # parameters of runs that were set since the last fit
    audit: float = 0.0  # parameters of learners of two modalities
    stop_when: Callable[[Any], bool] | None = None

    def __init__(
        self,
        estimator: Any = None,
        query_strategy: Any = None,
        *,
        annotator: Any = None,
        budget: float | None = None,
        n_initial: int | None = None,
        batch_size: int = 8,
        buffer_size: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.query_strategy = query_strategy
        self.annotator = annotator
        self.budget = budget
        self.n_initial = n_initial
        self.batch_size = batch_size
        self.buffer_size = buffer_size
        self.random_state = random_state
        self.verbose = verbose

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of the encoder and of the strategy too.

        Parameters
        ----------
        **params : dict
            By name, such as ``budget=100`` or ``query_strategy__trim=0.3``.

        Returns
        -------
        learner
            The learner.

        Raises
        ------
        ValueError
            If there is no such parameter, or if it belongs to one that is None.
        """
        defaults = {
            "estimator": self._default_encoder.__name__,
            "query_strategy": VOptimalDesign.__name__,
        }
        for name, default in defaults.items():
            nested = [key for key in params if key.startswith(f"{name}__")]
            if nested and params.get(name, getattr(self, name)) is None:
                raise ValueError(
                    f"{nested[0]} cannot be set, for {name} is None; pass "
                    f"{name}={default}(), which stands for it"
                )
        tuned = [
            key
            for key in params
            if key.partition("__")[0] in IN_RUNS
            and ("__" in key or params[key] is not getattr(self, key, None))
        ]
        super().set_params(**params)
        # A search sets parameters of clones, which know nothing yet.
        self._tuned = () if self._aligned is not None else tuple(tuned)
        return self

    # ---------------------------------------------------------------- state

    def state(self) -> dict[str, Any]:
        """Return what the learner knows, without its parameters.

        The story that `fit` tells of a simulated run is not part of it.

        Returns
        -------
        dict
            Plain data and the fitted encoder: "seed" (int, or None before it is drawn),
            "estimator" (None before it is fitted), "aligned" (a tuple of the items
            known to be partners, one sequence per modality, or None), "unmatched" (the
            same of items without a partner; each entry may be None) and "prequential"
            (a dict: "shares", in "asked" what the next answers are tested on, or None,
            and "has_asked"), and in "audits" the answers to random questions. Nothing
            is copied, for a learner never changes these in place.
        """
        return {
            "seed": getattr(self, "seed_", None),
            "estimator": getattr(self, "estimator_", None),
            "aligned": self._aligned,
            "unmatched": self._unmatched,
            "prequential": self._prequential.state(),
            "audits": self._audits.state(),
        }

    def from_state(self, state: Mapping[str, Any]) -> Self:
        """Return a new learner with the parameters of this one that knows `state`.

        Parameters
        ----------
        state : dict
            What `state` returned, of this learner or another; entries may be replaced.

        Returns
        -------
        learner
            The new one; this one stays as it is.

        Raises
        ------
        ValueError
            If an entry is missing.
        """
        missing = [name for name in STATE if name not in state]
        if missing:
            raise ValueError(
                f"the state lacks {missing}; change what state() returns, and keep the "
                "rest of it"
            )
        learner: Any = clone(self)
        n_modalities = len(state["unmatched"] or state["aligned"] or ())
        if not self._listed and n_modalities not in (0, 2):
            raise ValueError(
                f"the state is of {n_modalities} modalities, and {type(self).__name__} "
                "learns two; take it to a MultimodalActiveLearner"
            )
        if state["seed"] is not None:
            learner.seed_ = int(state["seed"])
        if state["estimator"] is not None:
            learner.estimator_ = state["estimator"]
        aligned = state["aligned"]
        learner._aligned = None if aligned is None else tuple(aligned)
        learner._unmatched = tuple(state["unmatched"])
        learner._prequential = Prequential.from_state(state["prequential"])
        if "audits" in state:  # older ones lack it
            learner._audits = Audits.from_state(state["audits"])
        return learner

    def refit(self) -> Self:
        """Fit the encoder on the items known to be partners, as `teach` does.

        With fewer than two pairs nothing happens.

        Returns
        -------
        learner
            The learner.
        """
        taught, aligned = self._taught, self._aligned
        if aligned is not None and len(aligned[0]) >= 2:
            seed = self._seed()
            learned = {
                "estimator_": self._fitted_on(aligned, seed),
                "seed_": seed,
                "_prequential": self._prequential.answered(),
                "_audits": replace(self._audits, pending=()),
            }
            self._take_over(taught, learned | {"_taught": object()})
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: plain data and public classes, no private ones."""
        state = dict(vars(self))
        state.pop("_taught", None)
        if "_prequential" in state:
            state["_prequential"] = state["_prequential"].state()
        if "_audits" in state:
            state["_audits"] = state["_audits"].state()
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Take what was pickled."""
        self.__dict__.update(state)
        if "_prequential" in state:
            self._prequential = Prequential.from_state(state["_prequential"])
        if "_audits" in state:
            self._audits = Audits.from_state(state["_audits"])

    @contextmanager
    def _forgetting(self) -> Iterator[None]:
        """Forget all that was fitted; where the body fails, it comes back."""
        before = vars(self).copy()
        try:
            for name in before:
                if name.endswith("_") or name in KNOWN:
                    delattr(self, name)
            self._taught = object()
            yield
        except BaseException:  # an interrupted run as well
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    # ---------------------------------------------------------------- learning

    def _teach(
        self, items: Sequence[Items], refit: bool = True, only_new: bool = False
    ) -> Self:
        """Add checked, aligned items, one sequence per modality, and refit."""
        taught, seen = self._taught, self._aligned
        if seen is None or only_new:  # copies, for they are kept
            known = tuple(take(own, np.arange(len(own))) for own in items)
        else:
            known = tuple(map(join, seen, items))
        seed, prequential, audits = self._seed(), self._prequential, self._audits
        if prequential.galleries or audits.pending:
            encoder = getattr(self, "estimator_", self.estimator)
            features = self._encode(encoder, items)
            prequential = prequential.scored(features)
            audits = audits.answered(features, self._n_aligned(), not only_new)
        learned: dict[str, Any] = {"seed_": seed}
        # What is asked was seen by the encoder that there was.
        if (refit or only_new) and len(known[0]) >= 2:
            learned["estimator_"] = self._fitted_on(known, seed)
            prequential, audits = prequential.answered(), replace(audits, pending=())
        learned |= {"_prequential": prequential, "_audits": audits}
        learned["_taught"] = object()
        if not only_new:
            learned["_aligned"] = known
        self._take_over(taught, learned)
        return self

    def _take_over(self, taught: object | None, learned: Mapping[str, Any]) -> None:
        """Set what a step has led to, all of it or nothing.

        `taught` is what `_taught` was when the step began. An interrupt finds it set or
        not, and a thread that was slower undoes nothing of another. A lock would stay
        taken after an interrupt at its end; CPython switches threads nowhere between
        this comparison and the update.
        """
        if self._taught is not taught:
            raise RuntimeError(
                "another thread has taught this learner meanwhile, so nothing was "
                "changed; do it again, from one thread at a time"
            )
        self.__dict__.update(learned)

    def _teach_unmatched(self, query: BaseQuery, alone: IntArray, m: int) -> Self:
        """Keep the query's items at these places as without a partner.

        `m` is the number of modalities.
        """
        if len(alone):
            taught, audits = self._taught, self._audits
            if query.audited is not None:
                n_drawn = int(query.audited[alone].sum())
                audits = audits.without_partner(n_drawn, self._n_aligned())
            items = take(query.instances, alone)
            unmatched = list(self._unmatched or [None] * m)
            known = unmatched[query.modality]
            unmatched[query.modality] = items if known is None else join(known, items)
            learned = {"_unmatched": tuple(unmatched), "_audits": audits}
            self._take_over(taught, learned | {"_taught": object()})
        return self

    def _fitted_on(self, items: Sequence[Items], seed: int) -> Any:
        """Return an encoder fitted on these; the one there is stays as it is."""
        current = getattr(self, "estimator_", None)
        if current is not None and getattr(current, "warm_start", False):
            encoder = deepcopy(current)  # a fit that fails half-way changes nothing
        else:
            encoder = self._fresh_encoder(seed)
        if self._listed:
            encoder.fit(list(items))
        else:
            encoder.fit(*items)
        return encoder

    def _fresh_encoder(self, seed: int) -> Any:
        """Return an unfitted encoder, with the seed where it has none of its own."""
        encoder: Any = clone(self._unfitted())
        check_encoder(encoder, self._listed)
        unset = {
            name: seed
            for name, value in encoder.get_params().items()
            if name.split("__")[-1] == "random_state" and value is None
        }
        if unset:
            encoder.set_params(**unset)
        return encoder

    def _unfitted(self) -> Any:
        """Return the encoder as it was given, or the default."""
        return self._default_encoder() if self.estimator is None else self.estimator

    def _n_aligned(self) -> int:
        return 0 if self._aligned is None else len(self._aligned[0])

    def _seed(self) -> int:
        return self.seed_ if hasattr(self, "seed_") else draw_seed(self.random_state)

    # ---------------------------------------------------------------- asking

    def select(self, round_: Round) -> Selection:
        """Ask the learner's strategy to choose from a round.

        It is what `query` does after the pools have been encoded; with it, the same
        round can be asked again, of a part of it, say.

        Parameters
        ----------
        round_ : Round
            What the strategy may look at, such as `ask` returns it.

        Returns
        -------
        Selection
            (indices, utilities) of one modality, best first.

        Raises
        ------
        TypeError
            If the strategy is a function, which takes no rounds.
        """
        strategy = self._strategy()
        if not isinstance(strategy, QueryStrategy):
            raise TypeError(
                f"query_strategy {strategy!r} is a function, and chooses from pools; "
                "take a QueryStrategy, such as VOptimalDesign(), to choose from rounds"
            )
        strategy.check_parameters(round_.n_instances)
        sizes = [len(features) for features in round_.open]
        return check_selection(choose(strategy, round_), sizes, round_.n_instances)

    def _ask(
        self, pools: Sequence[Items], n_instances: int
    ) -> tuple[Any, Round | None]:
        """Return the query about checked pools, and the Round that the strategy saw.

        The latter is None where the strategy is a function.
        """
        taught, strategy = self._taught, self._strategy()
        check_number(self.audit, "audit", minimum=0, maximum=1)
        names = pool_names(len(pools), self._listed)
        n_instances = check_n_instances(n_instances, pools, names, strategy)
        if not hasattr(self, "estimator_"):
            check_learnable(self._unfitted(), pools, names)
        given = pools
        encoder = getattr(self, "estimator_", self.estimator)
        rows = usable_rows(encoder, pools, self._listed)
        if rows is not None:  # the query is about the rest of the pools
            pools = [take(pool, own) for pool, own in zip(pools, rows, strict=True)]
            names = [f"what can be read of {name}" for name in names]
            check_n_instances(n_instances, pools, names, strategy)
        if isinstance(strategy, QueryStrategy):
            strategy.check_parameters(n_instances)
            known, unmatched = usable_lessons(
                encoder, self._aligned, self._unmatched, self._listed
            )
            seen = round_of(
                self,
                pools,
                known,
                unmatched or [None] * len(pools),
                n_instances,
                getattr(strategy, "random_state", None),
                listed=self._listed,
            )
            try:
                result = choose(strategy, seen)
            except ValueError:  # of rows that are not in memory it may be these
                for pool, name in zip(pools, names, strict=True):
                    check_unread(pool, name)
                raise
        else:
            result, seen = strategy(self, *pools, n_instances=n_instances), None
        sizes = list(map(len, pools))
        selection = check_selection(result, sizes, n_instances)
        drawn = self._drawn(sizes[selection.modality], n_instances)
        query = query_of(self._query_kind, *with_drawn(selection, drawn), pools)
        self._remember(query, pools, seen, taught)
        if rows is not None:
            query = at_rows(query, rows[query.modality], given)
        return query, seen

    def _strategy(self) -> Any:
        """Return the strategy to ask, or raise unless it is one."""
        strategy = self.query_strategy
        if strategy is None:
            return VOptimalDesign()
        if self._listed and not isinstance(strategy, QueryStrategy):
            raise TypeError(
                "query_strategy must be a QueryStrategy, such as CoresetMargin(), got "
                f"{strategy!r}"
            )
        if isinstance(strategy, type) or not callable(strategy):
            raise TypeError(
                "query_strategy must be a strategy, such as VOptimalDesign(), or a "
                f"function, got {strategy!r}"
            )
        check_strategy_signature(strategy)
        return strategy

    def _drawn(self, n_open: int, n_instances: int) -> IntArray:
        """Return the rows that this batch asks about because they were drawn."""
        if not self.audit:
            return np.empty(0, dtype=np.int64)
        key = [getattr(self, "seed_", 0), self._n_aligned(), AUDITED]
        rng = np.random.default_rng(key)
        n_drawn = int(self.audit * n_instances + rng.random())
        return rng.choice(n_open, n_drawn, replace=False)

    def _remember(
        self,
        query: BaseQuery,
        pools: Sequence[Items],
        seen: Round | None,
        taught: object | None,
    ) -> None:
        """Keep open items among which the true partners will be ranked, as features.

        `taught` is what `_taught` was when the question was begun.
        """
        seed = getattr(self, "seed_", 0)
        rng = np.random.default_rng([seed, self._n_aligned(), REMEMBERED])
        drawn = {
            m: draw_rows(len(pool), N_OPEN, rng)
            for m, pool in enumerate(pools)
            if m != query.modality
        }
        features: dict[int, Any] = {}
        if seen is not None:
            features = {m: to_host(take(seen.open[m], drawn[m])) for m in drawn}
        else:  # a function chose, and did not say how it saw the items
            items = [
                take(pool, drawn[m]) if m in drawn else query.instances
                for m, pool in enumerate(pools)
            ]
            encoder = getattr(self, "estimator_", self.estimator)
            try:
                if encoder is not None:
                    features = dict(enumerate(self._encode_pools(encoder, items)))
            except NotFittedError:
                pass
        galleries = [
            Gallery(m, rows, features[m]) for m, rows in drawn.items() if features
        ]
        gate = getattr(self.query_strategy, "gate", GATE)
        learned = {
            "_prequential": self._prequential.asking(query.modality, gate, galleries),
            "_audits": self._audits_asking(query, pools, seen),
        }
        self._take_over(taught, learned)

    def _audits_asking(
        self, query: BaseQuery, pools: Sequence[Items], seen: Round | None
    ) -> Audits:
        """Return the audits, with how similar drawn items are to the whole other pool.

        Those are the items of the query that were drawn at random.
        """
        drawn, audits = query.audited, self._audits.asking_nothing()
        if drawn is None or not drawn.any() or not hasattr(self, "estimator_"):
            return audits
        rows, other = np.asarray(query.indices)[drawn], 1 - query.modality
        if seen is not None:
            features = {
                query.modality: to_host(take(seen.open[query.modality], rows)),
                other: to_host(whole(seen.open[other])),
            }
        else:
            items = list(pools)
            items[query.modality] = take(pools[query.modality], rows)
            features = dict(enumerate(self._encode_pools(self.estimator_, items)))
        return audits.asking(query.modality, features[query.modality], features[other])

    def _rank_partners(
        self, query: BaseQuery, pools: Sequence[Items], k: int
    ) -> list[IntArray]:
        """Return rows of every pool, most similar first; of the asked one its own."""
        k = check_integer(k, "k", minimum=1)
        items = list(pools)
        items[query.modality] = query.instances
        encoder = getattr(self, "estimator_", self.estimator)
        if encoder is None:
            check_is_fitted(self)
        rows = usable_rows(encoder, items, self._listed)
        if rows is not None:
            rows[query.modality] = np.arange(len(query.instances))
            items = [take(own, of) for own, of in zip(items, rows, strict=True)]
        features = self._encode_pools(encoder, items)
        ranked: list[IntArray] = []
        for m, gallery in enumerate(features):
            if m == query.modality:
                ranked.append(np.asarray(query.indices)[:, None])
                continue
            nearest = nearest_rows(features[query.modality], gallery, k)
            ranked.append(nearest if rows is None else rows[m][nearest])
        return ranked

    # ---------------------------------------------------------------- using

    def _encode(self, encoder: Any, items: Sequence[Items]) -> tuple[Any, ...]:
        return encode(encoder, *items, listed=self._listed)

    def _encode_pools(self, encoder: Any, pools: Sequence[Items]) -> tuple[Any, ...]:
        names = pool_names(len(pools), self._listed)
        return encode(encoder, *pools, listed=self._listed, names=names)

    @property
    def prequential_(self) -> FloatArray:
        """Return, per batch of answers, the share of partners ranked near the top."""
        return np.array(self._prequential.shares, dtype=np.float64)

    @property
    def audit_(self) -> AuditEstimates:
        """Return what the answers to random questions say of the open pool."""
        return self._audits.estimates()

    @property
    def trust_(self) -> float:
        """Return the running value of `prequential_`; 0 before any answer."""
        return self._prequential.trust

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimator_")
