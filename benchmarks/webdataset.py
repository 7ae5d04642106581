"""What reading images out of tar files costs, against the same images in a folder.

Prints seconds of the processors, in turns, and the ratio of their medians; on a disk
that is not in memory, reading comes on top. `--images 10000` is one of img2dataset's
shards.
"""

import argparse
import io
import statistics
import tarfile
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

SIDE = 256  # pixels, what img2dataset makes of images by default


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--train", type=int, default=0, metavar="N", help="pairs")
    arguments = parser.parse_args()

    from skmal import CLIPEncoder
    from skmal.datasets import load_webdataset

    with TemporaryDirectory() as folder:
        files = write(Path(folder), arguments.images)
        start = time.perf_counter()
        pairs = load_webdataset(Path(folder, "shards"))
        first = time.perf_counter() - start
        start = time.perf_counter()
        load_webdataset(Path(folder, "shards"))
        again = time.perf_counter() - start
        print(f"{len(files):,} images; the index: {first:.2f} s, again {again:.3f} s")

        encoder = CLIPEncoder("tiny", "icons", trainable="none", device="cpu")
        encoder.transform(files[:64])
        compare(
            "transform",
            lambda: encoder.transform(pairs.X),
            lambda: encoder.transform(files),
            arguments.repeats,
        )
        if n := arguments.train:
            learning = CLIPEncoder("tiny", max_epochs=1, device="cpu", random_state=0)
            compare(
                f"fit, {n:,} pairs, one epoch",
                lambda: learning.fit(pairs.X[:n], pairs.y[:n]),
                lambda: learning.fit(files[:n], pairs.y[:n]),
                arguments.repeats,
            )


def write(folder: Path, n: int) -> list[Path]:
    """Write n JPEG files, and the same into shards with texts and JSON."""
    from PIL import Image

    rng = np.random.default_rng(0)
    (folder / "images").mkdir()
    (folder / "shards").mkdir()
    files = []
    with tarfile.open(folder / "shards" / "00000.tar", "w") as archive:
        for i in range(n):
            coarse = rng.integers(256, size=(16, 16, 3), dtype=np.uint8)
            content = io.BytesIO()
            picture = Image.fromarray(coarse).resize((SIDE, SIDE))
            picture.save(content, "JPEG", quality=95)
            key = f"{i:09d}"
            files.append(folder / "images" / f"{key}.jpg")
            files[-1].write_bytes(content.getvalue())
            about = b'{"uid": "%032x", "key": "%d", "status": "success"}' % (i, i)
            for ending, member in (
                ("jpg", content.getvalue()),
                ("json", about),
                ("txt", b"text %d" % i),
            ):
                head = tarfile.TarInfo(f"{key}.{ending}")
                head.size = len(member)
                archive.addfile(head, io.BytesIO(member))
    return files


def compare(what, from_tars, from_files, repeats: int) -> None:
    """Time both in turns."""
    seconds = [], []
    for _ in range(repeats):
        for times, run in zip(seconds, (from_tars, from_files), strict=True):
            start = time.process_time()
            run()
            times.append(time.process_time() - start)
    tars, files = map(statistics.median, seconds)
    print(f"{what}: tar {tars:.2f} s, folder {files:.2f} s, ratio {tars / files:.3f}")


if __name__ == "__main__":
    main()
