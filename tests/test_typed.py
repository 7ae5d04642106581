"""The code of a user runs, and type checkers find nothing in it.

mypy and pyright are in the extra `types`. They take half a minute, and only run where
`SKMAL_TYPES` is set, as in CI.
"""

import importlib.util
import json
import os
import subprocess
import sys

import pytest
from helpers import ROOT

CODE = ROOT / "tests" / "typed" / "user_code.py"
# scikit-learn has no types; what is in skmal is checked by itself, not from here.
MYPY = ["--strict", "--ignore-missing-imports", "--follow-imports=silent"]
PYRIGHT = ["--pythonpath", sys.executable]
needs_types = pytest.mark.skipif(
    "SKMAL_TYPES" not in os.environ, reason="SKMAL_TYPES=1 runs the type checkers"
)


def test_the_code_of_a_user_runs(tmp_path):
    spec = importlib.util.spec_from_file_location("user_code", CODE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.everything(tmp_path)


@needs_types
@pytest.mark.parametrize(("checker", "options"), [("mypy", MYPY), ("pyright", PYRIGHT)])
def test_type_checkers_find_nothing_in_it(checker, options, tmp_path):
    run = [sys.executable, "-m", checker, *options, str(CODE)]
    environment = os.environ | {"MYPY_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        run, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_types
def test_what_type_checkers_take_for_public_is_public_and_typed():
    run = [sys.executable, "-m", "pyright", *PYRIGHT, "--verifytypes", "skmal"]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(
            [str(ROOT), str(ROOT / "tests" / "typed" / "stubs")]
        )
    }
    done = subprocess.run(
        [*run, "--ignoreexternal", "--outputjson"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    report = json.loads(done.stdout)["typeCompleteness"]
    unknown = [s["name"] for s in report["symbols"] if not s["isTypeKnown"]]
    assert report["completenessScore"] == 1, unknown
    for symbol in report["symbols"]:
        room, _, name = symbol["name"].rpartition(".")
        if (
            symbol["isExported"]
            and symbol["category"] in ("class", "function")
            and "._" not in symbol["name"]
        ):
            assert name in importlib.import_module(room).__all__
