"""Weights beside the journal: what is in the file, and what happens without it."""

import hashlib
import io
import json
import pickle
import pickletools
import shutil
import warnings

import joblib
import numpy as np
import pytest
from helpers import MICRO_CLIP
from sessions import X, Y, answer_some, learner, make_folders, open_keyed, rewrite
from sklearn.cross_decomposition import PLSSVD

from skmal import AnnotationSession, CLIPEncoder, ContrastiveProjection, RidgeCCA
from skmal.annotation._weights import save


def weights_in(folder):
    """Return the one file with weights."""
    (path,) = (folder / "s.skmal.weights").iterdir()
    return path


def replace_weights(folder, content):
    """Put other bytes in the file's place, as if the journal knew them."""
    weights_in(folder).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()

    def change(row):
        if row["kind"] == "round":
            row["data"] = json.dumps(json.loads(row["data"]) | {"sha256": sha256})
        return row

    rewrite(folder / "s.skmal", change)


def pickled(value):
    """Return the bytes that joblib makes of something."""
    file = io.BytesIO()
    joblib.dump(value, file)
    return file.getvalue()


def globals_in(content):
    """Return the module and the name of all that unpickling these bytes looks up."""
    # Protocol 2 has them in one opcode, and joblib's own arrays in none.
    plain = pickle.dumps(joblib.load(io.BytesIO(content)), protocol=2)
    return [
        tuple(argument.split(" "))
        for opcode, argument, _ in pickletools.genops(plain)
        if opcode.name in ("GLOBAL", "INST")
    ]


# -------------------------------------------------------------------- what is in it


def test_weights_that_cannot_be_written_whole_leave_those_that_were(
    tmp_path, monkeypatch
):
    def full(*_):
        raise OSError("full")

    path = tmp_path / "weights" / "round-00001.joblib"
    save(learner(), path)
    content = path.read_bytes()
    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="full"):
        save(learner().fit(X[:9], Y[:9]), path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "encoder",
    [
        RidgeCCA(2),
        ContrastiveProjection(3, max_epochs=2, device="cpu"),
        CLIPEncoder(MICRO_CLIP, max_epochs=1, device="cpu"),
    ],
    ids=lambda encoder: type(encoder).__name__,
)
def test_files_name_public_paths_only(tmp_path, encoder):
    pools, params = (X, Y), {"learner": learner(estimator=encoder, batch_size=4)}
    if isinstance(encoder, CLIPEncoder):
        pools = make_folders(tmp_path)
    with AnnotationSession(tmp_path / "s.skmal", *pools, **params) as session:
        for _ in range(5):
            question = session.next_question()
            session.answer(question, question.candidates[0])
        session.train()
        session.next_question()
    found = globals_in(weights_in(tmp_path).read_bytes())
    ours = {path for path in found if path[0].split(".")[0] == "skmal"}
    assert ours == {("skmal", type(encoder).__name__)}


# -------------------------------------------------------------------- not loaded


@pytest.fixture
def lasting(tmp_path):
    """Return a folder with a closed session of 12 answers, and what it had learned."""
    with open_keyed(tmp_path, budget=20) as session:
        answer_some(session, 12)
        return tmp_path, session.learner.transform(X)


def lose(folder):
    weights_in(folder).unlink()


def damage(folder):
    path = weights_in(folder)
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def take_away(folder):
    path = weights_in(folder)
    path.unlink()
    path.mkdir()


def move_the_class(folder):
    replace_weights(folder, b"cskmal.linear\nRidgeCCA\n.")


def rename_the_class(folder):
    replace_weights(folder, b"cskmal\nRidgeCorrelation\n.")


def write_as_another_version(folder):
    kept = joblib.load(weights_in(folder))
    replace_weights(folder, pickled(kept | {"format": 3}))


def write_as_the_first_version(folder):
    replace_weights(folder, pickled((None, None)))


def write_nonsense(folder):
    replace_weights(folder, b"no pickle at all")


def write_with_another_scikit_learn(folder):
    kept = joblib.load(weights_in(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklearn.base.__version__", "0.24")
        replace_weights(folder, pickled(kept | {"estimator": PLSSVD().fit(X, Y)}))


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (lose, "the file is missing"),
        (damage, "the file is not the one that was written"),
        (take_away, "the file cannot be read"),
        (move_the_class, "a class that is not there .*skmal.linear"),
        (rename_the_class, "a class that is not there .*RidgeCorrelation"),
        (write_as_another_version, "it is of another version of skmal"),
        (write_as_the_first_version, "it is of another version of skmal"),
        (write_nonsense, "it cannot be unpickled"),
        (write_with_another_scikit_learn, "it is of another version .*0.24"),
    ],
)
def test_weights_that_are_not_loaded_are_reported(lasting, happens, reason):
    folder, learned = lasting
    path = weights_in(folder)
    happens(folder)
    with pytest.warns(UserWarning, match=f"(?s){path}: .*{reason}") as told:
        session = open_keyed(folder)
    (message,) = (str(one.message) for one in told)
    assert message.startswith("weights not loaded: ")
    assert message.endswith("fitted again, on the 10 pairs of its last training")
    assert told[0].filename.endswith("sessions.py")  # where the session was opened
    with session:
        assert session.progress.n_answers == 12
        np.testing.assert_array_equal(session.learner.transform(X), learned)
        if happens is take_away:
            path.rmdir()
        session.train()
    with warnings.catch_warnings(action="error"), open_keyed(folder) as session:
        assert session.progress.n_answers == 12  # and the next training's are there


def test_weights_are_loaded_where_nothing_has_happened(lasting, monkeypatch):
    folder, learned = lasting
    monkeypatch.setattr(RidgeCCA, "fit", None)  # nothing is fitted
    with open_keyed(folder) as session:
        np.testing.assert_array_equal(session.learner.transform(X), learned)


def test_an_encoder_that_warm_starts_is_rebuilt_through_all_its_trainings(tmp_path):
    encoder = ContrastiveProjection(3, max_epochs=3, warm_start=True, device="cpu")
    with open_keyed(tmp_path, learner=learner(estimator=encoder), budget=12) as session:
        answer_some(session, 99)
        expected = session.learner.transform(X)
    again = learner(estimator=encoder)
    with open_keyed(tmp_path, learner=again, budget=12) as session:
        np.testing.assert_array_equal(session.learner.transform(X), expected)
    shutil.rmtree(tmp_path / "s.skmal.weights")
    with pytest.warns(UserWarning, match="the file is missing"):
        session = open_keyed(tmp_path, learner=again, budget=12)
    with session:
        np.testing.assert_array_equal(session.learner.transform(X), expected)
