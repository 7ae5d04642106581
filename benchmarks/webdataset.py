"""What reading images out of tar files costs, against the same images in a folder.

    OMP_NUM_THREADS=1 python benchmarks/webdataset.py \
        benchmarks/results/webdataset.csv --images 10000 --train 10000 --repeats 1

Writes seconds of the processors, in turns, and the ratio of their medians; on a disk
that is not in memory, reading comes on top. 10,000 images are one of img2dataset's
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
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--train", type=int, default=0, metavar="N", help="pairs")
    arguments = parser.parse_args()

    from skmal import CLIPEncoder
    from skmal.datasets import load_webdataset
    from skmal.experiments import write_table

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
        rows = [
            compare(
                "encode",
                lambda: encoder.transform(pairs.X),
                lambda: encoder.transform(files),
                arguments.repeats,
            )
        ]
        if n := arguments.train:
            learning = CLIPEncoder("tiny", max_epochs=1, device="cpu", random_state=0)
            rows.append(
                compare(
                    f"train on {n:,}, one epoch",
                    lambda: learning.fit(pairs.X[:n], pairs.y[:n]),
                    lambda: learning.fit(files[:n], pairs.y[:n]),
                    arguments.repeats,
                )
            )
        for row in rows:
            print(*row.values(), flush=True)
        write_table(arguments.out, list(rows[0]), rows)


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


def compare(what, from_tars, from_files, repeats: int) -> dict[str, object]:
    """Time both in turns."""
    seconds = [], []
    for _ in range(repeats):
        for times, run in zip(seconds, (from_tars, from_files), strict=True):
            start = time.process_time()
            run()
            times.append(time.process_time() - start)
    tars, files = map(statistics.median, seconds)
    return {
        "what": what,
        "tar s": round(tars, 2),
        "folder s": round(files, 2),
        "tar / folder": round(tars / files, 3),
    }


if __name__ == "__main__":
    main()
