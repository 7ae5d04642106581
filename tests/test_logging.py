"""The lines of docs/guide/scikit_learn.md that log a run, with the real libraries."""

import re

import pytest
from helpers import ROOT, make_pairs

from skmal import PairedActiveLearner, RidgeCCA

PAGE = (ROOT / "docs" / "guide" / "scikit_learn.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```py\n(.*?)```", PAGE, flags=re.DOTALL)


def run_with_lines_for(library):
    """Run a learner with the page's callback; return its points, and what ran."""
    (block,) = (block for block in BLOCKS if library in block)
    names = {}
    exec(block, names)
    X, y = make_pairs(60)
    learner = PairedActiveLearner(RidgeCCA(), budget=30, random_state=0)
    data = (X[40:], y[40:])
    learner.fit(X[:40], y[:40], validation_data=data, callbacks=[names["log"]])
    scores = learner.validation_scores_
    return list(zip(learner.n_answers_iter_, scores, strict=True)), names


def test_tensorboard(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    monkeypatch.chdir(tmp_path)
    points, names = run_with_lines_for("tensorboard")
    names["log"].__defaults__[0].close()
    accumulators = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    events = accumulators.EventAccumulator(str(tmp_path / "runs"))
    events.Reload()
    found = [(event.step, event.value) for event in events.Scalars("score")]
    assert found == [(n, pytest.approx(score)) for n, score in points]


def test_mlflow(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri(tmp_path.as_uri())
    mlflow.set_experiment("pairs")
    with mlflow.start_run() as started:
        points, _ = run_with_lines_for("mlflow")
    history = mlflow.MlflowClient().get_metric_history(started.info.run_id, "score")
    assert [(metric.step, metric.value) for metric in history] == points


def test_wandb(monkeypatch):
    wandb = pytest.importorskip("wandb")
    logged = []
    monkeypatch.setattr(wandb, "log", logged.append)
    points, _ = run_with_lines_for("wandb")
    assert [(line["answers"], line["score"]) for line in logged] == points
