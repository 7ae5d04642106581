"""Scenes of two coloured shapes and their twins."""

import numpy as np
import pytest

from skmal import RidgeCCA
from skmal.datasets import make_colorswap
from skmal.datasets._make_colorswap import COLORS, RELATIONS, SHAPES
from skmal.metrics import compositional_scores


@pytest.fixture(scope="module")
def scenes():
    """Return 400 quadruples without flaws."""
    return make_colorswap(400, return_X_y=False, random_state=0)


def words(caption):
    """Return (colour, shape, relation, colour, shape)."""
    _, color, shape, *relation, _, other_color, other_shape = caption.split()
    return color, shape, " ".join(relation), other_color, other_shape


def test_twins_have_their_colours_swapped_and_nothing_else(scenes):
    for one, twin in scenes.captions.reshape(-1, 2):
        color, shape, relation, other_color, other_shape = words(one)
        assert words(twin) == (other_color, shape, relation, color, other_shape)
        assert color != other_color
        assert shape != other_shape
        assert {color, other_color} <= set(COLORS)
        assert {shape, other_shape} <= set(SHAPES)
        assert relation in RELATIONS


def test_the_picture_shows_what_the_caption_says(scenes):
    for i in np.flatnonzero(np.char.startswith(scenes.captions, "a red square"))[:20]:
        relation = words(scenes.captions[i])[2]
        image = scenes.images[i].astype(int)
        redness = np.maximum(image[..., 0] - image[..., 1:].max(axis=-1) - 40, 0)
        v, u = (np.arange(20) @ redness.sum(axis=axis) for axis in (1, 0))
        v, u = v / redness.sum(), u / redness.sum()
        other = words(scenes.captions[i])[3]
        if other in ("orange", "purple", "yellow", "white"):
            continue  # some red in them
        assert (u if relation == "left of" else v) < 9.5


def test_shapes_types_and_seeds(scenes):
    assert scenes.X.shape == (800, 128)
    assert scenes.y.shape[0] == 800
    assert scenes.X.dtype == scenes.y.dtype == np.float32
    assert scenes.images.shape == (800, 20, 20, 3)
    assert scenes.images.dtype == np.uint8
    assert not scenes.outlier.any()
    np.testing.assert_array_equal(scenes.source, np.arange(400))
    again = make_colorswap(400, random_state=0)
    np.testing.assert_array_equal(again[0], scenes.X)
    np.testing.assert_array_equal(again[1], scenes.y)
    images, captions = make_colorswap(400, features=False, random_state=0)
    np.testing.assert_array_equal(images, scenes.images)
    np.testing.assert_array_equal(captions, scenes.captions)
    other = make_colorswap(400, features=False, random_state=1)[1]
    assert (other != captions).mean() > 0.9
    assert make_colorswap(1, random_state=0)[0].shape[0] == 2


def test_an_encoder_learns_which_colour_belongs_to_which_shape(scenes):
    encoder = RidgeCCA().fit(scenes.X[:600], scenes.y[:600])
    after_all = compositional_scores(*encoder.transform(scenes.X[600:], scenes.y[600:]))
    encoder.fit(scenes.X[:40], scenes.y[:40])
    after_few = compositional_scores(*encoder.transform(scenes.X[600:], scenes.y[600:]))
    assert after_few.group < 0.5 < 0.6 < after_all.group


def test_a_long_tail_makes_some_shapes_and_colours_rare():
    for position in (0, 1):
        share = []
        for long_tail in (0, 1, 2):
            _, captions = make_colorswap(
                500, long_tail=long_tail, features=False, random_state=0
            )
            kinds = [words(caption)[position] for caption in captions]
            share.append(np.unique(kinds, return_counts=True)[1].max() / 1000)
        assert share[0] < share[1] < share[2]


def test_outliers_are_noise_and_keep_their_captions(scenes):
    noisy = make_colorswap(400, outliers=0.1, return_X_y=False, random_state=0)
    assert noisy.outlier.sum() == 80
    np.testing.assert_array_equal(noisy.captions, scenes.captions)
    same = (noisy.images == scenes.images).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(same, ~noisy.outlier)


def test_duplicates_repeat_the_scene_but_not_the_camera_noise():
    repeated = make_colorswap(100, duplicates=0.3, return_X_y=False, random_state=0)
    copies = np.flatnonzero(repeated.source != np.arange(100))
    assert len(copies) == 30
    assert (repeated.source[repeated.source] == repeated.source).all()
    images = repeated.images.reshape(100, 2, -1).astype(float)
    captions = repeated.captions.reshape(100, 2)
    for copy in copies:
        source = repeated.source[copy]
        np.testing.assert_array_equal(captions[copy], captions[source])
        difference = np.abs(images[copy] - images[source]).mean()
        assert 10 < difference < 60


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_quadruples": 0}, "n_quadruples must be an integer of at least 1, got 0"),
        ({"n_quadruples": 2.0}, "n_quadruples must be an integer of at least 1"),
        ({"long_tail": -1}, "long_tail must be a number of at least 0, got -1"),
        ({"long_tail": np.nan}, "long_tail must be a number of at least 0"),
        ({"outliers": 1.0}, "outliers must be a share in \\[0, 1\\), got 1.0"),
        ({"outliers": "a"}, "outliers must be a share in"),
        ({"duplicates": True}, "duplicates must be a share in .* got True"),
        ({"random_state": "a"}, "random_state must be None, an integer"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_colorswap(**parameters)
