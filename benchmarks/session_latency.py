"""How long a person waits for the next question while the encoder trains.

A session on two pools of made-up features; one thread answers and asks for the next
question without a pause, while trainings follow one another beside it. Run it with

    python benchmarks/session_latency.py --n-items 100000

It prints percentiles of the time that one `answer` and one `next_question` take
together, during trainings and between them, and of a search in the pool of texts.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from skmal import AnnotationSession, PairedActiveLearner


def main() -> None:
    """Answer until enough rounds have passed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n-items", type=int, default=100_000)
    parser.add_argument("--n-features", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    n, d = options.n_items, options.n_features
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(n, d)).astype(np.float32)
    noise = rng.normal(size=(n, d)).astype(np.float32)
    features = latent, latent[:, ::-1] + 0.3 * noise
    pools = [{f"{side}{i}": f"{side} number {i}" for i in range(n)} for side in "xy"]
    learner = PairedActiveLearner(batch_size=options.batch_size, random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        session = AnnotationSession(
            Path(folder) / "s.skmal",
            *pools,
            learner,
            features=features,
            training="background",
        )
        print(f"opened in {time.perf_counter() - start:.1f} s")
        start = time.perf_counter()
        question = session.next_question()
        print(f"first question after {time.perf_counter() - start:.1f} s")
        waits, n_rounds = {True: [], False: []}, 1
        while n_rounds <= options.rounds:
            partner = "yx"[question.modality] + question.item.key[1:]
            start = time.perf_counter()
            session.answer(question, partner)
            question = session.next_question()
            waited = time.perf_counter() - start
            progress = session.progress
            waits[progress.is_training].append(waited)
            n_rounds = progress.n_rounds
            time.sleep(0.05)  # a very fast person
        searches = []
        for i in range(20):
            start = time.perf_counter()
            session.items.search(f"NUMBER {i * 97}", 1)
            searches.append(time.perf_counter() - start)
        session.close()
        session.wait()
    named = {"while training": waits[True], "else": waits[False], "search": searches}
    print(f"{'':>16} {'n':>6} {'median':>8} {'p95':>8} {'largest':>8}  (ms)")
    for name, seconds in named.items():
        if seconds:
            row = [
                1e3 * f(seconds) for f in (np.median, lambda s: np.quantile(s, 0.95))
            ]
            row.append(1e3 * max(seconds))
            cells = " ".join(f"{value:8.1f}" for value in row)
            print(f"{name:>16} {len(seconds):6} {cells}")


if __name__ == "__main__":
    main()
