"""Strategies, encoders and features of your own in comparisons and suites."""

import sys
import threading

import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skmal import QueryStrategy, RidgeCCA, Selection
from skmal.cli import main
from skmal.experiments import compare, read_runs, run_suite
from skmal.experiments._own import load_own, split_names

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("no_pictures")

OWN = """
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from skmal import QueryStrategy, RidgeCCA, Selection

class Mine(QueryStrategy):
    def __init__(self, trim=0.0):
        self.trim = trim

    def select(self, round):
        length = np.linalg.norm(round.open_inputs[0], axis=1)
        rows = (-length).argsort(kind="stable")[: round.n_instances]
        return Selection(rows, length[rows], 0)

class Enc(BaseEstimator):
    def fit(self, X, y):
        self.map_ = np.linalg.lstsq(np.asarray(X), np.asarray(y))[0]
        return self

    def transform(self, X, y):
        check_is_fitted(self)
        return np.asarray(X) @ self.map_, np.asarray(y, dtype=float)

class Light(RidgeCCA):  # no other process loads torch for it, which takes seconds
    pass

CONSTANT = 3
"""

LOG = """
def log(run):
    name = f"{folder}/{type(run.query_strategy).__name__}{run.random_state}"
    with open(name, "a") as file:
        score = run.validation_scores_[-1]["mrr"]
        print(f"{run.n_answers_iter_[-1]},{score}", file=file)
"""


class Longest(QueryStrategy):
    """Ask about the rows of X that are farthest from zero."""

    def __init__(self, trim=0.0):
        self.trim = trim

    def select(self, round):
        """Choose them."""
        length = np.linalg.norm(round.open_inputs[0], axis=1)
        rows = (-length).argsort(kind="stable")[: round.n_instances]
        return Selection(rows, length[rows], 0)


class Again(Longest):
    """Ask about one row over and over."""

    def select(self, round):
        """Choose it."""
        rows, utilities = super().select(round)
        return Selection(np.full_like(rows, rows[0]), utilities, 0)


class LeastSquares(BaseEstimator):
    """Take X to where its partners in y are."""

    def fit(self, X, y):
        """Fit the map."""
        self.map_ = np.linalg.lstsq(np.asarray(X), np.asarray(y))[0]
        return self

    def transform(self, X, y):
        """Return X mapped, and y."""
        check_is_fitted(self)
        return np.asarray(X) @ self.map_, np.asarray(y, dtype=float)


class Hasty(LeastSquares):
    """Looks for its map at once."""

    def transform(self, X, y):
        """Return X mapped, and y."""
        return np.asarray(X) @ self.map_, np.asarray(y, dtype=float)


