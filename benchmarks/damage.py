r"""Damage a journal, its WAL and its log, open what is left, and count what is lost.

    python benchmarks/damage.py benchmarks/results/damage.csv

A session is written with items, rounds, answers of two people, skips and answers taken
back; its files are copied while it is open (live: as a killed process leaves them) and
after it was closed. Then, at as many places as wanted, one byte of a file is changed,
a block of it becomes zeros, or its rest is cut off. What is opened afterwards must be
what was written, or the opening must say what is gone. A row of the table has

same: nothing had to be said, for what is read is what was written,
restored: what is read is what was written, and a warning says what was restored,
refused: an error says what is gone, or what to do,
silent: something else was read, and nobody was told: there must be none.

The journal that was restored is opened again: that must be silent, and the same. Two
files at once are damaged as well, and files are copied while a process writes.
"""

import argparse
import csv
import multiprocessing
import random
import shutil
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from skmal.annotation._events import (
    Answer,
    Asked,
    Parameters,
    Round,
    Skip,
    Start,
    Undo,
)
from skmal.annotation._journal import Journal
from skmal.annotation._reading import reading
from skmal.annotation._registered import Registered
from skmal.annotation._sources import Fingerprint

ENDS = {"journal": "", "wal": "-wal", "log": ".log"}
BLOCK = 512  # bytes that become zeros
N_ITEMS, N_ANSWERS = 60, 40
WORDS = "is full", "cannot", "damaged", "no skmal journal", "newer skmal", "are of one"


def begin(path: Path, n_items: int = N_ITEMS) -> Journal:
    """Return a new journal with items, parameters and questions."""
    journal = Journal(path)
    items = [
        Registered(i, i % 2, f"item-{i:04}", Fingerprint(f"{i:064x}", i, 10**18 + i))
        for i in range(2 * n_items)
    ]
    questions = [Asked(i + 1, 2 * i, list(range(1, 40, 2))) for i in range(n_items)]
    parameters = Parameters(None, 5, 9, "some-id", "0.1", 0, {"batch_size": 5})
    journal.append(Start(parameters), items=items)
    journal.append(Round(questions, 2, 0, None, [], "0" * 64))
    return journal


def answer(journal: Journal, i: int) -> None:
    """Write down what one of two people says; every tenth is taken back."""
    by = "ada" if i % 3 else "bob"
    if i % 7 == 6:
        journal.append(Skip(by, i + 1, 2 * i, 1.5))
        return
    (event,) = journal.append(Answer(by, i + 1, 2 * i, 2 * i + 1, 2.0 + i))
    if i % 10 == 9:
        journal.append(Undo(by, event.number))


def content(journal: Journal) -> tuple:
    """Return all that is read."""
    return journal.events(), journal.items(0), journal.items(1)


