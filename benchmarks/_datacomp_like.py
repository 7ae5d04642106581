"""Features like DataComp's, any number of them: row i depends on seed and i alone."""

from pathlib import Path

import numpy as np

D = 512  # as OpenAI's ViT-B/32 has
BLOCK = 1024  # rows that one generator makes
SHARD = 125 * BLOCK  # rows of a file


class Features:
    """Unit rows of both modalities in narrow cones: power-law spectrum, Zipf clusters.

    Partners share their cluster and half of what else makes them differ.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        rng = np.random.default_rng([seed])
        spectrum = (1 + np.arange(D, dtype=np.float32)) ** -0.5
        self.spectrum = spectrum / np.linalg.norm(spectrum)
        cones = rng.standard_normal((2, D), dtype=np.float32) * self.spectrum
        self.cones = cones / np.linalg.norm(cones, axis=1, keepdims=True)
        self.centres = rng.standard_normal((1000, D), dtype=np.float32) * self.spectrum
        self.share = np.cumsum(1 / np.arange(1, 1001))

    def block(self, number: int) -> list[np.ndarray]:
        """Return the rows of X and of y in one block, float16."""
        rng = np.random.default_rng([self.seed, 1, number])
        cluster = np.searchsorted(self.share, rng.random(BLOCK) * self.share[-1])
        draws = rng.standard_normal((3, BLOCK, D), dtype=np.float32)
        draws *= 0.35 * self.spectrum
        shared = 0.7 * self.centres[cluster] + draws[0]
        both = []
        for cone, own in zip(self.cones, draws[1:], strict=True):
            rows = shared + own
            rows += cone
            rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
            both.append(rows.astype(np.float16))
        return both

    def rows(self, start: int, stop: int) -> tuple[np.ndarray, ...]:
        """Return X[start:stop] and y[start:stop]."""
        first = start // BLOCK
        blocks = [self.block(b) for b in range(first, -(-stop // BLOCK))]
        within = slice(start - first * BLOCK, stop - first * BLOCK)
        return tuple(np.concatenate(part)[within] for part in zip(*blocks, strict=True))


def write_shards(
    folder: str | Path, n: int, seed: int = 0, verbose: bool = True
) -> tuple[list[Path], list[Path]]:
    """Write n rows of X and y as shards, whole files only; return their paths.

    What is there already stays: a larger set of the same seed begins with a smaller.
    """
    from tqdm import tqdm

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    features = Features(seed)
    paths = [], []
    for start in tqdm(range(0, n, SHARD), unit="shard", disable=not verbose):
        stop = min(start + SHARD, n)
        name = f"{seed}-{start // SHARD:04d}-{stop - start}.npy"
        files = [folder / f"{modality}-{name}" for modality in "Xy"]
        for path, file in zip(paths, files, strict=True):
            path.append(file)
        if all(file.exists() for file in files):
            continue
        for file, rows in zip(files, features.rows(start, stop), strict=True):
            part = file.with_suffix(".part")
            with open(part, "wb") as opened:
                np.save(opened, rows)
            part.replace(file)
    return paths
