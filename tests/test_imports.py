"""What `import skmal` loads, and what it offers."""

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import skmal

HEAVY = [
    "torch",
    "open_clip",
    "pandas",
    "polars",
    "matplotlib",
    "modAL",
    "PIL",
    "tqdm",
    "pyarrow",
    "dask",
    "skmal.annotation",
    "skmal.datasets",
    # What few need of scikit-learn, a fifth of the time that it takes itself.
    "sklearn.cluster",
    "sklearn.decomposition",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.neighbors",
]


def test_import_is_light_and_a_whole_run_needs_no_torch():
    # scikit-learn 1.7 itself imports pandas where it is installed, and that pyarrow.
    steps = """
import sys
import sklearn.utils
before = [module for module in ("pandas", "pyarrow") if module in sys.modules]
import skmal
print(*(set(HEAVY) - set(before)) & set(sys.modules))
import numpy as np
X = np.random.default_rng(0).normal(size=(40, 4))
skmal.PairedActiveLearner(budget=20).fit(X, X)
print("torch" in sys.modules)
"""
    run = [sys.executable, "-c", f"HEAVY = {HEAVY}{steps}"]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["", "False"]


def test_public_names_exist_and_are_listed_in_order():
    assert all(hasattr(skmal, name) for name in skmal.__all__)
    in_order = sorted(set(skmal.__all__), key=lambda name: (not name.isupper(), name))
    assert skmal.__all__ == in_order


def public_objects():
    """Yield every public class and function of the package once."""
    for module in pkgutil.walk_packages(skmal.__path__, "skmal."):
        if any(part.startswith("_") for part in module.name.split(".")):
            continue
        namespace = importlib.import_module(module.name)
        for name, value in vars(namespace).items():
            own = getattr(value, "__module__", None) == module.name
            if own and not name.startswith("_") and callable(value):
                yield pytest.param(value, id=f"{module.name}.{name}")


@pytest.mark.parametrize("value", public_objects())
def test_every_public_name_has_a_docstring(value):
    assert len(inspect.getdoc(value)) > 20


@pytest.mark.parametrize("name", [n for n in skmal.__all__ if n[0].isupper()])
def test_every_public_class_shows_an_example_or_is_plain_data(name):
    cls = getattr(skmal, name)
    assert "Parameters" in cls.__doc__ or "select(round)" in cls.__doc__
    plain = {"Imported", "Item", "Progress", "Round"}
    assert ">>>" in cls.__doc__ or name in plain
