"""skmal compare."""

from ..experiments._compare import compare
from ..experiments._names import STRATEGIES
from ..experiments._suite import BUDGET, main_metric, run_suite
from ._printing import _print_savings, _write

DEFAULT_DATA = "glyphs"


def run_compare(arguments):
    """Compare strategies and write tables and curves.

    Parameters
    ----------
    arguments : argparse.Namespace
        The options of the command.

    Returns
    -------
    int
        0.
    """
    if arguments.suite:
        return _run_suite(arguments)
    if not arguments.strategies:
        raise ValueError(f"name --strategies, out of {', '.join(STRATEGIES)}")
    curves, savings = compare(
        arguments.strategies,
        data=arguments.data,
        path=arguments.path,
        encoder=arguments.encoder,
        model=arguments.model,
        pretrained=arguments.pretrained,
        max_epochs=arguments.max_epochs,
        learning_rate=arguments.learning_rate,
        n_seeds=5 if arguments.seeds is None else arguments.seeds,
        budget=0.3 if arguments.budget is None else arguments.budget,
        batch_size=arguments.batch_size,
        pool_size=arguments.pool_size,
        on_error=arguments.on_error,
        n_jobs=arguments.jobs,
        verbose=not arguments.quiet,
    )
    _print_savings(savings)
    return _write(arguments.out, curves, savings)


def _run_suite(arguments):
    """Run what is missing of the suite, and print what the default saves."""
    own = dict.fromkeys(_NOT_OF_THE_SUITE) | {"data": DEFAULT_DATA, "on_error": "raise"}
    for name, default in own.items():
        if getattr(arguments, name) != default:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} does not go with --suite, which has its own")
    savings, _ = run_suite(
        arguments.out,
        pools=arguments.pools,
        strategies=arguments.strategies or list(STRATEGIES),
        encoder=arguments.encoder,
        n_seeds=20 if arguments.seeds is None else arguments.seeds,
        budget=BUDGET if arguments.budget is None else arguments.budget,
        n_jobs=arguments.jobs,
        verbose=not arguments.quiet,
    )
    print("Answers saved, % (mean over seeds, 95 % interval):")
    for row in savings:
        if row["encoder"] == arguments.encoder and row["metric"] == main_metric(
            row["pool"]
        ):
            mean, low, high = (
                100 * float(row[key]) for key in ("mean", "ci_low", "ci_high")
            )
            print(
                f"  {row['pool']:<22}{row['strategy']:<31}{row['budgets']:<9}"
                f"{mean:+6.1f}  ({low:+.1f} to {high:+.1f}), {row['n_seeds']} seeds, "
                f"against {row['against']}"
            )
    print(f"\nWritten: {arguments.out}/runs.csv, savings.csv and aulc.csv")
    return 0


_NOT_OF_THE_SUITE = (
    *("data", "path", "model", "pretrained", "max_epochs", "learning_rate"),
    *("batch_size", "pool_size", "on_error"),
)


def pairs_or_share(text):
    """Read a budget: 500 is a number of pairs, 0.3 a share of the pool.

    Parameters
    ----------
    text : str
        The argument.

    Returns
    -------
    int or float
        The number.
    """
    try:
        return int(text)
    except ValueError:
        return float(text)
