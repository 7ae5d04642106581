r"""How long somebody who answers on the page waits while others attack it.

    OMP_NUM_THREADS=1 python benchmarks/page_attack.py \
        benchmarks/results/page_attack.csv

A server on two pools of 2,000 texts, as the command runs it but without trainings, in a
process of its own. One person asks for a question and answers it, over and over, a
twentieth of a second after each other. Meanwhile another process does one of these, 200
times at once: nothing; send a body, or the head of a request, a byte a second; ask
without the token as fast as it is refused, over one connection or a new one each time.
Times are of the person's requests, each
over a new connection, which has to be taken in beside all others.
"""

import argparse
import csv
import http.client
import json
import multiprocessing
import os
import selectors
import socket
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

N_CLIENTS, N_ANSWERS, N_ITEMS = 200, 60, 2000
ATTACKS = "nothing", "slow bodies", "slow heads", "no token", "no token, anew"


def serve_pools(folder: Path, pipe) -> None:
    """Serve a page, and send its link."""
    import webbrowser

    from skmal import AnnotationSession, PairedActiveLearner, RandomSampling
    from skmal.annotation import serve

    rng = np.random.default_rng(0)
    features = rng.normal(size=(N_ITEMS, 6)), rng.normal(size=(N_ITEMS, 5))
    pools = [{f"{s}{i}": f"{s} number {i}" for i in range(N_ITEMS)} for s in "xy"]
    learner = PairedActiveLearner(
        query_strategy=RandomSampling(), batch_size=N_ITEMS, random_state=0
    )
    webbrowser.open = pipe.send
    with AnnotationSession(
        folder / "s.skmal", *pools, learner, features=features, training="background"
    ) as session:
        serve(session, port=0, open_browser=True)


def request(where, token, method, path, body=None) -> bytes:
    """Return what a request over a new connection gets."""
    connection = http.client.HTTPConnection(*where, timeout=60)
    headers = {"X-Skmal-Token": token, "Content-Type": "application/json"}
    connection.request(
        method, path, None if body is None else json.dumps(body), headers
    )
    response = connection.getresponse()
    content = response.read()
    connection.close()
    if response.status != 200:
        raise SystemExit(f"{path}: {response.status} {content[:200]}")
    return content


def attack(where, token: str, how: str) -> None:
    """Keep so many connections busy, from one thread, until killed."""
    lines = [socket.create_connection(where) for _ in range(N_CLIENTS)]
    first = "POST /api/skip" if how == "slow bodies" else "GET /api/progress"
    given = "wrong" if how.startswith("no token") else token
    head = f"{first} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Skmal-Token: {given}\r\n"
    if how.startswith("slow"):
        if how == "slow bodies":
            head += "Content-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
        for line in lines:
            line.sendall(head.encode())
        while True:
            time.sleep(1)
            for line in lines:
                line.sendall(b"x")
    waiting = selectors.DefaultSelector()
    for line in lines:
        waiting.register(line, selectors.EVENT_READ)
        line.sendall(f"{head}\r\n".encode())
    while True:
        for key, _ in waiting.select():
            line = key.fileobj
            is_open = line.recv(65_536)  # the head and the body come together
            if how == "no token, anew":
                waiting.unregister(line)
                line.close()
                line = socket.create_connection(where)
                waiting.register(line, selectors.EVENT_READ)
            elif not is_open:
                raise SystemExit("the server has closed a connection")
            line.sendall(f"{head}\r\n".encode())


def measured(where, token: str) -> list[float]:
    """Return how long each request of somebody who answers took."""
    times = []

    def timed(*what):
        start = time.perf_counter()
        content = json.loads(request(where, token, *what))
        times.append(time.perf_counter() - start)
        return content

    for _ in range(N_ANSWERS):
        question = timed("GET", "/api/question")["question"]
        partner = "yx"[question["modality"]] + question["item"]["key"][1:]
        body = {"question": question["id"], "partner": partner}
        timed("POST", "/api/answer", body)
        time.sleep(0.05)
    return times


def main() -> None:
    """Serve, attack, answer, and write one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--only", nargs="*", choices=ATTACKS, default=ATTACKS)
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        receiving, sending = spawn.Pipe(duplex=False)
        server = spawn.Process(target=serve_pools, args=(Path(folder), sending))
        server.start()
        link = urlsplit(receiving.recv())
        where, token = (link.hostname, link.port), link.fragment.partition("=")[2]
        time.sleep(1)
        for how in options.only:
            attacker = spawn.Process(target=attack, args=(where, token, how))
            if how != "nothing":
                attacker.start()
                time.sleep(4)  # until all are connected
            ms = [1000 * seconds for seconds in measured(where, token)]
            if how != "nothing":
                is_alive = attacker.is_alive()
                attacker.kill()
                attacker.join()
                if not is_alive:
                    raise SystemExit(f"{how}: the attack ended")
            row = {"attack": how, "clients": N_CLIENTS if how != "nothing" else 0}
            p50, p95, most = np.percentile(ms, [50, 95, 100])
            row |= {"n": len(ms), "p50_ms": round(p50, 1), "p95_ms": round(p95, 1)}
            row |= {"max_ms": round(most, 1), "load": round(os.getloadavg()[0], 1)}
            rows.append(row | {"cores": os.cpu_count()})
            print(*rows[-1].values(), sep="\t", flush=True)
        server.kill()
        server.join()
    if options.out:
        with open(options.out, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
