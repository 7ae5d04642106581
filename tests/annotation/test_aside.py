"""Items that cannot be used: found at the start or later, left out, never fatal."""

import csv
import shutil
import zlib

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from bad_images import bad_files, encoded, picture
from helpers import MICRO_CLIP, make_pairs
from pictures import chunk
from scipy.sparse import csr_matrix
from sessions import X, Y, answer_some, learner, open_keyed, truth

from skmal import AnnotationSession, CLIPEncoder, SetAside
from skmal.items._png import SIGNATURE

GOOD = 14


def make_folder(folder, bad):
    """Write good images and bad ones; return the folder and a text for each image."""
    images = folder / "images"
    images.mkdir()
    for i in range(GOOD):
        picture(i, side=16).save(images / f"good{i:02}.png")
    for name, content in bad.items():
        (images / name).write_bytes(content)
    return images, [f"picture number {i}" for i in range(GOOD + len(bad))]


def clip(**params):
    """Return a learner of images and texts that trains in a moment."""
    encoder = CLIPEncoder(MICRO_CLIP, max_epochs=1, device="cpu", **params)
    return learner(estimator=encoder, batch_size=4)


def read_rows(path):
    """Return the rows of a CSV file."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def answer_all(session):
    """Answer until there is nothing left; return the keys that people have seen."""
    seen = set()
    for question in session:
        seen |= {question.item.key, *(item.key for item in question.candidates)}
        session.answer(question, question.candidates[0])
    return seen


def test_ten_kinds_of_bad_images_are_named_and_left_out(tmp_path):
    bad = bad_files()
    images, texts = make_folder(tmp_path, bad)
    with pytest.warns(UserWarning, match="10 items of X cannot be used") as told:
        session = AnnotationSession(tmp_path / "s", images, texts, clip())
    (message,) = {str(w.message) for w in told}
    assert all(name in message for name in bad)
    with session:
        assert {one.key for one in session.items.set_aside} == {*bad}
        assert {one.modality for one in session.items.set_aside} == {0}
        assert session.progress.n_set_aside == 10
        assert session.progress.n_open == (GOOD, GOOD + 10)
        assert not {item.key for item in session.items.search("", 0, limit=99)} & {*bad}
        seen = answer_all(session)
        assert not seen & {*bad}
        assert session.progress.n_pairs == GOOD
        session.learner.estimator_.save(tmp_path / "encoder")
        item = session.items.get(0, "cut.jpg")
        assert item.value == images / "cut.jpg"  # not another one in its place
    rows = read_rows(tmp_path / "s.set-aside.csv")
    assert {row["key"] for row in rows} == {*bad}
    assert {row["pool"] for row in rows} == {"X"}
    assert all(row["reason"] for row in rows)


def test_all_are_listed_where_a_message_names_ten(tmp_path):
    bad = {f"{i}-{name}": file for i in range(3) for name, file in bad_files(i).items()}
    images, texts = make_folder(tmp_path, bad)
    with pytest.warns(UserWarning, match="30 items of X") as told:
        AnnotationSession(tmp_path / "s", images, texts, clip()).close()
    assert "- and 20 more" in str(told[0].message)
    assert "s.set-aside.csv" in str(told[0].message)
    listed = (tmp_path / "s.set-aside.csv").read_text(encoding="utf-8")
    assert all(name in listed for name in bad)


def test_who_wants_an_error_gets_it_before_anything_is_written(tmp_path):
    images, texts = make_folder(tmp_path, {"cut.jpg": bad_files()["cut.jpg"]})
    with pytest.raises(ValueError, match=r"1 item of X cannot be used\n- cut.jpg: "):
        AnnotationSession(tmp_path / "s", images, texts, clip(), on_error="raise")
    with pytest.raises(ValueError, match="on_error must be one of"):
        AnnotationSession(tmp_path / "s", images, texts, clip(), on_error="ignore")
    only = tmp_path / "only"
    only.mkdir()
    (only / "cut.jpg").write_bytes(bad_files()["cut.jpg"])
    with pytest.raises(ValueError, match="There are no others"):
        AnnotationSession(tmp_path / "s", only, texts, clip())
    assert not list(tmp_path.glob("s*"))


@pytest.mark.parametrize("training", ["wait", "background"])
def test_images_that_go_bad_later_are_set_aside_and_the_round_goes_on(
    tmp_path, training
):
    images, texts = make_folder(tmp_path, {})
    with AnnotationSession(
        tmp_path / "s", images, texts, clip(), training=training
    ) as session:
        answered = []
        for _ in range(3):
            question = session.next_question()
            session.answer(question, question.candidates[0])
            answered.append(session.pairs()[-1][0].key)
        # One with an answer and two without vanish or are cut.
        left = [item.key for item in session.items.search("", 0, limit=99)]
        question = session.next_question()
        if question.modality == 0:
            left.remove(question.item.key)
        gone, cut = left[:2]
        (images / gone).unlink()
        (images / cut).write_bytes((images / cut).read_bytes()[:60])
        (images / answered[0]).unlink()
        session.answer(question, question.candidates[-1])
        if training == "wait":
            with pytest.warns(UserWarning, match="3 items of X cannot be used"):
                session.train()
        else:
            session.wait()
            session.train()
            assert session.progress.training_error is None
        assert {one.key for one in session.items.set_aside} == {gone, cut, answered[0]}
        assert len(session.learner.X_training) == 3
        seen = answer_all(session)
        assert not seen & {gone, cut}
        assert session.progress.n_answers == GOOD - 2
        session.export(tmp_path / "out.csv")
    assert answered[0] in {row["X"] for row in read_rows(tmp_path / "out.csv")}
    # Opened again: nothing is asked back, and what is there is learned from.
    with pytest.warns(UserWarning, match="1 answers that rest on them stay|cannot be"):
        session = AnnotationSession(tmp_path / "s", images, texts, clip())
    with session:
        assert session.progress.n_answers == GOOD - 2


def test_an_image_that_comes_back_is_as_it_was(tmp_path):
    images, texts = make_folder(tmp_path, {})
    params = {"batch_size": 4, "features": make_pairs(GOOD)}
    with AnnotationSession(
        tmp_path / "s", images, texts, learner(batch_size=4), **params
    ) as session:
        question = session.next_question()
        session.answer(question, question.candidates[0])
        (image, _) = session.pairs()[0]
    content = image.value.read_bytes()
    image.value.write_bytes(content[:50])
    with pytest.warns(UserWarning, match="1 item of X cannot be used"):
        session = AnnotationSession(
            tmp_path / "s", images, texts, learner(batch_size=4), **params
        )
    with session:
        assert session.progress.n_pairs == 1
    image.value.write_bytes(content)
    with AnnotationSession(
        tmp_path / "s", images, texts, learner(batch_size=4), **params
    ) as session:
        assert session.progress.n_pairs == 1
        assert session.items.set_aside == []
    assert not (tmp_path / "s.set-aside.csv").exists()


def test_the_answer_none_about_a_bad_image_does_not_end_the_learning(tmp_path):
    images, texts = make_folder(tmp_path, {})
    with AnnotationSession(tmp_path / "s", images, texts, clip()) as session:
        question = next(q for q in session if q.modality == 0 or session.skip(q))
        (images / question.item.key).write_bytes(b"no image any more")
        session.answer(question, None)  # it was asked about, and is paid for
        for _ in range(2):  # the rest of the batch
            following = session.next_question()
            session.answer(following, following.candidates[0])
        with pytest.warns(UserWarning, match="set aside from now on: 1 item of X"):
            session.train()
        assert session.progress.n_none == 1
        assert len(session.learner.X_training) == session.progress.n_pairs == 2


def test_looking_at_an_image_sets_it_aside(tmp_path):
    images, texts = make_folder(tmp_path, {})
    with AnnotationSession(tmp_path / "s", images, texts, clip()) as session:
        held = session.next_question()
        key = held.item.key if held.modality == 0 else held.candidates[0].key
        assert session.items.look_at(0, key) is None
        (images / key).unlink()
        assert "no such file" in session.items.look_at(0, key)
        assert session.items.set_aside == [
            SetAside(0, key, session.items.look_at(0, key))
        ]
        again = session.next_question()  # the one that was held is about it, or not
        shown = {again.item.key, *(item.key for item in again.candidates)}
        assert key not in shown
        session.answer(held, None)  # who had seen it may still say what it is


def test_rows_with_nan_are_set_aside(tmp_path):
    x, y = X.copy(), Y.copy()
    x[3, 1], y[7, 0] = np.nan, np.inf
    with pytest.warns(UserWarning, match=r"1 item of X [\s\S]*1 item of y"):
        session = AnnotationSession(tmp_path / "s", x, y, learner())
    with session:
        assert [one.reason for one in session.items.set_aside] == 2 * [
            "it holds NaN or infinity"
        ]
        session.run(
            lambda question: (
                question.item.row if question.item.row not in (3, 7) else None
            )
        )
        assert session.progress.n_pairs == 38
    with pytest.raises(ValueError, match="NaN"):
        AnnotationSession(tmp_path / "t", x, y, learner(), on_error="raise")
    keyed = tmp_path / "keyed"
    keyed.mkdir()
    with pytest.warns(UserWarning, match="1 item of X"):
        session = open_keyed(keyed, features=(x, Y))
    with session:
        assert session.items.set_aside == [
            SetAside(0, "x3", "it holds NaN or infinity")
        ]
        session.run(lambda q: None if truth(q)[1:] == "3" else truth(q))
        assert session.progress.n_pairs == 39
    with pytest.raises(ValueError, match="NaN"):
        open_keyed(keyed, features=(x, Y), on_error="raise")


def test_empty_texts_are_set_aside_and_half_characters_refused(tmp_path):
    texts = [f"text {i}" for i in range(38)] + ["", " \n"]
    params = {"features": (X, Y)}
    with pytest.warns(UserWarning, match="2 items of y cannot be used"):
        session = AnnotationSession(tmp_path / "s", X, texts, learner(), **params)
    with session:
        assert {one.reason for one in session.items.set_aside} == {"the text is empty"}
    texts[5] = "smile \ud83d"
    with pytest.raises(ValueError, match=r"y\[5\] holds '\\ud83d' at 6, half a char"):
        AnnotationSession(tmp_path / "t", X, texts, learner(), **params)
    assert not (tmp_path / "t").exists()


def test_a_file_that_was_never_readable_is_no_changed_one_later(tmp_path):
    images, texts = make_folder(tmp_path, {})
    paths = [*sorted(images.iterdir()), images / "late.png"]
    params = {"features": make_pairs(GOOD + 1), "learner": learner(batch_size=4)}
    texts = [*texts, "the late one"]
    with pytest.warns(UserWarning, match="1 item of X cannot be used"):
        AnnotationSession(tmp_path / "s", paths, texts, **params).close()
    shutil.copy(paths[0], paths[-1])
    with AnnotationSession(tmp_path / "s", paths, texts, **params) as session:
        assert session.progress.n_open == (GOOD + 1, GOOD + 1)


def jpeg_that_only_looks_whole():
    """Return a JPEG whose scan names tables that the file does not define."""
    content = bytearray(encoded(picture(99)))
    content[content.index(b"\xff\xda") + 6] = 0x33
    return bytes(content)


@pytest.mark.parametrize("training", ["wait", "background"])
@pytest.mark.filterwarnings("ignore:set aside from now on")
def test_an_image_that_only_looks_whole_is_set_aside_once_it_fails(tmp_path, training):
    images, texts = make_folder(tmp_path, {"odd.jpg": jpeg_that_only_looks_whole()})
    params = {"training": training}
    for _ in range(2):  # and when it is opened again
        with AnnotationSession(
            tmp_path / "s", images, texts, clip(), **params
        ) as session:
            for _ in range(5):
                question = session.next_question()
                session.answer(question, question.candidates[0])
            session.wait()
            session.train()
            assert session.progress.training_error is None
            assert [one.key for one in session.items.set_aside] == ["odd.jpg"]


def test_an_image_that_cannot_be_decoded_costs_no_answer_where_features_are_learned(
    tmp_path,
):
    """Neither kind of file is decoded on opening, and no encoder reads them."""
    head = (9).to_bytes(4) * 2 + bytes([8, 2, 0, 0, 0])
    short = zlib.compress(bytes(9))  # too few pixels, by right checksums
    parts = chunk(b"IHDR", head), chunk(b"IDAT", short), chunk(b"IEND", b"")
    bad = {"odd.jpg": jpeg_that_only_looks_whole(), "odd.png": SIGNATURE}
    bad["odd.png"] += b"".join(parts)
    images, texts = make_folder(tmp_path, bad)
    features = make_pairs(GOOD + 2)
    with AnnotationSession(
        tmp_path / "s", images, texts, learner(batch_size=4), features=features
    ) as session:
        assert session.items.set_aside == []
        with pytest.warns(UserWarning, match="set aside from now on"):
            seen = answer_all(session)
        assert not seen & set(bad)
        assert {one.key for one in session.items.set_aside} == set(bad)


def test_images_that_go_bad_are_not_shown_where_features_are_learned_from(tmp_path):
    images, texts = make_folder(tmp_path, {})
    params = {"batch_size": 4, "features": make_pairs(GOOD)}
    with AnnotationSession(
        tmp_path / "s", images, texts, learner(batch_size=4), **params
    ) as session:
        first = session.next_question()
        gone = {f"good{i:02}.png" for i in (1, 5, 6, 11)} - {first.item.key}
        for key in gone:
            (images / key).unlink()
        session.answer(first, first.candidates[-1])
        with pytest.warns(UserWarning, match="set aside from now on"):
            seen = answer_all(session)
        assert not seen & gone
        assert {one.key for one in session.items.set_aside} <= gone


def test_tasks_for_label_studio_leave_out_what_has_gone_bad(tmp_path):
    images, texts = make_folder(tmp_path, {})
    params = {"batch_size": 6, "features": make_pairs(GOOD)}
    with AnnotationSession(
        tmp_path / "s", images, texts, learner(batch_size=6), **params
    ) as session:
        question = session.next_question()
        key = (question.item if question.modality == 0 else question.candidates[0]).key
        (images / key).write_bytes(b"")
        with pytest.warns(UserWarning, match="the file is empty"):
            (tasks, _) = session.label_studio.export_tasks(tmp_path / "out")
        assert key not in tasks.read_text(encoding="utf-8")


def test_images_to_score_on_are_looked_at_as_well(tmp_path):
    images, texts = make_folder(tmp_path, {})
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    paths = sorted(images.iterdir())[:3]
    validation = [*paths, bad], ["a", "b", "c", "d"]
    with pytest.warns(UserWarning, match="not scored on: 1 item of validation_data"):
        session = AnnotationSession(
            tmp_path / "s", images, texts, clip(), validation_data=validation
        )
    with session:
        for _ in range(5):
            question = session.next_question()
            session.answer(question, question.candidates[0])
        assert len(session.progress.validation) == 1
    with pytest.raises(ValueError, match="- row 3: it is damaged"):
        AnnotationSession(
            *(tmp_path / "t", images, texts, clip()),
            validation_data=validation,
            on_error="raise",
        )


def test_missing_values_are_set_aside_among_texts_and_paths(tmp_path):
    images, texts = make_folder(tmp_path, {})
    paths = [*sorted(images.iterdir()), None]
    texts = pd.Series([*texts[:3], None, *texts[3:]], dtype="string")
    with pytest.warns(UserWarning, match=r"1 item of X [\s\S]*1 item of y"):
        session = AnnotationSession(tmp_path / "s", paths, texts, clip())
    with session:
        assert [one.reason for one in session.items.set_aside] == 2 * [
            "there is no value"
        ]
        assert session.progress.n_open == (GOOD, GOOD)
        assert {item.value for item in session.items.search("", 1, 99)} == {
            *texts.dropna()
        }
    with pytest.raises(ValueError, match="no value in row 14"):
        AnnotationSession(tmp_path / "t", paths, texts, clip(), on_error="raise")


def test_an_answer_that_could_not_be_asked_again_is_not_taken_back(tmp_path):
    images, texts = make_folder(tmp_path, {})
    with AnnotationSession(tmp_path / "s", images, texts, clip()) as session:
        while (question := session.next_question()).modality == 1:
            session.skip(question)
        session.answer(question, question.candidates[0])
        (images / question.item.key).unlink()
        assert session.items.look_at(0, question.item.key) is not None
        with pytest.raises(ValueError, match="is set aside .* it stays"):
            session.undo()
        assert session.progress.n_answers == 1


def test_an_export_never_takes_the_place_of_the_journal(tmp_path):
    with open_keyed(tmp_path) as session:
        question = session.next_question()
        session.answer(question, truth(question))
        for path in (session.path, tmp_path / "." / "s.skmal-wal"):
            with pytest.raises(ValueError, match="is the session's journal"):
                session.export(path)
        with pytest.raises(IsADirectoryError, match="name a file in it"):
            session.export(tmp_path)
    with open_keyed(tmp_path) as session:
        assert session.progress.n_answers == 1


@pytest.mark.parametrize(
    "container",
    [
        np.asarray,
        np.ndarray.tolist,
        list,
        lambda rows: rows.astype(object),
        csr_matrix,
        pd.DataFrame,
        lambda rows: pd.DataFrame(rows).convert_dtypes(),
        pl.DataFrame,
        torch.tensor,
    ],
    ids=[
        "array",
        "lists",
        "arrays",
        "objects",
        "csr",
        "frame",
        "NA",
        "polars",
        "torch",
    ],
)
def test_rows_with_nan_are_set_aside_in_any_container(tmp_path, container):
    rows = X.copy()
    rows[3, 1] = np.nan
    validation = make_pairs(6, seed=3)
    validation[0][2, 0] = np.nan
    with pytest.warns(UserWarning, match="1 item of (X|validation)") as told:
        session = open_keyed(
            tmp_path,
            features=(container(rows), Y),
            validation_data=(container(validation[0]), validation[1]),
        )
    assert len(told) == 2
    with session:
        assert session.items.set_aside == [
            SetAside(0, "x3", "it holds NaN or infinity")
        ]
        answers = answer_some(session, 10)
        assert len(answers) == 20
        assert session.progress.validation
