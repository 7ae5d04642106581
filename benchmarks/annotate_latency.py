r"""How long the page's server takes to answer while the encoder is retrained.

    OMP_NUM_THREADS=1 python benchmarks/annotate_latency.py \
        benchmarks/results/annotate_latency.csv

100,000 image files (glyphs; one in 200 a photograph's size) and 100,000 texts, 1,000
pairs known, RidgeCCA and the default strategy on 192 features a side. The server runs
as the command runs it, in a process of its own. Two people ask it for questions, images
and searches and answer, a tenth of a second after each other, much faster than people
do, so that a training runs nearly all the time. Times are from the request to the last
byte; those are counted during which, by what the server says before and after, the
encoder was being trained. A static file is what a request costs anyway. The first
opening, where all files are looked at and hashed, is printed.
"""

import argparse
import csv
import http.client
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np

N, N_KNOWN, BATCH, N_ANSWERS = 100_000, 1000, 50, 300
N_PEOPLE, PAUSE = 2, 0.1
PHOTOGRAPH = 200  # every how many-th image is one


def write_pools(folder: Path, n: int) -> None:
    """Write image files and a file of texts; return nothing."""
    from PIL import Image

    from skmal.datasets import load_glyphs

    images, names = load_glyphs(return_X_y=True)
    files = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(255 - image).save(file, "PNG")
        files.append(file.getvalue())
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (150, 200, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize((1600, 1200)).save(file, "JPEG", quality=90)
    photograph = file.getvalue()
    for i in range(n):
        path = folder / "images" / f"{i // 1000:03}"
        path.mkdir(parents=True, exist_ok=True)
        if i % PHOTOGRAPH == 0:
            (path / f"{i:06}.jpg").write_bytes(photograph)
        else:
            (path / f"{i:06}.png").write_bytes(files[i % len(files)])
    with open(folder / "texts.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        for i in range(n):
            writer.writerow([f"{i:06}", f"{names[i % len(names)]} number {i}"])


def serve_pools(folder: Path, n: int) -> None:
    """Serve the page until Ctrl-C, as `skmal annotate` does."""
    import resource

    from skmal import AnnotationSession, PairedActiveLearner
    from skmal.annotation.page._serve import serve

    rng = np.random.default_rng(0)
    latent = rng.normal(size=(n, 40)).astype(np.float32)
    features = tuple(
        latent @ rng.normal(size=(40, 192)).astype(np.float32)
        + rng.normal(size=(n, 192)).astype(np.float32)
        for _ in range(2)
    )
    start = time.perf_counter(), time.process_time()
    with AnnotationSession(
        folder / "s.skmal",
        folder / "images",
        folder / "texts.csv",
        PairedActiveLearner(batch_size=BATCH, random_state=0),
        features=features,
        known_pairs=[(i, i) for i in range(N_KNOWN)],
        training="background",
    ) as session:
        wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
        serve(session, port=0)
        print(f"first opening: {wall:.1f} s, {cpu:.1f} s of a core")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{session.progress.n_rounds} rounds, peak memory {peak:.1f} GB")


class Person:
    """Asks and answers, and measures each request."""

    def __init__(self, link: str, name: str) -> None:
        address = urlsplit(link)
        self.connection = http.client.HTTPConnection(address.hostname, address.port)
        self.token = address.fragment.partition("=")[2]
        self.name = name
        self.was_training = False
        self.random = random.Random(name)
        self.times = []  # endpoint, seconds, whether the encoder was trained

    def request(self, what, method, path, body=None):
        """Return the content of an answer, and note how long it took."""
        headers = {"X-Skmal-Token": self.token, "Content-Type": "application/json"}
        body = None if body is None else json.dumps(body | {"by": self.name})
        start = time.perf_counter()
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        seconds = time.perf_counter() - start
        if response.status != 200:
            raise SystemExit(f"{path}: {response.status} {content[:200]}")
        self.pending.append((what, seconds))
        return content

    def step(self) -> None:
        """Answer one question, with a search and the pictures on the way."""
        self.pending = []
        asked = None
        while asked is None:
            path = f"/api/question?{urlencode({'by': self.name})}"
            state = json.loads(self.request("question", "GET", path))
            asked = state["question"]
        before = state["progress"]["is_training"]
        self.request("static file", "GET", "/page.js")
        for item in [asked["item"], *asked["candidates"]]:
            if item["image"]:
                kind = "image, 2 megapixels" if ".jpg" in item["image"] else "image"
                self.request(kind, "GET", f"/{item['image']}")
        words = self.random.choice(["number 77", "letter a", "greek", "no such words"])
        query = {"modality": 1 - asked["modality"], "text": words}
        self.request("search", "GET", f"/api/search?{urlencode(query)}")
        number = int(asked["item"]["key"].rpartition("/")[2].partition(".")[0])
        partner = f"{number:06}"
        if asked["modality"] == 1:
            kind = "png" if number % PHOTOGRAPH else "jpg"
            partner = f"{number // 1000:03}/{number:06}.{kind}"
        body = {"question": asked["id"], "partner": partner}
        state = json.loads(self.request("answer", "POST", "/api/answer", body))
        during = before and state["progress"]["is_training"]
        self.times += [(what, seconds, during) for what, seconds in self.pending]

    def work(self, n: int) -> None:
        """Answer n questions."""
        for _ in range(n):
            self.step()
            time.sleep(PAUSE)


def report(
    times: list[tuple], rest: list[str], load: float, options: argparse.Namespace
) -> None:
    """Print what was measured during trainings, and write one table."""
    n_answers = sum(what == "answer" for what, _, _ in times)
    n_during = sum(during for what, _, during in times if what == "answer")
    print("; ".join(rest[-2:]))
    print(f"{n_during} of {n_answers} answers during a training;")
    print(f"load average {load:.1f} on {os.cpu_count()} cores, server and people in it")
    table = []
    for what in dict.fromkeys(what for what, _, _ in times):
        ms = [1000 * seconds for w, seconds, during in times if during and w == what]
        if not ms:
            continue
        p50, p95, most = (round(v, 1) for v in np.percentile(ms, [50, 95, 100]))
        row = {"request": what, "n": len(ms)}
        row |= {"p50_ms": p50, "p95_ms": p95, "max_ms": most}
        table.append(row)
        print("  ".join(f"{k} {v}" for k, v in row.items()), flush=True)
    if options.out:
        from skmal.experiments import write_table

        extra = {"pool": options.size, "load": round(load, 1)}
        rows = [row | extra | {"cores": os.cpu_count()} for row in table]
        write_table(options.out, list(rows[0]), rows)


def main() -> None:
    """Write pools, serve them, answer, and write one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--size", type=int, default=N)
    parser.add_argument("--answers", type=int, default=N_ANSWERS)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve_pools(options.serve, options.size)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_pools(Path(folder), options.size)
        child = [sys.executable, __file__, "--serve", folder]
        server = subprocess.Popen(
            [*child, "--size", str(options.size)], stdout=subprocess.PIPE, text=True
        )
        link = server.stdout.readline().split()[1]
        people = [Person(link, name) for name in ("Ann", "Bob")[:N_PEOPLE]]
        share = options.answers // N_PEOPLE
        threads = [threading.Thread(target=p.work, args=(share,)) for p in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        load = os.getloadavg()[0]
        server.send_signal(signal.SIGINT)
        rest = server.communicate()[0].strip().splitlines()
        # Shown before the folder is deleted, which takes its time.
        report([row for person in people for row in person.times], rest, load, options)


if __name__ == "__main__":
    main()
