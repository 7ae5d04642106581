"""Strategies x pools x encoders x seeds, to tables and curves: the laboratory.

`compare` is what ``skmal compare`` runs, `run_suite` what it runs with ``--suite``.
Both are made of the same parts, for comparisons of your own: a `Pool` of pairs, a
`Plan` of what is bought, `run` for one strategy and one seed, `run_curves` for many,
and tables of what came out.
"""

from .._shared.intervals import student_interval
from ._case import Case
from ._compare import compare
from ._names import (
    ABLATIONS,
    DEFAULT,
    DEFAULT_ENCODER,
    ENCODERS,
    KERNEL,
    LINEAR,
    LINEAR_DESIGN,
    PAPER,
    REFERENCE,
    STRATEGIES,
    make_estimator,
)
from ._pairwise import (
    pairwise_table,
    penalty_matrix,
    plot_ranks,
    ranks_of,
    sentence_of,
)
from ._pools import DATA, HeldOut, Pool, load_held_out, with_frozen_features
from ._report import write_report, write_suite_report
from ._results import write_results
from ._run import Curve, Plan, in_parallel, run, run_curves, single_threaded
from ._runs import read_runs
from ._statistics import (
    Difference,
    Ranks,
    average_ranks,
    holm,
    paired_difference,
    power_of,
    seeds_needed,
)
from ._suite import run_case, run_missing, run_suite
from ._suite_pools import POOLS, load_pool
from ._suite_tables import (
    AVERAGE,
    TODAY,
    aulc_rows,
    curves_by_seed,
    main_metric,
    savings_rows,
)
from ._suites import BANDS, SUITES, Shares, Suite
from ._tables import (
    CURVES_HEADER,
    SAVINGS_HEADER,
    curve_rows,
    curves_of,
    plot_curves,
    savings_table,
    write_table,
)

__all__ = [
    "ABLATIONS",
    "AVERAGE",
    "BANDS",
    "CURVES_HEADER",
    "DATA",
    "DEFAULT",
    "DEFAULT_ENCODER",
    "ENCODERS",
    "KERNEL",
    "LINEAR",
    "LINEAR_DESIGN",
    "PAPER",
    "POOLS",
    "REFERENCE",
    "SAVINGS_HEADER",
    "STRATEGIES",
    "SUITES",
    "TODAY",
    "Case",
    "Curve",
    "Difference",
    "HeldOut",
    "Plan",
    "Pool",
    "Ranks",
    "Shares",
    "Suite",
    "aulc_rows",
    "average_ranks",
    "compare",
    "curve_rows",
    "curves_by_seed",
    "curves_of",
    "holm",
    "in_parallel",
    "load_held_out",
    "load_pool",
    "main_metric",
    "make_estimator",
    "paired_difference",
    "pairwise_table",
    "penalty_matrix",
    "plot_curves",
    "plot_ranks",
    "power_of",
    "ranks_of",
    "read_runs",
    "run",
    "run_case",
    "run_curves",
    "run_missing",
    "run_suite",
    "savings_rows",
    "savings_table",
    "seeds_needed",
    "sentence_of",
    "single_threaded",
    "student_interval",
    "with_frozen_features",
    "write_report",
    "write_results",
    "write_suite_report",
    "write_table",
]
