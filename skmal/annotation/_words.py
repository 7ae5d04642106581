"""How good a session's encoder is, and how well people agree, in plain words."""

from ._records import Agreement, Found

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


def describe_agreement(agreement: Agreement) -> str:
    """Return a sentence about how often two people agree.

    Parameters
    ----------
    agreement : Agreement
        As `Progress` has it in `agreement`.

    Returns
    -------
    str
        How often they do, and how often they would by chance.

    Examples
    --------
    >>> from skmal.annotation import Agreement, describe_agreement
    >>> print(describe_agreement(Agreement(20, 18, 0.25, 0.867)))
    Two people gave the same answer to 18 of 20 questions; by chance, to 5 of these.
    """
    n = agreement.n
    if not n or agreement.by_chance is None:
        return "No question has been answered by two people so far."
    questions = f"{n:,} question{'' if n == 1 else 's'}"
    return (
        f"Two people gave the same answer to {agreement.n_agreed:,} of {questions}; "
        f"by chance, to {round(agreement.by_chance * n):,} of these."
    )


def _of(n_found: float, n: int) -> str:
    """Return a share in small numbers: 6 of 10, 1 of 50."""
    share = n_found / n
    if share == 0:
        return f"none of {n}"
    if share < 0.1:
        return f"1 of {round(1 / share):,}"
    tenths = round(10 * share)
    return "more than 9 of 10" if tenths == 10 and share < 1 else f"{tenths} of 10"