def views(n=90, seed=0):
    """Return two views of one latent variable."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6))
    return X, X @ rng.normal(size=(6, 5)) + 0.3 * rng.normal(size=(n, 5))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with a module of one's own, features, groups and rows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").touch()
    (tmp_path / "pkg" / "module.py").write_text(OWN)
    X, y = views()
    np.save("X.npy", X)
    np.save("y.npy", y)
    np.save("g.npy", np.arange(len(X)) // 1)
    np.save("rows.npy", np.arange(20))
    yield tmp_path
    for name in [n for n in sys.modules if n == "pkg" or n.startswith("pkg.")]:
        del sys.modules[name]


def test_the_command_takes_all_that_is_your_own(folder, capsys):
    command = (
        "compare --strategies mine=pkg.module:Mine(trim=0.1),default,paper "
        "--encoder pkg.module:Enc --features X.npy y.npy --groups g.npy --test "
        "rows.npy --seeds 1 --budget 20 --batch-size 5 --jobs 1 --quiet --out results"
    )
    assert main(command.split()) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    for name in ("mine", "v-optimal", "coreset-margin"):
        assert f"  {name} " in printed.out
    runs = read_runs("results")
    assert {row["pool"] for row in runs} == {"features/Enc"}
    assert {row["n_pool"] for row in runs} == {70}
    assert main([*command.split()[:-1], "file", "--encoder", "pkg/module.py:Enc"]) == 0


def test_the_same_from_python_in_processes_of_their_own(tmp_path):
    file = tmp_path / "things.py"
    file.write_text(OWN, encoding="utf-8")
    given = {"data": views(), "n_seeds": 2, "budget": 20, "batch_size": 5}
    own = {"mine": load_own(f"{file}:Mine(trim=0.1)"), "default": "default"}
    encoder = load_own(f"{file}:Light")
    # Workers of other tests began when the folder could not be imported from.
    get_reusable_executor().shutdown()
    curves, savings = compare(own, encoder=encoder, n_jobs=2, **given)
    names = ["random", "mine", "v-optimal"]
    assert list(dict.fromkeys(row["strategy"] for row in curves)) == names
    assert {row["data"] for row in savings} == {"features/Light"}
    again, _ = compare(own, encoder=encoder, n_jobs=1, **given)
    assert again == curves


def test_own_pairs_are_held_out_as_told(monkeypatch):
    X, y = views(60)
    given = {"encoder": RidgeCCA(), "n_seeds": 1, "budget": 20, "n_jobs": 1}
    held = np.zeros(60, dtype=bool)
    held[::3] = True
    by_rows, _ = compare(["margin"], data=(X, y), test=np.flatnonzero(held), **given)
    by_mask, _ = compare(["margin"], data=(X, y), test=held, **given)
    assert by_rows == by_mask
    for more, message in [
        ({"test": [0, 60]}, "test holds the row 60, of rows 0 to 59"),
        ({"test": [0.5, 1]}, "test must hold numbers of rows, or a bool for each"),
        ({"test": [1]}, "test holds out 1 of 60 rows"),
        ({"groups": np.arange(60) // 2, "test": held}, "have the same group but"),
        ({"groups": [1, 2]}, "groups must hold one label for each of the 60 rows"),
        ({"data": (X, y[:9])}, "60"),
        ({"data": X}, "data must be a name or a tuple of two"),
        ({"data": "glyphs", "test": [1]}, "test goes with pairs of your own"),
        ({"text_column": "z"}, "text_column='z' does not go with pairs of your own"),
        ({"pretrained": "openai"}, "pretrained='openai' does not go with pairs of"),
        ({"model": "tiny"}, "model='tiny' does not go with pairs of your own"),
    ]:
        with pytest.raises(ValueError, match=message):
            compare(["margin"], **({"data": (X, y)} | given | more))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"strategies": {"a": Again()}},
            "the strategy 'a': check_distinct_rows failed",
        ),
        (
            {"strategies": {"a": Longest}},
            "the strategy 'a': a strategy must be an inst",
        ),
        ({"strategies": {"margin": Longest()}}, "'margin' is that of a strategy of sk"),
        (
            {"strategies": {"paper": Longest()}},
            "'paper' is that of a strategy of skmal",
        ),
        ({"strategies": {"random": "margin"}}, "'random' is that of another strategy"),
        ({"strategies": {"margin": "paper"}}, "give 'paper' a name of its own"),
        ({"strategies": {"default": "margin"}}, "'default' is that of another"),
        ({"strategies": {}}, "strategies is empty"),
        ({"strategies": {"a": "best"}}, "unknown strategy 'best'"),
        ({"strategies": {"a,b": Longest()}}, "'a,b' is no name of a strategy"),
        ({"encoder": Hasty()}, "the encoder Hasty: check_not_fitted failed"),
        ({"encoder": Hasty}, "an encoder must be a name or an instance with fit"),
        ({"encoder": Hasty(), "max_epochs": 1}, "max_epochs does not go with an encod"),
    ],
)
def test_what_breaks_its_contract_is_told_before_the_work(tmp_path, given, message):
    given = {"strategies": {"mine": Longest()}, "data": views()} | given
    with pytest.raises(ValueError, match=message):
        compare(**given, n_seeds=1, budget=20, n_jobs=1, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_sent_is_told():
    class Locked(Longest):
        def __init__(self):
            self.lock = threading.Lock()

        def __sklearn_clone__(self):
            return self

        def get_params(self, deep=True):
            return {}

    with pytest.raises(ValueError, match="the strategy 'locked'.*"):
        compare({"locked": Locked()}, data=views(), n_seeds=1, budget=20, n_jobs=2)


def test_what_stands_in_a_notebook_goes_to_other_processes(tmp_path):
    cell = {"__name__": "__main__", "folder": str(tmp_path)}
    exec(OWN + LOG, cell)  # which no process can import
    given = {"data": views(), "n_seeds": 2, "budget": 20, "batch_size": 5}
    compare(
        {"mine": cell["Mine"]()},
        encoder=cell["Light"](),
        callbacks=[cell["log"]],
        n_jobs=2,
        **given,
    )
    # Of each run, answers and a score at the start and after two rounds.
    points = {file.name: file.read_text().split() for file in tmp_path.iterdir()}
    assert sorted(points) == ["Mine0", "Mine1", "RandomSampling0", "RandomSampling1"]
    for lines in points.values():
        assert [line.split(",")[0] for line in lines] == ["10", "15", "20"]


def test_callbacks_are_told_of_the_run_so_far(tmp_path, monkeypatch):
    monkeypatch.setattr("skmal.experiments._suite_pools.N_QUADRUPLES", 70)
    monkeypatch.setattr("skmal.experiments._suite_pools.N_TEST_QUADRUPLES", 20)
    seen = []

    def log(run):
        seen.append((run.random_state, list(run.n_answers_iter_)))
        assert len(run.validation_scores_) == len(run.n_answers_iter_)

    given = {"pools": ["scenes"], "strategies": ["random"], "batch": 0.3}
    given |= {"n_seeds": 1, "encoder": "ridge-cca", "n_jobs": 1, "callbacks": [log]}
    run_suite(tmp_path, **given)
    n_pairs = [int(n) for n in read_runs(tmp_path)[0]["n_pairs"].split()]
    assert seen == [(0, n_pairs[: k + 1]) for k in range(len(n_pairs))]
    run_suite(tmp_path, **given)  # the run is kept
    assert len(seen) == len(n_pairs)


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        (print, "callbacks must be a list of functions of the learner, got"),
        (["print"], "callbacks must be functions of the learner, got 'print'"),
        ([threading.Lock().acquire], "the callback .* cannot be sent to other proce"),
    ],
)
def test_callbacks_that_cannot_be_called_are_told(callbacks, message):
    with pytest.raises(ValueError, match=message):
        compare(["margin"], data=views(), n_jobs=2, callbacks=callbacks)


def test_the_suite_takes_them_too(tmp_path, folder, monkeypatch):
    monkeypatch.setattr("skmal.experiments._suite_pools.N_QUADRUPLES", 70)
    monkeypatch.setattr("skmal.experiments._suite_pools.N_TEST_QUADRUPLES", 20)
    command = (
        "compare --suite default --pools scenes --strategies mine=pkg.module:Mine "
        "--encoder pkg.module:Enc --seeds 1 --batch-size 0.3 --jobs 1 --quiet --out s"
    )
    assert main(command.split()) == 0
    runs = read_runs("s")
    assert {(r["encoder"], r["strategy"]) for r in runs} == {
        ("Enc", "random"),
        ("Enc", "mine"),
    }
    given = {"pools": ["scenes"], "n_seeds": 1, "batch": 0.3, "n_jobs": 1}
    mine = {"mine": load_own("pkg.module:Mine(trim=0.2)")}
    encoder = load_own("pkg.module:Enc")
    with pytest.warns(UserWarning, match="1 run is made again, of mine: other paramet"):
        run_suite("s", strategies=mine, encoder=encoder, **given)
    assert len(read_runs("s")) == len(runs)
    assert len(read_runs("s", "replaced.csv")) == 2  # metrics


def test_names_are_split_outside_brackets():
    text = "mine=a:B(x=[1, 2], y='p,q'),default, paper"
    assert split_names(text) == ["mine=a:B(x=[1, 2], y='p,q')", "default", "paper"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pkg.module:Mine(trim=open('x'))", "is no class with literals"),
        ("pkg.module:Mine(**{})", "is no class with literals"),
        ("pkg.module:Mine()()", "is no class with literals"),
        ("pkg.module:__import__('os').name", "is no class with literals"),
        ("pkg.module:Mine({[]: 1})", "is no class with literals"),
        (f"pkg.module:Mine({'(' * 9000}", "is no class with literals"),
        ("pkg.module:Other", "pkg.module has no 'Other'; its classes are .*Mine"),
        ("pkg.module:Mine(size=1)", r"pkg.module:Mine\(size=1\): .*'size'"),
        ("pkg.module:CONSTANT(1)", "CONSTANT is no class"),
        ("pkg.none:Mine", r"pkg.none cannot be imported \(ModuleNotFoundError"),
        ("none.py:Mine", "there is no file none.py"),
        ("pkg module:Mine", "names no class; write"),
    ],
)
def test_what_cannot_be_loaded_is_told(folder, text, message):
    with pytest.raises(ValueError, match=message):
        load_own(text)


def test_parameters_are_literals(folder):
    mine = load_own("pkg.module:Mine(trim=(1, 'a'))")
    assert mine.trim == (1, "a")
    assert load_own("pkg.module:CONSTANT") == 3
    (folder / "json.py").write_text(OWN)
    with pytest.raises(ValueError, match="has the name of another module"):
        load_own("json.py:Mine")
