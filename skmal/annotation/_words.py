"""How good a session's encoder is, and how well people agree, in plain words."""

from .._shared.intervals import Interval
from ..matching import AuditEstimates, Forecast
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


def describe_audit(audit: AuditEstimates, n_unsettled: int = 0) -> str:
    """Return a sentence about how good the encoder is, by items drawn at random.

    Parameters
    ----------
    audit : AuditEstimates
        As `Progress` has it in `audit`.
    n_unsettled : int, default=0
        As `Progress` has it: those passed over, for which the intervals are wider.

    Returns
    -------
    str
        How often the partner is the first candidate, and among nine, with 95 %
        intervals; how many items have none, where there are any; how many questions
        were passed over, where any were. Or that more answers are needed to tell.

    Examples
    --------
    >>> from skmal.annotation import describe_audit
    >>> from skmal.matching import AuditEstimates, Interval
    >>> nothing = Interval(0.0, 0.0, 0.04)
    >>> half = Interval(0.5, 0.4, 0.6)
    >>> print(describe_audit(AuditEstimates(90, half, half, half, nothing)))
    Of items drawn at random, the encoder puts the right partner first in 50 % (40 to
    60), and among its first nine in 50 % (40 to 60).
    """
    if audit.n_answers < N_ENOUGH:
        is_one = audit.n_answers == 1
        return (
            "How good the encoder is on items drawn at random can be told after "
            f"{N_ENOUGH} answers about such; {audit.n_answers} "
            f"{'is' if is_one else 'are'} learned so far."
        )
    told = (
        "Of items drawn at random, the encoder puts the right partner first in "
        f"{_percent(audit.recall_at_1)}, and among its first nine in "
        f"{_percent(audit.recall_at_9)}."
    )
    if audit.without_partner.value > 0:
        told += f" No partner have {_percent(audit.without_partner)} of the items."
    if n_unsettled:
        questions = "question was" if n_unsettled == 1 else "questions were"
        told += f" {n_unsettled} {questions} passed over: the intervals allow for it."
    return told


def describe_forecast(forecast: Forecast) -> str:
    """Return a sentence about what the next answers will bring.

    Parameters
    ----------
    forecast : Forecast
        What `AnnotationSession.forecast` returned.

    Returns
    -------
    str
        By how much the mean reciprocal rank will rise, with its 90 % interval; or why
        that cannot be told.

    Examples
    --------
    >>> from skmal.annotation import describe_forecast
    >>> from skmal.matching import Forecast
    >>> told = Forecast(100, 0.05, 0.02, 0.09, True, "It rests on 40 questions.")
    >>> print(describe_forecast(told))
    100 more answers will raise the mean reciprocal rank by about 0.05 (0.02 to 0.09).
    """
    answers = f"{forecast.n:,} more answer{'' if forecast.n == 1 else 's'}"
    if not forecast.is_trusted:
        return f"What {answers} will bring cannot be told yet. {forecast.reason}"
    return (
        f"{answers} will raise the mean reciprocal rank by about {forecast.gain:.2f} "
        f"({forecast.low:.2f} to {forecast.high:.2f})."
    )


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


def _percent(share: Interval) -> str:
    """Return a share with its interval: 50 % (40 to 60)."""
    value, low, high = (round(100 * own) for own in share)
    return f"{value} % ({low} to {high})"


def _of(n_found: float, n: int) -> str:
    """Return a share in small numbers: 6 of 10, 1 of 50."""
    share = n_found / n
    if share == 0:
        return f"none of {n}"
    if share < 0.1:
        return f"1 of {round(1 / share):,}"
    tenths = round(10 * share)
    return "more than 9 of 10" if tenths == 10 and share < 1 else f"{tenths} of 10"
