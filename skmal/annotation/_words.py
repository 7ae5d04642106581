"""How good a session's encoder is, in words that anybody understands."""

from ._records import Found

N_ENOUGH = 10  # answers, from where on anything is said
NUMBERS = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


def describe_encoder(found: Found) -> str:
    """Return one or two sentences about how good the encoder is.

    Parameters
    ----------
    found : Found
        What the latest answers say of it, as `Progress` has it in `found`.

    Returns
    -------
    str
        That the encoder finds the partner so often, and guessing so often; that this is
        no better than guessing, where it may well be chance; or that more answers are
        needed to tell.

    Examples
    --------
    >>> from skmal.annotation import Found, describe_encoder
    >>> print(describe_encoder(Found(n=50, n_shown=9, n_found=30, by_chance=1.0)))
    The encoder finds the right partner among its first nine in 6 of 10 cases; guessing
    would find it in 1 of 50.
    """
    if found.n < N_ENOUGH:
        return (
            f"How good the encoder is can be told after {N_ENOUGH} answers with a "
            f"partner; there {'is' if found.n == 1 else 'are'} {found.n} so far."
        )
    few = found.n_shown <= len(NUMBERS)
    n_shown = NUMBERS[found.n_shown - 1] if few else f"{found.n_shown:,}"
    told = (
        f"The encoder finds the right partner among its first {n_shown} in "
        f"{_of(found.n_found, found.n)} cases; guessing would find it in "
        f"{_of(found.by_chance, found.n)}."
    )
    # Two standard deviations above what guessing finds.
    chance = found.by_chance / found.n
    if found.n_found <= found.by_chance + 2 * (found.n * chance * (1 - chance)) ** 0.5:
        told += " It may be no better than guessing."
    return told


def _of(n_found: float, n: int) -> str:
    """Return a share in small numbers: 6 of 10, 1 of 50."""
    share = n_found / n
    if share == 0:
        return f"none of {n}"
    if share < 0.1:
        return f"1 of {round(1 / share):,}"
    tenths = round(10 * share)
    return "more than 9 of 10" if tenths == 10 and share < 1 else f"{tenths} of 10"
