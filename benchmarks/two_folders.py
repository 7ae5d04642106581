"""The story of the guide's first page: two folders of signs, answered batch by batch.

    python benchmarks/two_folders.py --out benchmarks/results/two_folders

It writes, for each seed and number of answers, how many of the open items have their
partner first, and among the first nine, when a CLIP that has seen icons ranks them:
what `skmal annotate` starts from. The folders are those of `skmal demo --write signs`.
"""

import argparse
from pathlib import Path

import numpy as np

from skmal import CLIPEncoder, PairedActiveLearner
from skmal.cli._demo import signs_first
from skmal.datasets import load_glyphs
from skmal.experiments import write_table
from skmal.metrics import recall_at_k

N, BATCH, ANSWERS, SEEDS = 300, 10, 60, 3
HEADER = "seed", "n_answers", "n_open", "recall@1", "recall@9", "guessing@9"


def main() -> None:
    """Play people who are always right, and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    glyphs = load_glyphs()
    rows = signs_first(glyphs.code_point)[:N]
    X, y = 255 - glyphs.images[rows], glyphs.names[rows]
    out.mkdir(parents=True, exist_ok=True)
    table = []
    for seed in range(SEEDS):
        learner = PairedActiveLearner(
            CLIPEncoder("tiny", pretrained="icons"), random_state=seed
        )
        zero_shot = CLIPEncoder("tiny", pretrained="icons", trainable="none")
        open_rows = np.arange(N)
        while True:
            known = N - len(open_rows)
            if known % 30 == 0:
                encoder = learner if known else zero_shot
                features = encoder.transform(X[open_rows], y[open_rows])
                scores = [recall_at_k(*features, k=k) for k in (1, 9)]
                row = [seed, known, len(open_rows), *np.round(scores, 4)]
                row += [round(9 / len(open_rows), 4)]
                table.append(dict(zip(HEADER, row, strict=True)))
                print(table[-1], flush=True)
            if known >= ANSWERS:
                break
            query = learner.query(X[open_rows], y[open_rows], n_instances=BATCH)
            asked = open_rows[query.indices]
            learner.teach(X[asked], y[asked])
            open_rows = np.setdiff1d(open_rows, asked)
        write_table(out / "found.csv", HEADER, table)


if __name__ == "__main__":
    main()
