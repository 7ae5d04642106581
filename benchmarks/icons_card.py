"""What the pretrained weights in the package can do: the numbers of their model card.

    python benchmarks/icons_card.py --packages packages --out benchmarks/results/icons

With the packages of `pretrain_icons.py` and `real_pairs.py`. Writes `zero_shot.csv`:
mean reciprocal rank on 1,000 pairs that no training has seen, three draws of them;
pools are icons of the sets kept aside (names once), openmoji, clipart and glyphs;
chance is .0075. And `fine_tuned.csv`: trained on some random pairs, ranked on 1,000
others; from the weights, from random ones of the same network, the towers' features
under light encoders, and light encoders on principal components of pixels and of
TF-IDF.
"""

import argparse
from pathlib import Path

import joblib
import numpy as np
from _drawings import draw
from _icons import icon_sets
from _raw_pools import POOLS, SIDE, network_of_icons, raw_pool
from PIL import Image
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from skmal import CLIPEncoder, KernelCCA, RidgeCCA
from skmal.experiments import in_parallel, single_threaded, write_table
from skmal.metrics import mean_reciprocal_rank

N_TEST = 1000
SIZES = (50, 200)
JUDGED = (
    "mdi",
    "material",
    "fluent",
)  # of the sets kept aside, those that are no emoji
N_COMPONENTS = 256
WAYS = (
    "clip icons",
    "clip icons, text tower alone",
    "clip random",
    "kernel-cca on its towers",
    "ridge-cca on its towers",
    "kernel-cca on pixels and TF-IDF",
    "ridge-cca on pixels and TF-IDF",
)
HEADER = ("pool", "n_pairs", "seed", "encoder", "mrr")


def aside(packages: Path, cache: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return black icons on white of sets never trained on, one for each name."""
    file = cache / f"aside-{SIDE}.npz"
    if not file.exists():
        rng = np.random.default_rng(0)
        drawings = {}
        for icons in icon_sets(packages, aside=True):
            if any(word in icons.prefix for word in JUDGED) and not icons.in_colour:
                for words, svgs in icons.concepts.items():
                    drawings.setdefault(words, []).append(svgs[0])
        names = [*drawings]
        X, y = [], []
        for row in rng.permutation(len(names))[: 4 * N_TEST]:
            pixels = draw(str(rng.choice(drawings[names[row]])))
            if pixels is not None:
                white = Image.new("RGBA", pixels.shape[:2], "white")
                white.alpha_composite(Image.fromarray(pixels))
                small = white.convert("RGB").resize((SIDE, SIDE))
                X.append(np.asarray(small))
                y.append(names[row])
        np.savez_compressed(file, X=np.stack(X), y=np.array(y))
    with np.load(file) as stored:
        return stored["X"], stored["y"]


def zero_shot(pool: str, X: np.ndarray, y: np.ndarray) -> list[dict]:
    """Return the scores of the weights as they come."""
    encoder = CLIPEncoder("tiny", "icons")
    rows = []
    for seed in range(3):
        test = np.random.default_rng(seed).permutation(len(X))[:N_TEST]
        mrr = mean_reciprocal_rank(*encoder.transform(X[test], y[test]))
        rows.append({"pool": pool, "seed": seed, "mrr": round(mrr, 5)})
    return rows


def fine_tuned(
    pool: str, X: np.ndarray, y: np.ndarray, n_pairs: int, seed: int, way: str
) -> dict:
    """Return the score of one encoder, trained on a few pairs."""
    order = np.random.default_rng(seed).permutation(len(X))
    test, train = order[:N_TEST], order[N_TEST:][:n_pairs]
    with single_threaded(with_torch=True):
        encoder, rows = _encoder(way, X, y, seed)
        encoder.fit(*(side[train] for side in rows))
        mrr = mean_reciprocal_rank(*encoder.transform(*(side[test] for side in rows)))
    figures = pool, n_pairs, seed, way, round(mrr, 4)
    return dict(zip(HEADER, figures, strict=True))


def _encoder(way: str, X: np.ndarray, y: np.ndarray, seed: int):
    """Return an encoder, and what it sees of both pools."""
    if way == "clip random":
        return CLIPEncoder(network_of_icons(), random_state=seed), (X, y)
    if way.startswith("clip"):
        trainable = "text" if "text" in way else "all"
        encoder = CLIPEncoder("tiny", "icons", trainable=trainable, random_state=seed)
        return encoder, (X, y)
    if "towers" in way:
        rows = CLIPEncoder("tiny", "icons").unimodal_features(X, y)
    else:
        pixels = X.reshape(len(X), -1).astype(np.float32)
        words = TfidfVectorizer(sublinear_tf=True).fit_transform(y)
        rows = (
            PCA(N_COMPONENTS, random_state=0).fit_transform(pixels),
            TruncatedSVD(N_COMPONENTS, random_state=0).fit_transform(words),
        )
    light = KernelCCA(random_state=seed) if way.startswith("kernel") else RidgeCCA()
    return light, rows


def main() -> None:
    """Measure, print the means, write both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=Path, default=Path("packages"))
    parser.add_argument("--cache", type=Path, default=Path("pictures"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--jobs", type=int, default=joblib.cpu_count())
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    pools = {
        name: raw_pool(name, arguments.packages, arguments.cache) for name in POOLS
    }

    unseen = {"icons": aside(arguments.packages, arguments.cache)} | pools
    rows = [row for name, pool in unseen.items() for row in zero_shot(name, *pool)]
    write_table(arguments.out / "zero_shot.csv", ("pool", "seed", "mrr"), rows)
    for name in unseen:
        scores = [row["mrr"] for row in rows if row["pool"] == name]
        print(f"{name}: {np.mean(scores):.4f}, {np.mean(scores) / 0.0075:.1f} x chance")

    cases = [
        (name, *pools[name], n_pairs, seed, way)
        for name in pools
        for n_pairs in SIZES
        for way in arguments.ways
        for seed in range(arguments.seeds)
    ]
    rows = list(in_parallel(fine_tuned, cases, n_jobs=arguments.jobs, verbose=True))
    write_table(arguments.out / "fine_tuned.csv", HEADER, rows)
    for name in pools:
        for way in arguments.ways:
            means = [
                np.mean(
                    [
                        row["mrr"]
                        for row in rows
                        if (row["pool"], row["n_pairs"], row["encoder"])
                        == (name, n, way)
                    ]
                )
                for n in SIZES
            ]
            print(f"{name:9} {way:32}", *(f"{mean:.3f}" for mean in means))


if __name__ == "__main__":
    main()
