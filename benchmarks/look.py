r"""What it costs to look at all images before anybody is asked about them.

    python benchmarks/look.py
    python benchmarks/look.py --n 300

JPEG files of a photograph's size, drawn once and kept beside the temporary files, are
looked at as sessions and learners do at their start, then encoded by a ViT-B-32 with
random weights on the same cores. What is printed is the ratio of the two times; it
should be at most a tenth. Both are measured in turns, and the medians count. Encoding
is measured on the first images only, since its time an image is the same for all.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from skmal import CLIPEncoder
from skmal.items._faults import find_faults

SIZES = {"small": (640, 480), "large": (4000, 3000)}


def draw(seed: int, size: tuple[int, int]) -> Image.Image:
    """Return a picture with soft areas, edges and grain, as a photograph has."""
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
    picture = soft.resize(size, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for _ in range(60):
        corners = np.sort(rng.uniform(0, 1, (2, 2)), axis=0) * size
        pen.ellipse(corners.ravel().tolist(), outline=tuple(rng.integers(0, 256, 3)))
    grain = rng.normal(0, 6, (size[1], size[0], 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype("uint8"))


def write(folder: Path, n: int, size: tuple[int, int]) -> list[Path]:
    """Write what is missing of n files; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{i:05}.jpg" for i in range(n)]
    for i, path in enumerate(paths):
        if not path.exists():
            draw(i, size).save(path, quality=90)
    return paths


def main() -> None:
    """Measure both, and print their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n", type=int, default=10_000, help="images looked at")
    parser.add_argument("--encoded", type=int, default=256, help="images encoded")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--size", choices=SIZES, default="small")
    options = parser.parse_args()
    folder = Path(tempfile.gettempdir()) / f"skmal-look-{options.size}"
    paths = write(folder, options.n, SIZES[options.size])
    some = paths[: options.encoded]
    encoder = CLIPEncoder("ViT-B-32", device="cpu", max_epochs=1, random_state=0)
    encoder.fit(some[:2], ["a", "b"])  # it wants to be fitted; so it is warm, too
    looking, encoding = [], []
    for _ in range(options.turns):
        start = time.perf_counter()
        faults = find_faults(paths)
        looking.append((time.perf_counter() - start) / len(paths))
        assert not faults
        start = time.perf_counter()
        encoder.transform(some)
        encoding.append((time.perf_counter() - start) / len(some))
    look, encode = statistics.median(looking), statistics.median(encoding)
    print(f"{len(paths):,} JPEGs of {paths[0].stat().st_size / 1000:,.0f} kB")
    print(f"looking: {1000 * look:.2f} ms an image; encoding: {1000 * encode:.1f} ms")
    print(f"ratio: {look / encode:.4f}")


if __name__ == "__main__":
    main()
