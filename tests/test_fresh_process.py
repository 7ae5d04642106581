"""What a fresh process does without modules that are heavy, or that are not there."""

import pickle
import subprocess
import sys

import numpy as np
from helpers import make_pairs
from PIL import Image
from tiny_clip import APART, pixels, quick

from skmal import ContrastiveProjection

SCRIPT = """
import pickle, sys
import numpy as np

sys.modules["pytest"] = None

from sklearn.base import clone
from skmal import BADGE, RandomSampling, RidgeCCA
from skmal.encoder_checks import check_encoder
from skmal.strategy_checks import check_strategy
from skmal.uncertainty import cross_modal_margin


def expect_no_torch(after):
    assert "torch" not in sys.modules, f"{after} loaded torch"


cross_modal_margin(np.eye(40), np.eye(40))
expect_no_torch("a small work")
check_encoder(RidgeCCA())
expect_no_torch("check_encoder")
check_strategy(BADGE())  # takes no tensors
expect_no_torch("check_strategy")

with open("projection.pkl", "rb") as file:
    encoder, X, y = pickle.load(file)
clone(encoder)
np.savez("projection.npz", *encoder.transform(X, y))
expect_no_torch("a fitted ContrastiveProjection")


class Missing:
    def find_spec(name, path=None, target=None):
        if name == "torch":
            raise ImportError(name)


sys.meta_path.insert(0, Missing)
check_strategy(RandomSampling())  # takes tensors where there are any
sys.meta_path.remove(Missing)

with open("clip.pkl", "rb") as file:
    encoder, X, y = pickle.load(file)
expect_no_torch("a pickle of CLIPEncoder")
np.savez("clip.npz", *encoder.transform(X, y))
"""

LIGHT = """
import sys
import sklearn.utils  # some versions import pandas of their own accord

there = {*sys.modules}
from skmal.datasets import load_glyphs

load_glyphs("mono")
heavy = {"matplotlib", "pandas", "torch", "fontTools", "PIL"}
loaded = heavy & ({*sys.modules} - there)
assert not loaded, f"load_glyphs has loaded {loaded}"

sys.modules["pillow_heif"] = None
from skmal.items._faults import fault_of
from skmal.items._formats import readable_suffixes

assert fault_of("a.png") is None
assert ".heic" not in readable_suffixes()
"""


def test_checks_pickles_and_small_works_need_no_pytest_and_load_no_torch(tmp_path):
    projection = ContrastiveProjection(max_epochs=2, device="cpu", random_state=0)
    images, texts = pixels(8), [f"text {number}" for number in range(8)]
    kept = {
        "projection": (projection, *make_pairs(), 1e-12),
        "clip": (quick(), images, texts, APART),
    }
    for name, (encoder, X, y, _) in kept.items():
        fitted = pickle.dumps((encoder.fit(X, y), X, y))
        (tmp_path / f"{name}.pkl").write_bytes(fitted)
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, cwd=tmp_path)
    for name, (encoder, X, y, apart) in kept.items():
        features = np.load(tmp_path / f"{name}.npz")
        for got, expected in zip(
            features.values(), encoder.transform(X, y), strict=True
        ):
            np.testing.assert_allclose(got, expected, rtol=0, atol=apart)


def test_glyphs_load_nothing_heavy_and_images_are_read_without_a_plugin(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    command = [sys.executable, "-W", "error", "-c", LIGHT]
    subprocess.run(command, check=True, cwd=tmp_path)