def opened(path: Path, read_only: bool = False) -> tuple[str, tuple | None]:
    """Open what is left; return what is said, and what is read."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            if read_only:
                with reading(path) as journal:
                    read = content(journal)
            else:
                with closing(Journal(path)) as journal:
                    read = content(journal)
        except (ValueError, OSError) as error:
            is_clear = type(error) is not ValueError or any(
                words in str(error) for words in WORDS
            )
            if not is_clear:
                raise
            return f"refused: {error}", None
    return "; ".join(str(one.message) for one in told), read


def outcome(path: Path, written: tuple) -> str:
    """Open it twice; say what came of it."""
    only_read = opened(path, read_only=True)
    said, read = opened(path)
    if only_read[1] != read:
        return "silent"  # `skmal export` and a session must agree
    if read is None:
        return "refused"
    if read != written:
        return "silent"
    again = opened(path)
    if again[1] != written or again[0]:
        return "silent"
    return "restored" if said else "same"


def flip(data: bytearray, at: int, rng: random.Random) -> bytearray:
    """Change a byte."""
    data[at] ^= rng.randint(1, 255)
    return data


def zero(data: bytearray, at: int, _: random.Random) -> bytearray:
    """Make a block zeros."""
    end = min(len(data), at + BLOCK)
    data[at:end] = bytes(end - at)
    return data


def cut(data: bytearray, at: int, _: random.Random) -> bytearray:
    """Cut the rest off."""
    return data[:at]


DAMAGES: dict[str, Callable] = {"flip": flip, "zeros": zero, "cut": cut}


def damaged(path: Path, file: str, how: str, share: float, rng: random.Random) -> None:
    """Damage a file at a share of its length."""
    target = Path(f"{path}{ENDS[file]}")
    data = bytearray(target.read_bytes())
    target.write_bytes(DAMAGES[how](data, int(share * len(data)), rng))


def write(folder: Path) -> dict[str, tuple[Path, tuple]]:
    """Write a session; return a live and a closed copy, and what is in it."""
    path = folder / "s.skmal"
    copies = {state: folder / state / "s.skmal" for state in ("live", "closed")}
    for copy in copies.values():
        copy.parent.mkdir()
    journal = begin(path)
    for i in range(N_ANSWERS):
        answer(journal, i)
    written = content(journal)
    copy_files(path, copies["live"])
    journal.close()
    copy_files(path, copies["closed"])
    return {state: (copy, written) for state, copy in copies.items()}


def copy_files(path: Path, copy: Path, files: tuple[str, ...] = tuple(ENDS)) -> None:
    """Copy what is there, one after the other."""
    for file in files:
        source = Path(f"{path}{ENDS[file]}")
        if source.exists():
            shutil.copyfile(source, f"{copy}{ENDS[file]}")


def keep_writing(path: Path, n_told) -> None:
    """Write answers until the end, and tell how many are on disk."""
    journal = begin(path)
    for i in range(1_000_000):
        answer(journal, i % N_ITEMS)
        n_told.value = journal._n
        time.sleep(0.002)  # or the journal grows faster than it can be looked at


def copied_while_written(folder: Path, n: int, rng: random.Random) -> Counter:
    """Copy files while a process writes, kill it now and then, and open the copies."""
    found, child, n_told = Counter(), None, multiprocessing.Value("i", 0)
    for i in range(n):
        if child is None or rng.random() < 0.1:
            if child is not None:
                child.kill()
                child.join()
            path = folder / f"{i}.skmal"
            n_told.value = 0
            child = multiprocessing.Process(target=keep_writing, args=(path, n_told))
            child.start()
            while not n_told.value:
                time.sleep(0.01)
        time.sleep(rng.random() * 0.05)
        told, copy = n_told.value, folder / f"copy-{i}.skmal"
        files = list(ENDS)
        rng.shuffle(files)
        copy_files(path, copy, tuple(files))
        said, read = opened(copy)
        if read is None:
            found["refused"] += 1
        elif read[0][-1].number < told:
            found["silent"] += 1
        else:
            found["restored" if said else "same"] += 1
        for file in folder.glob("copy-*"):
            file.unlink()
    child.kill()
    child.join()
    return found


def main() -> None:
    """Damage files at many places, and write one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--places", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    rows = []

    def note(state, file, how, found):
        row = {"state": state, "file": file, "damage": how, "n": sum(found.values())}
        row |= {name: found[name] for name in ("same", "restored", "refused", "silent")}
        rows.append(row)
        print(*row.values(), sep="\t", flush=True)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written = write(folder)
        work = folder / "work" / "s.skmal"
        cases = [
            (state, (file,), how)
            for state in written
            for file in ENDS
            for how in DAMAGES
            if (state, file) != ("closed", "wal")
        ]
        cases += [(state, ("journal", "log"), "flip") for state in written]
        for state, files, how in cases:
            source, expected = written[state]
            found = Counter()
            for i in range(options.places):
                shutil.rmtree(work.parent, ignore_errors=True)
                work.parent.mkdir()
                copy_files(source, work)
                for file in files:
                    share = (i + rng.random()) / options.places
                    if len(files) > 1:
                        share = rng.random()
                    damaged(work, file, how, share, rng)
                found[outcome(work, expected)] += 1
            note(state, " and ".join(files), how, found)
        found = copied_while_written(folder, options.places, rng)
        note("running", "all", "copied", found)
    if options.out:
        with open(options.out, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    if any(row["silent"] for row in rows):
        raise SystemExit("something was lost without a word")


if __name__ == "__main__":
    main()
