"""What a comparison leaves in its folder."""

from collections.abc import Sequence
from pathlib import Path

from ..plotting import chance_beside
from ._pairwise import PAIRWISE_HEADER, pairwise_table, penalty_matrix
from ._report import write_report
from ._suite_tables import curves_of_groups
from ._tables import (
    CURVES_HEADER,
    SAVINGS_HEADER,
    Row,
    axis_of,
    plot_curves,
    write_table,
)

OF_GROUP = ("encoder", "batch")  # what the runs of a table have in common
FILES = ("curves.csv", "savings.csv", "pairwise.csv", "wins.csv", "curves.png")
REPORT = "report.html"


def write_results(
    out: str | Path, curves: Sequence[Row], savings: Sequence[Row]
) -> list[Path]:
    """Write the tables of a comparison, its picture and its report into a folder.

    Parameters
    ----------
    out : str or path
        The folder; made where it is missing.
    curves, savings : list of dict
        As `skmal.experiments.compare` returns them.

    Returns
    -------
    list of Path
        `curves.csv`, `savings.csv`, `pairwise.csv`, `wins.csv`, `curves.png` and
        `report.html`.

    Raises
    ------
    ImportError
        If matplotlib is not installed; the tables are written all the same.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    files = [out / name for name in FILES]
    axis = axis_of(curves)
    header = [axis if name == "n_pairs" else name for name in CURVES_HEADER]
    write_table(files[0], header, curves)
    write_table(files[1], SAVINGS_HEADER, savings)
    write_pairs(out, curves)
    chance = chance_beside(files[0]).get(curves[0]["metric"])
    plot_curves(curves, chance=chance).savefig(files[-1], dpi=150)
    return [*files, write_report(out / REPORT, curves, savings)]


def write_pairs(out: str | Path, curves: Sequence[Row]) -> None:
    """Write `pairwise.csv` and `wins.csv` into a folder.

    Parameters
    ----------
    out : str or path
        The folder.
    curves : list of dict
        As `skmal.experiments.compare` returns them.
    """
    write_table(Path(out) / "pairwise.csv", PAIRWISE_HEADER, pairwise_table(curves))
    wins = penalty_matrix(curves)
    write_table(Path(out) / "wins.csv", list(wins[0]), wins)


def write_suite_pairs(out: str | Path, runs: Sequence[Row]) -> None:
    """Write the same of a suite, for each encoder and batch.

    Of runs with different budgets, the range that all of a pool have is compared.

    Parameters
    ----------
    out : str or path
        The folder.
    runs : list of dict
        As `skmal.experiments.read_runs` returns them.
    """
    pairs: list[Row] = []
    wins: list[Row] = []
    for (encoder, batch), curves in curves_of_groups(runs).items():
        told = {"encoder": encoder, "batch": batch}
        pairs += [told | row for row in pairwise_table(curves)]
        for row in penalty_matrix(curves):
            name = row.pop("strategy")
            wins += [
                told | {"strategy": name, "against": other, "wins": n}
                for other, n in row.items()
            ]
    write_table(Path(out) / "pairwise.csv", (*OF_GROUP, *PAIRWISE_HEADER), pairs)
    write_table(
        Path(out) / "wins.csv", (*OF_GROUP, "strategy", "against", "wins"), wins
    )
