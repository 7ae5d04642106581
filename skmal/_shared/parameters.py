"""Parameters: one error that says what each must be."""

from numbers import Integral, Real

import numpy as np


def check_integer(value, name, minimum):
    """Return `value` as an int, or raise one error that says what it must be."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < minimum:
        raise ValueError(
            f"{name} must be an integer of at least {minimum}, got {value!r}"
        )
    return int(value)


def check_choice(name, value, choices):
    """Raise unless `value` is one of the choices, which are strings or ints."""
    known = isinstance(value, (str, Integral)) and not isinstance(value, bool)
    if not known or value not in choices:
        raise ValueError(f"{name} must be one of {tuple(choices)}, got {value!r}")


def check_number(value, name, above):
    """Raise unless `value` is a finite number, at least 0 or `above` it."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 <= value < np.inf or (above and value == 0):
        raise ValueError(
            f"{name} must be a finite number {'above 0' if above else 'of at least 0'}"
            f", got {value!r}"
        )
