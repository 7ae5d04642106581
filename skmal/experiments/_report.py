"""A comparison as one HTML file: settings, tables and pictures."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._shared.figures import size_of_grid
from ..plotting import new_figure, plot_curve_grid
from ._pairwise import (
    pairwise_table,
    penalty_matrix,
    plot_ranks,
    ranks_of,
    sentence_of,
)
from ._suite_tables import curves_of_groups
from ._tables import SETTINGS, Row, axis_of, plot_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 70em;
       padding: 0 1em; color: #222; background: #fff; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { padding: .2em .8em; border-bottom: 1px solid #ccc; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
img { max-width: 100%; }
"""
SAVED = ("data", "strategy", "metric", "mean", "ci_low", "ci_high", "n_seeds")
SAVED_IN_SUITE = (
    *("pool", "encoder", "strategy", "batch", "metric", "budgets", "against"),
    *("mean", "ci_low", "ci_high", "n_seeds"),
)
MEAN = "<p>Mean over seeds and its 95 % interval.</p>"
APART = "<p>No two points of these runs are within the budgets of all of them.</p>"
SAVINGS = (
    "<p>1 - b'/b, where b' is what the strategy needs for the score that random "
    "reaches with b {}; none where random's curve does not rise.</p>"
)
OF_PAIRS = (
    *("data", "strategy", "against", "difference", "ci_low", "ci_high", "effect"),
    *("effect_low", "effect_high", "p_holm", "better", "seeds_for_5_points"),
)


def write_report(
    path: str | Path, curves: Sequence[Row], savings: Sequence[Row]
) -> Path:
    """Write a comparison as one HTML file that needs no other.

    Parameters
    ----------
    path : str or path
        The file, in the folder of `curves.csv`; settings, environment and chance come
        from the `settings.json` there, if there is one.
    curves, savings : list of dict
        As `skmal.experiments.compare` returns them.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    path = Path(path)
    told: dict[str, Any] = {}
    if (path.parent / SETTINGS).is_file():
        told = json.loads((path.parent / SETTINGS).read_bytes())
    pairs = pairwise_table(curves)
    names = ", ".join(dict.fromkeys(row["data"] for row in curves))
    of_pairs = axis_of(curves) == "n_pairs"
    what, unit = ("Answers", "pairs") if of_pairs else ("Seconds", "seconds")
    parts = _sentences(pairs)
    parts += [
        f"<h2>Curves</h2>{MEAN}",
        _picture(plot_curve_grid(path.parent / "curves.csv"), "Curves"),
        f"<h2>{what} saved against random</h2>{SAVINGS.format(unit)}",
        _table(SAVED, savings),
    ]
    if pairs:  # there are two strategies
        parts += _of_pairs(curves, pairs)
    for title in ("settings", "cost", "environment", "chance"):
        if title in told:
            rows = [{"": key, "value": value} for key, value in told[title].items()]
            parts.append(f"<h2>{title.title()}</h2>" + _table(("", "value"), rows))
    return _write_page(path, f"Strategies compared on {names}", parts)


def write_suite_report(
    path: str | Path, runs: Sequence[Row], savings: Sequence[Row]
) -> Path:
    """Write what a suite has come to as one HTML file that needs no other.

    Parameters
    ----------
    path : str or path
        The file.
    runs : list of dict
        As `skmal.experiments.read_runs` returns them.
    savings : list of dict
        As `skmal.experiments.run_suite` returns them.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    parts: list[str] = []
    for (encoder, batch), curves in curves_of_groups(runs).items():
        pairs = pairwise_table(curves)
        group = f"{encoder}, batches of {100 * batch:g} %"
        parts.append(f"<h2>{escape(group)}</h2>")
        if not curves:
            parts.append(APART)
            continue
        parts += _sentences(pairs)
        parts += [MEAN, _picture(_curves_by_pool(curves), f"Curves of {group}")]
        if pairs:
            parts += _of_pairs(curves, pairs)
    parts += [
        f"<h2>Answers saved</h2>{SAVINGS.format('pairs')}",
        _table(SAVED_IN_SUITE, savings),
    ]
    return _write_page(Path(path), "Strategies compared on many pools", parts)


def _curves_by_pool(curves: Sequence[Row]) -> "Figure":
    """Return a figure with a place for each pool, three beside each other."""
    pools = list(dict.fromkeys(row["data"] for row in curves))
    n_rows, n_columns = -(-len(pools) // 3), min(len(pools), 3)
    n_curves = len({row["strategy"] for row in curves})
    figure = new_figure(size_of_grid(n_rows, n_columns, n_curves))
    places = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes in places[len(pools) :]:
        axes.set_axis_off()
    for pool, axes in zip(pools, places, strict=False):
        plot_curves([row for row in curves if row["data"] == pool], ax=axes)
        axes.set_title(pool)
    return figure


def _sentences(pairs: Sequence[Row]) -> list[str]:
    of_one = len({row["data"] for row in pairs}) == 1
    of_which = ["" if of_one else f"{row['data']}: " for row in pairs]
    return [
        f"<p>{escape(data + sentence_of(row))}.</p>"
        for data, row in zip(of_which, pairs, strict=True)
    ]


def _write_page(path: Path, title: str, parts: Sequence[str]) -> Path:
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</body></html>\n"
    )
    path.write_text(page, encoding="utf-8")
    return path


def _of_pairs(curves: Sequence[Row], pairs: Sequence[Row]) -> list[str]:
    """Return what the page says of any two strategies."""
    ranks = ranks_of(curves)
    return [
        "<h2>Any two strategies</h2><p>Areas under the curves, paired by seed: the "
        "difference with its 95 % interval, the same in standard deviations over "
        "seeds (effect), p of the t test corrected by Holm for all pairs of a data "
        "set; seeds that would show a difference of 5 points of savings four times "
        "out of five.</p>",
        _table(OF_PAIRS, pairs),
        "<h2>Wins</h2><p>In how many data sets the strategy of the row beats that of "
        "the column, a share of the points of the curve counting as that share; two-"
        "sided paired t tests at 5 %, not corrected. The mean of a column says how "
        "much a strategy is beaten.</p>",
        _matrix(penalty_matrix(curves)),
        f"<h2>Ranks</h2><p>Over {ranks.n_blocks} {ranks.blocks}, 1 is the best. "
        "Those that a bar joins are not told apart (Nemenyi, 5 %).</p>",
        _picture(plot_ranks(ranks).figure, "Ranks"),
    ]


def _matrix(rows: Sequence[Row]) -> str:
    return _table(list(rows[0]), rows)


def _table(header: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as an HTML table."""
    heads = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in header)
    lines = ["".join(_cell(row[name]) for name in header) for row in rows]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table>\n<tr>{heads}</tr>\n{body}\n</table>"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        shown = "none" if value != value else f"{value:.4g}"
        return f'<td class="number">{shown}</td>'
    return f"<td>{escape(str(value))}</td>"


def _picture(figure: "Figure | SubFigure | None", title: str) -> str:
    """Return a figure as an image within the page."""
    content = BytesIO()
    drawn: Any = figure
    drawn.savefig(content, format="png", dpi=100)
    encoded = b64encode(content.getvalue()).decode("ascii")
    return f'<img alt="{title}" src="data:image/png;base64,{encoded}">'
