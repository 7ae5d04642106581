"""What a fresh process does without modules that are heavy, or that are not there."""

import subprocess
import sys

from PIL import Image

SCRIPT = """
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


def test_glyphs_load_nothing_heavy_and_images_are_read_without_a_plugin(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    command = [sys.executable, "-W", "error", "-c", SCRIPT]
    subprocess.run(command, check=True, cwd=tmp_path)
