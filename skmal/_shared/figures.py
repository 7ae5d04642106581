"""How figures with many curves stay legible."""

N_COLORS = 10  # of matplotlib's cycle; further curves take the next kind of line
LINES = ("-", "--", ":", "-.")
MOST_INSIDE = 8  # curves whose legend fits on top of them; else it stands beside


def size_of_grid(n_rows: int, n_columns: int, n_curves: int) -> tuple[float, float]:
    """Return the size of a figure of so many places, in inches, with room for legends.

    Parameters
    ----------
    n_rows, n_columns : int
        Places.
    n_curves : int
        In each, at most.

    Returns
    -------
    tuple of two floats
        Width and height.
    """
    width, height = (
        (4.0, 3.0) if n_curves <= MOST_INSIDE else (6.5, 1 + 0.25 * n_curves)
    )
    return 1 + width * n_columns, 1 + height * n_rows
