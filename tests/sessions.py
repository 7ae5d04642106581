"""Sessions on forty keyed items, and people who know the answers."""

import json

import numpy as np
from helpers import make_pairs
from PIL import Image

from skmal import AnnotationSession, PairedActiveLearner
from skmal.annotation._chain import Entry, content_of, link
from skmal.annotation._log import Log, log_path
from skmal.annotation._stored import build

X, Y = make_pairs(40)
KEYED_X = {f"x{i}": x for i, x in enumerate(X)}
KEYED_Y = {f"y{i}": y for i, y in enumerate(Y)}


def learner(**params):
    """Return a learner that asks five questions at a time."""
    return PairedActiveLearner(**{"batch_size": 5, "random_state": 0} | params)


def open_keyed(folder, x_keys=None, y_keys=None, **params):
    """Open a session on keyed items, in any order."""
    x = {key: KEYED_X[key] for key in x_keys or KEYED_X}
    y = {key: KEYED_Y[key] for key in y_keys or KEYED_Y}
    params = {"learner": learner()} | params
    return AnnotationSession(folder / "s.skmal", x, y, **params)


def truth(question):
    """Return the partner's key."""
    return "yx"[question.modality] + question.item.key[1:]


def answer_some(session, n):
    """Answer n questions; return what was asked, as text."""
    asked = []
    for question in session:
        asked.append(repr((question.id, question.modality, question.item.key)))
        asked.append(repr([candidate.key for candidate in question.candidates]))
        session.answer(question, truth(question))
        if len(asked) == 2 * n:
            break
    return asked


def known(session):
    """Return the keys of the pairs."""
    return [(x.key, y.key) for x, y in session.pairs()]


def make_folders(folder):
    """Write 12 images and a text a line for each; return both, and images."""
    images = folder / "images"
    (images / "more").mkdir(parents=True)
    for i in range(12):
        pixels = np.random.default_rng(i).integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(images / ("more" if i % 2 else "") / f"{i:02}.png")
    texts = folder / "texts.txt"
    texts.write_text("".join(f"number {i}\n" for i in range(12)), encoding="utf-8")
    return images, texts


def rewrite(path, change):
    """Write a closed journal and its log anew, as if other rows had been written."""
    lines = Log(log_path(path)).read().lines
    entries, before = [], ""
    for _, line in sorted(lines.items()):
        content = content_of(change(json.loads(line.entry.content)))
        before = link(before, content)
        entries.append(Entry(content, before))
    build(path, entries)
    Log(log_path(path)).rewrite(entries)
