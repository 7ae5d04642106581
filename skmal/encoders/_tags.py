"""What an encoder says of itself: scikit-learn's tags."""

from typing import Any


def reads_numbers_only(encoder: Any) -> bool:
    """Say whether an encoder's tags promise rows of numbers and nothing else.

    An encoder of images, texts or paths says so in ``__sklearn_tags__``: its
    `input_tags` have ``two_d_array = False``, or a further kind of input, such as
    ``string = True``. One that says nothing itself may read anything: scikit-learn's
    base classes promise rows of numbers for whatever derives from them. Its own PLSSVD
    and CCA do read numbers.
    """
    if type(encoder).__module__.startswith("sklearn.cross_decomposition."):
        return True
    says = (c for c in type(encoder).__mro__ if "__sklearn_tags__" in vars(c))
    if all(c.__module__.startswith("sklearn.") for c in says):
        return False
    kinds = encoder.__sklearn_tags__().input_tags
    others = kinds.one_d_array or kinds.three_d_array or kinds.string or kinds.dict
    return kinds.two_d_array and not others


def says_no_numbers(encoder: Any) -> bool:
    """Say whether an encoder's tags say that it reads no rows of numbers."""
    tags = getattr(encoder, "__sklearn_tags__", None)
    return tags is not None and not tags().input_tags.two_d_array
