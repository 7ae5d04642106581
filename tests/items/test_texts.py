"""Texts as people pass them."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from skmal.items._texts import check_texts


def test_texts_come_in_any_sequence():
    texts = ["a", "b"]
    for form in (texts, tuple(texts), np.array(texts), np.array(texts, object)):
        assert check_texts(form, "y") == texts
    assert check_texts(pd.Series(texts, index=[5, 6]), "y") == texts
    column = pa.array(texts)
    for form in (column, pa.chunked_array([column]), column.dictionary_encode()):
        assert check_texts(form, "y") == texts
    assert check_texts(list(column), "y") == texts
    with pytest.raises(ValueError, match=r"y\[1\] must be a str, got NoneType"):
        check_texts(pa.array(["a", None]), "y")
    with pytest.raises(ValueError, match="y must be a sequence of str, got generator"):
        check_texts((text for text in texts), "y")
