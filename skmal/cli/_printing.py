"""What `skmal demo` and `skmal compare` print."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..experiments import write_results


def print_savings(savings: Sequence[Mapping[str, Any]], what: str = "Answers") -> None:
    """Print the table of savings.

    Parameters
    ----------
    savings : list of dict
        As `skmal.experiments.compare` returns them.
    what : str, default="Answers"
        What is saved.
    """
    print(f"{what} saved against random, % (mean over seeds, 95 % interval):")
    for row in savings:
        if row["mean"] != row["mean"]:
            name, metric = row["strategy"], row["metric"]
            print(f"  {name:<31}{metric:<11}  none, for random's curve does not rise")
            continue
        print(
            f"  {row['strategy']:<31}{row['metric']:<11}{with_interval(row)}, "
            f"{row['n_censored']} of {row['n_levels']} levels not reached"
        )


def with_interval(row: Mapping[str, Any]) -> str:
    """Return mean and interval of a row of savings, which one seed has not.

    Parameters
    ----------
    row : dict
        A row of savings.

    Returns
    -------
    str
        In per cent.
    """
    mean, low, high = percent(row)
    one = int(row["n_seeds"]) == 1
    interval = "one seed" if one else f"{low:+.1f} to {high:+.1f}"
    return f"{mean:+6.1f}  ({interval})"


def percent(row: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return mean and ends of the interval of a row of savings.

    Parameters
    ----------
    row : dict
        A row of savings.

    Returns
    -------
    tuple of three floats
        In per cent.
    """
    mean, low, high = (100 * float(row[key]) for key in ("mean", "ci_low", "ci_high"))
    return mean, low, high


def write_and_tell(
    out: Path,
    curves: Sequence[dict[str, Any]],
    savings: Sequence[dict[str, Any]],
) -> int:
    """Write the results, and print where they are.

    Parameters
    ----------
    out : path
        The folder.
    curves, savings : list of dict
        As `skmal.experiments.compare` returns them.

    Returns
    -------
    int
        0, or 1 where there is no picture.
    """
    try:
        files = write_results(out, curves, savings)
    except ImportError as error:
        print(f"\nTables are in {out}/, but there is no picture: {error}")
        return 1
    print(f"\nWritten: {', '.join(map(str, files))}")
    return 0
