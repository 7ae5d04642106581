"""What an encoder says of itself: scikit-learn's tags."""

from typing import Any


def reads_numbers_only(encoder: Any) -> bool:
    """Say whether an encoder's tags promise rows of numbers and nothing else.

    An encoder of images, texts or paths says so in ``__sklearn_tags__``: its
    `input_tags` have ``two_d_array = False``, or a further kind of input, such as
    ``string = True``. One without tags may read anything.
    """
    if not hasattr(encoder, "__sklearn_tags__"):
        return False
    kinds = encoder.__sklearn_tags__().input_tags
    others = kinds.one_d_array or kinds.three_d_array or kinds.string or kinds.dict
    return kinds.two_d_array and not others
