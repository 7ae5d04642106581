"""What the tokenizer makes of texts: what is cut off, and what it cannot tell apart."""

import numpy as np
import pytest
from helpers import MICRO_CLIP

from skmal import CLIPEncoder
from skmal.encoders.clip._open_clip import build
from skmal.encoders.clip._tokens import count_cut

PIXELS = np.random.default_rng(0).integers(0, 256, (8, 8, 8), dtype=np.uint8)


@pytest.fixture(scope="module")
def tokenizer():
    return build("tiny", None, False, 0).tokenizer


def encoder(**params):
    params = {"max_epochs": 2, "batch_size": 8, "device": "cpu"} | params
    return CLIPEncoder(MICRO_CLIP, random_state=0, **params)


def test_texts_longer_than_the_context_are_counted(tokenizer):
    # 24 places, two of which stand for the beginning and the end.
    for n_words, n_cut in [(1, 0), (21, 0), (22, 0), (23, 1), (24, 1), (60, 1)]:
        texts = ["fox", "a " * n_words]
        assert count_cut(tokenizer, texts, tokenizer(texts)) == n_cut
    assert count_cut(tokenizer, ["", " "], tokenizer(["", " "])) == 0


def test_one_warning_counts_the_texts_that_are_cut():
    texts = [f"{i} " * 30 if i < 3 else f"text {i}" for i in range(8)]
    with pytest.warns(
        UserWarning, match=r"3 of 8 texts are longer than the \d+"
    ) as told:
        fitted = encoder().fit(PIXELS, texts)
    assert len(told) == 1
    fitted.transform(PIXELS, texts)  # without a word: it has been said
    frozen = encoder(trainable="none")
    with pytest.warns(UserWarning, match="3 of 8 texts"):
        frozen.transform(PIXELS, texts)


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        ("A Red Cup", "a red cup"),
        ("a  red cup ", "a red cup"),
        ("salt &amp; pepper", "salt & pepper"),
        ("caf\u00e9", "cafe\u0301"),
        ("a " * 30 + "fox", "a " * 30 + "hen"),
    ],
    ids=["case", "blanks", "entities", "normal forms", "the first tokens"],
)
@pytest.mark.parametrize("loss", ["clip", "siglip"])
@pytest.mark.filterwarnings("ignore:.*texts are longer")
def test_texts_with_the_same_tokens_are_no_negatives(tokenizer, loss, text, alike):
    if not (tokenizer([text]) == tokenizer([alike])).all():
        pytest.skip("this tokenizer tells them apart")
    # With all texts alike there is nothing to tell apart: the loss of "clip" is zero,
    # and that of "siglip" as if all texts were one.
    told = encoder(loss=loss).fit(PIXELS[:4], [text, alike] * 2).history_[0]["loss"]
    same = encoder(loss=loss).fit(PIXELS[:4], [text] * 4).history_[0]["loss"]
    assert told == same
    if loss == "clip":
        assert told < 1e-6


def test_half_a_character_is_refused_before_anything_is_trained():
    with pytest.raises(ValueError, match=r"y\[1\] holds '\\ud83d' at 2"):
        encoder().fit(PIXELS[:2], ["a", "b \ud83d"])
