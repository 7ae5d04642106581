"""The weights in the package: by name, offline, the same everywhere."""

import pickle
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import load_file

from skmal import CLIPEncoder
from skmal.datasets import load_glyphs
from skmal.encoders.clip import ICONS_FOLDER
from skmal.metrics import mean_reciprocal_rank

FOLDER = Path(ICONS_FOLDER.removeprefix("local-dir:"))


@pytest.fixture(scope="module")
def encoder():
    """Return the encoder as anybody gets it."""
    return CLIPEncoder("tiny", pretrained="icons", device="cpu")


@pytest.fixture(scope="module")
def signs():
    """Return pictures and names of the glyphs of Unicode's miscellaneous symbols."""
    glyphs = load_glyphs()
    rows = (glyphs.code_point >= 0x2600) & (glyphs.code_point < 0x2700)
    return glyphs.images[rows], glyphs.names[rows]


def test_they_take_at_most_six_megabytes_and_name_what_they_were_made_of():
    assert sum(file.stat().st_size for file in FOLDER.glob("*.safetensors")) <= 6e6
    sources = (FOLDER / "SOURCES.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in sources.splitlines() if line.startswith("| ")]
    licences = {row[3] for row in rows[1:]}
    assert len(rows) > 100
    assert licences <= {
        "Apache-2.0",
        "BSD-3-Clause",
        "CC-BY-3.0",
        "CC-BY-4.0",
        "CC0-1.0",
        "ISC",
        "MIT",
        "OFL-1.1",
        "Unlicense",
    }
    aside = ("mdi", "material", "openmoji", "noto", "emoji", "twemoji", "fluent")
    names = " ".join(f"{row[0]} {row[1]}" for row in rows).lower()
    assert not any(word in names for word in aside)


def test_open_clip_itself_makes_the_same_features(encoder, signs):
    X, y = signs[0][:8], list(signs[1][:8])
    model, _, preprocess = open_clip.create_model_and_transforms(ICONS_FOLDER)
    tokens = open_clip.get_tokenizer(ICONS_FOLDER)(y)
    from PIL import Image

    images = torch.stack([preprocess(Image.fromarray(one)) for one in X])
    with torch.inference_mode():
        theirs = (
            model.eval().encode_image(images, normalize=True),
            model.encode_text(tokens, normalize=True),
        )
    # Sums of n products are wrong by n eps / 2 of their size; the longest have 512.
    for ours, other in zip(encoder.transform(X, y), theirs, strict=True):
        apart = 1000 * np.finfo(np.float32).eps
        np.testing.assert_allclose(ours, other.numpy(), rtol=0, atol=apart)


def test_signs_lie_near_their_names_before_any_fit(encoder, signs):
    mrr = mean_reciprocal_rank(*encoder.transform(*signs))
    guessed = np.mean(1 / np.arange(1, len(signs[0]) + 1))
    assert mrr > 1.5 * guessed
    assert mrr == pytest.approx(0.1282, abs=1e-3)  # on whatever machine


def test_pictures_of_any_shape_are_seen_whole_on_white(encoder):
    wide = np.full((20, 60), 255, np.uint8)
    wide[5:15, 2:12] = 0  # at the edge: a crop from the middle would lose it
    square = np.full((60, 60), 255, np.uint8)
    square[25:35, 2:12] = 0
    blank = np.full((60, 60), 255, np.uint8)
    one, same, other = encoder.transform([wide, square, blank])
    assert one @ same > 0.99 > one @ other


def test_they_are_weights_of_tiny_alone():
    with pytest.raises(ValueError, match="weights of model='tiny', got .*'ViT-B-32'"):
        CLIPEncoder("ViT-B-32", pretrained="icons").transform(np.zeros((1, 8, 8), "u1"))
    with pytest.raises(ValueError, match="no file, and the tags of this model are ico"):
        CLIPEncoder("tiny", pretrained="emoji").transform(np.zeros((1, 8, 8), "u1"))


def test_fitted_and_pickled_it_is_what_it_was(encoder, signs):
    X, y = signs[0][:12], signs[1][:12]
    fitted = CLIPEncoder("tiny", "icons", max_epochs=1, device="cpu", random_state=0)
    fitted.fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    for one, other in zip(fitted.transform(X, y), again.transform(X, y), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(fitted.transform(X), encoder.transform(X))


def test_all_weights_are_finite_numbers_of_16_bits_or_8():
    weights = load_file(FOLDER / "open_clip_model.safetensors")
    assert {w.dtype for w in weights.values()} == {torch.float16, torch.float8_e4m3fn}
    assert all(w.float().isfinite().all() for w in weights.values())
