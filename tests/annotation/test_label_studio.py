"""Tasks for Label Studio, and what comes back from it."""

import base64
import json
from io import BytesIO
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from helpers import make_pairs
from PIL import Image

from skmal import AnnotationSession, PairedActiveLearner, RandomSampling
from skmal.annotation import _label_studio_tasks
from skmal.datasets import load_glyphs
from skmal.items._pictures import UnreadableImage

RECORDED = Path(__file__).parent / "recorded"
N = 12
FEATURES = make_pairs(N)
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 6, 6), dtype=np.uint8)
# Keys that look like what Label Studio or we use ourselves.
CAPTIONS = {f"{i}": f'<b>"{i}" & number</b>' for i in range(N - 2)} | {
    "skmal:no-partner": "a strange key",
    "key:0": "another",
}
KEYS = list(CAPTIONS)


def open_session(folder, modality, **params):
    """Open a session on images and captions that asks about one modality."""
    images = dict(zip(KEYS, PIXELS, strict=True))
    learner = PairedActiveLearner(
        query_strategy=RandomSampling(modality), batch_size=6, random_state=0
    )
    return AnnotationSession(
        folder / "s.skmal", images, CAPTIONS, learner, features=FEATURES, **params
    )


def export(session, folder, modality):
    """Return tasks, and the configuration as XML."""
    name = "Xy"[modality]
    paths = session.label_studio.export_tasks(folder)
    assert [path.name for path in paths] == [f"tasks-{name}.json", f"config-{name}.xml"]
    return json.loads(paths[0].read_text()), ElementTree.parse(paths[1]).getroot()


numbers = count(1)


def annotated(task, alias, **fields):
    """Return a task as Label Studio exports it, with one more annotation."""
    choices = [{"type": "choices", "from_name": "partner", "to_name": "item"}]
    choices[0] |= {"id": "x", "origin": "manual", "value": {"choices": [alias]}}
    minutes, seconds = divmod(next(numbers), 60)
    when = f"2026-11-24T10:{minutes:02}:{seconds:02}.000000Z"
    annotation = {
        "id": 1,
        "completed_by": {"id": 7, "email": "ada@example.org"},
        "result": choices,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": when,
        "updated_at": when,
        "lead_time": 4.288,
    }
    before = task.get("annotations", [])
    return {"id": 31, **task, "annotations": [*before, annotation | fields]}


def write(folder, tasks):
    path = folder / "export.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


@pytest.mark.parametrize("modality", [0, 1])
def test_ids_survive_the_round_trip_in_either_direction(tmp_path, modality):
    with open_session(tmp_path, modality) as session:
        tasks, config = export(session, tmp_path / "out", modality)
        assert len(tasks) == 6
        assert not any("predictions" in task for task in tasks)  # nothing is ticked
        names = [node.get("value") for node in config.iter() if node.get("name")]
        assert {name[1:] for name in names} <= set(tasks[0]["data"])
        assert len(names) == (2 if modality == 0 else 11)
        choices = tasks[0]["data"]["choices"]
        hotkeys = [choice.get("hotkey") for choice in choices]
        assert hotkeys == [*map(str, range(1, 10)), "0", None]
        for i, choice in enumerate(choices[:9], start=1):  # as they are numbered there
            assert choice["value"].startswith(
                f"{i}. " if modality == 0 else f"image {i}"
            )
        exported = []
        for task in reversed(tasks):  # in any order, with numbers of Label Studio's own
            key = task["data"]["skmal_item"]
            aliases = [choice["alias"] for choice in task["data"]["choices"]]
            assert f"key:{key}" in aliases[:-2] or len(aliases) == 11
            alias = f"key:{key}" if f"key:{key}" in aliases else "skmal:not-among-these"
            exported.append(annotated(task, alias))
        path = write(tmp_path, exported)
        done = session.label_studio.import_answers(path)
        assert done.n_answers + done.n_skips == 6
        assert done.n_answers > 2
        assert done.conflicts == []
        assert all(x.key == y.key for x, y in session.pairs())
        again = session.label_studio.import_answers(path)
        assert (again.n_answers, again.n_skips, again.n_unchanged) == (0, 0, 6)
        event = session._book.ledger.lessons()[0]
        assert (event.by, event.seconds) == ("label-studio:ada@example.org", 4.288)


def test_images_go_into_the_tasks_or_stay_where_they_are_served(tmp_path):
    with open_session(tmp_path, 0) as session:
        (tasks, _) = export(session, tmp_path / "out", 0)
        assert tasks[0]["data"]["item"].startswith("data:image/png;base64,")
        values = [choice["value"] for choice in tasks[0]["data"]["choices"]]
        assert values[-2:] == ["none of these", "has no partner at all"]
        assert tasks[0]["data"]["choices"][-2]["hotkey"] == "0"
        (path, _) = session.label_studio.export_tasks(
            tmp_path / "served", image_url="/data/local-files/?d={key}", preselect=True
        )
        task = json.loads(path.read_text())[0]
        assert task["data"]["item"].startswith("/data/local-files/?d=")
        ticked = task["predictions"][0]["result"][0]["value"]["choices"]
        assert ticked == [task["data"]["choices"][0]["alias"]]


def pictures_in(tasks):
    """Return the pictures in the tasks' data."""
    for task in tasks:
        for name, value in task["data"].items():
            if name.startswith("candidate_"):
                head, content = value.split(";base64,")
                assert head in ("data:image/png", "data:image/jpeg", "data:image/gif")
                yield Image.open(BytesIO(base64.b64decode(content)))


def open_photographs(folder, modality=1):
    """Open a session on photographs, some of which lie on their side, and captions."""
    (folder / "images").mkdir()
    photograph = Image.fromarray(PIXELS[0]).resize((1600, 1200))
    turned = Image.Exif()
    turned[0x0112] = 6
    for i in range(N):
        name = f"{i:02}.{'tif' if i % 2 else 'jpg'}"
        photograph.save(folder / "images" / name, exif=turned)
    learner = PairedActiveLearner(
        query_strategy=RandomSampling(modality), batch_size=6, random_state=0
    )
    return AnnotationSession(
        folder / "s.skmal",
        folder / "images",
        CAPTIONS,
        learner,
        features=FEATURES,
        n_candidates=4,
    )


def test_photographs_go_into_the_tasks_as_the_page_shows_them(tmp_path, monkeypatch):
    made = []
    real = _label_studio_tasks.thumbnail
    monkeypatch.setattr(
        _label_studio_tasks, "thumbnail", lambda *args: made.append(args) or real(*args)
    )
    with open_photographs(tmp_path) as session:
        tasks, _ = export(session, tmp_path / "out", 1)
        sizes = {picture.size for picture in pictures_in(tasks[:1])}
        assert sizes == {(576, 768)}
        shown = [c["alias"] for task in tasks for c in task["data"]["choices"][:-2]]
        assert len(made) == len(set(shown)) < len(shown)  # each once
        (path, _) = session.label_studio.export_tasks(tmp_path / "small", image_size=80)
        tasks = json.loads(path.read_text())
        assert {picture.size for picture in pictures_in(tasks)} == {(60, 80)}
        with pytest.raises(ValueError, match="image_size must be an integer"):
            session.label_studio.export_tasks(tmp_path / "out", image_size=0)


def test_an_image_that_is_gone_is_left_out(tmp_path):
    with open_photographs(tmp_path) as session:
        tasks, _ = export(session, tmp_path / "out", 1)
        gone = tasks[0]["data"]["choices"][0]["alias"].removeprefix("key:")
        (tmp_path / "images" / gone).unlink()
        with pytest.warns(
            UserWarning, match=f"set aside .*\n- {gone}: there is no such"
        ):
            tasks, _ = export(session, tmp_path / "later", 1)
        shown = [c["alias"] for task in tasks for c in task["data"]["choices"]]
        assert f"key:{gone}" not in shown


def test_an_image_that_goes_meanwhile_is_named_before_anything_is_written(
    tmp_path, monkeypatch
):
    def thumbnail(image, side):
        raise UnreadableImage("the image cannot be read: there is no such file")

    monkeypatch.setattr(_label_studio_tasks, "thumbnail", thumbnail)
    with open_photographs(tmp_path) as session:
        with pytest.raises(ValueError, match=r"'\d\d\.\w\w\w' cannot go into a task"):
            session.label_studio.export_tasks(tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_skipped_doubled_and_empty_tasks_are_read(tmp_path):
    with open_session(tmp_path, 0) as session:
        tasks, _ = export(session, tmp_path / "out", 0)
        first, second, third, fourth, fifth, sixth = tasks
        choice = [[c["alias"] for c in task["data"]["choices"]] for task in tasks]
        shown = third["data"]["choices"][2]["value"]  # as without aliases
        free = next(a for a in choice[0] if a not in (choice[2][2], choice[0][-1]))
        exported = [
            annotated(annotated(first, choice[0][-1]), free),  # the later one counts
            annotated(second, "anything", was_cancelled=True),
            annotated(third, shown, completed_by=3),
            annotated(fourth, "anything", result=[]),
            annotated(  # one without a time was long ago
                annotated(fifth, "skmal:no-partner"),
                choice[4][0],
                updated_at=None,
                created_at=None,
            ),
            sixth,  # not reached
            annotated(sixth, choice[5][-2], completed_by=None),  # and doubled
        ]
        done = session.label_studio.import_answers(write(tmp_path, exported))
        assert done.conflicts == []
        assert (done.n_answers, done.n_skips, done.n_unanswered) == (3, 1, 2)
        assert [e.by for e in session._book.ledger.lessons()].count(
            "label-studio:3"
        ) == 1
        kinds = {e.question: e.partner for e in session._book.ledger.lessons()}
        assert kinds[fifth["data"]["skmal_question"]] == -1
        pairs = [y.key for _, y in session.pairs()]
        assert pairs == [free[4:], choice[2][2][4:]]


def test_several_partners_come_one_export_at_a_time(tmp_path):
    with open_session(tmp_path, 0, groups="X") as session:
        task = export(session, tmp_path / "out", 0)[0][0]
        item, key = task["data"]["skmal_item"], task["data"]["choices"][0]["alias"]
        assert task["data"]["choices"][-1]["value"] == "has no partner at all"
        path = write(tmp_path, [annotated(task, key)])
        assert session.label_studio.import_answers(path).n_answers == 1
        assert session.label_studio.import_answers(path).n_unchanged == 1
        tasks = export(session, tmp_path / "out", 0)[0]
        again = next(task for task in tasks if task["data"]["skmal_item"] == item)
        assert key not in {choice["alias"] for choice in again["data"]["choices"]}
        assert again["data"]["choices"][-1]["value"] == "has no other partner"
        path = write(tmp_path, [annotated(again, "skmal:no-partner")])
        assert session.label_studio.import_answers(path).n_answers == 1
        assert session.label_studio.import_answers(path).n_unchanged == 1
        assert (session.progress.n_pairs, session.progress.n_none) == (1, 0)


def test_exports_that_other_tools_have_written_again_are_read(tmp_path):
    with open_session(tmp_path, 0) as session:
        tasks = export(session, tmp_path / "out", 0)[0]
        alias = [task["data"]["choices"][0]["alias"] for task in tasks]
        sparse = annotated(tasks[0], alias[0])
        del sparse["data"]["choices"]
        empty = annotated(tasks[1], alias[1])
        empty["annotations"][0]["result"][0]["value"] = None
        empty["annotations"].append({"result": [{"from_name": "partner"}]})
        # Noon in Berlin comes before 11 o'clock in Greenwich.
        noon = annotated(tasks[2], alias[2], updated_at="2026-11-24T12:00:00+01:00")
        later = annotated(noon, "skmal:no-partner", updated_at="2026-11-24T11:30:00Z")
        path = write(tmp_path, [sparse, empty, later])
        path.write_text("\ufeff" + path.read_text(), encoding="utf-8")
        done = session.label_studio.import_answers(path)
        assert (done.n_answers, done.n_unanswered, done.conflicts) == (2, 1, [])
        assert session.progress.n_none == 1
        assert session.pairs()[0][1].key == alias[0][4:]


def test_what_contradicts_the_journal_is_told_and_not_taken(tmp_path):
    with open_session(tmp_path, 0) as session:
        first, second = export(session, tmp_path / "out", 0)[0][:2]
        alias = first["data"]["choices"][0]["alias"]
        other = first["data"]["choices"][1]["alias"]
        session.answer(first["data"]["skmal_question"], alias[4:])
        path = write(tmp_path, [annotated(first, other), annotated(second, alias)])
        second["data"]["choices"][0]["alias"] = alias
        done = (
            session.label_studio.import_answers(path)
            if alias
            in [c["alias"] for c in json.loads(path.read_text())[1]["data"]["choices"]]
            else session.label_studio.import_answers(
                write(tmp_path, [annotated(first, other), annotated(second, alias)])
            )
        )
        assert done.n_answers == 0
        assert "is closed" in done.conflicts[0]
        assert "belongs to" in done.conflicts[1]


def test_an_answer_takes_the_place_of_a_skip(tmp_path):
    with open_session(tmp_path, 0) as session:
        task = export(session, tmp_path / "out", 0)[0][0]
        none, partner = "skmal:not-among-these", task["data"]["choices"][0]["alias"]
        done = session.label_studio.import_answers(
            write(tmp_path, [annotated(task, none)])
        )
        assert (done.n_skips, done.n_answers) == (1, 0)
        path = write(tmp_path, [annotated(task, partner)])  # looked at once more
        assert session.label_studio.import_answers(path).n_answers == 1
        assert session.label_studio.import_answers(path).n_unchanged == 1
        assert (session.progress.n_skips, session.progress.n_pairs) == (0, 1)


def test_answers_for_another_copy_of_the_journal_are_not_taken(tmp_path):
    with open_session(tmp_path, 0) as session:
        first, second = export(session, tmp_path / "out", 0)[0][:2]
        alias = first["data"]["choices"][0]["alias"]
        first["data"]["skmal_item"] = second["data"]["skmal_item"]
        done = session.label_studio.import_answers(
            write(tmp_path, [annotated(first, alias)])
        )
        assert done.n_answers == session.progress.n_answers == 0
        assert "another copy of this journal" in done.conflicts[0]


def test_other_files_are_refused_before_anything_changes(tmp_path):
    with open_session(tmp_path, 0, budget=6) as session:
        tasks, _ = export(session, tmp_path / "out", 0)
        good = annotated(tasks[0], "skmal:no-partner")
        foreign = json.loads(json.dumps(good))
        foreign["data"]["skmal_journal"] = "other"
        for content, message in [
            ([good, foreign], "it is not of this session"),
            (
                [good, annotated(tasks[1], "key:who")],
                "is not one of the task's choices",
            ),
            (
                [annotated(tasks[0], "skmal:no-partner", updated_at="noon")],
                "at 'noon', which is",
            ),
            ([{"data": good["data"] | {"skmal_question": None}}], "is None, no number"),
            ([{"item": "x", "partner": "y"}], "choose JSON, not JSON-MIN"),
        ]:
            with pytest.raises(ValueError, match=message):
                session.label_studio.import_answers(write(tmp_path, content))
        (tmp_path / "export.json").write_text("id,choice\n")
        with pytest.raises(ValueError, match="is no JSON"):
            session.label_studio.import_answers(tmp_path / "export.json")
        assert session.progress.n_answers == 0
        session.run(lambda question: None)
        with pytest.raises(ValueError, match="no questions left"):
            session.label_studio.export_tasks(tmp_path / "out")


def test_no_more_tasks_are_written_than_are_paid_for(tmp_path):
    with open_session(tmp_path, 0) as session:
        n_open = len(export(session, tmp_path / "out", 0)[0])
        session.change_budget(n_open - 1)
        assert len(export(session, tmp_path / "out", 0)[0]) == n_open - 1 > 0
        for _ in range(n_open - 1):
            session.answer(session.next_question(), None)
        with pytest.raises(ValueError, match="or no budget"):
            session.label_studio.export_tasks(tmp_path / "out")


@pytest.mark.parametrize("modality", [0, 1])
def test_what_a_real_label_studio_exported_comes_back(tmp_path, modality):
    # Made by benchmarks/label_studio.py --record, of the same items and questions.
    images, names = load_glyphs(return_X_y=True)
    learner = PairedActiveLearner(
        query_strategy=RandomSampling(modality), batch_size=4, random_state=0
    )
    with AnnotationSession(
        tmp_path / "s.skmal",
        images[:100],
        list(names[:100]),
        learner,
        features=make_pairs(100),
    ) as session:
        tasks = json.loads(session.label_studio.export_tasks(tmp_path)[0].read_text())
        recorded = json.loads(
            (RECORDED / f"label-studio-{'Xy'[modality]}.json").read_text()
        )
        for task, theirs in zip(tasks, recorded, strict=True):
            assert theirs["data"]["skmal_item"] == task["data"]["skmal_item"]
            theirs["data"]["skmal_journal"] = task["data"]["skmal_journal"]
        path = tmp_path / "export.json"
        path.write_text(json.dumps(recorded))
        done = session.label_studio.import_answers(path)
        assert (done.n_answers, done.n_unanswered, done.conflicts) == (1, 3, [])
        assert len(session.pairs()) == 1


def test_a_second_person_in_label_studio_is_heard_once(tmp_path):
    with open_session(tmp_path, 0, overlap=1.0) as session:
        tasks, _ = export(session, tmp_path / "out", 0)
        task = tasks[0]
        aliases = [choice["alias"] for choice in task["data"]["choices"]]
        asked = task["data"]["skmal_question"]
        session.answer(asked, None, by="ann")
        path = write(tmp_path, [annotated(task, aliases[0])])
        for n_new in (1, 0):
            done = session.label_studio.import_answers(path)
            assert (done.n_answers, done.conflicts) == (n_new, [])
        told = [(one.by, one.turn, one.counts) for one in session.review.replies()]
        assert told == [
            ("label-studio:ada@example.org", 2, False),
            ("ann", 1, True),
        ]
        bob = {"id": 8, "email": "bob@example.org"}
        path = write(
            tmp_path, [annotated(task, "skmal:not-among-these", completed_by=bob)]
        )
        for n_new in (1, 0):
            done = session.label_studio.import_answers(path)
            assert (done.n_skips, done.conflicts) == (n_new, [])
        assert session.progress.n_disputed == 1
        path = write(tmp_path, [annotated(task, aliases[1], completed_by=bob)])
        done = session.label_studio.import_answers(path)
        assert (done.n_answers, done.conflicts) == (1, [])
        assert session.progress.n_skips == 0


@pytest.mark.parametrize("overlap", [0.0, 1.0])
def test_people_of_one_export_are_all_heard_where_two_are_asked(tmp_path, overlap):
    with open_session(tmp_path, 0, overlap=overlap) as session:
        tasks, _ = export(session, tmp_path / "out", 0)
        first, second, third, fourth, *_ = tasks
        a, b, d = (
            [choice["alias"] for choice in task["data"]["choices"]]
            for task in (first, second, fourth)
        )
        bob = {"completed_by": {"id": 8, "email": "bob@example.org"}}
        doubt = annotated(first, a[1], **bob)
        doubt = annotated(annotated(doubt, a[2]), a[0])  # what ada told last
        passed = annotated(second, "skmal:not-among-these", **bob)
        other = next(one for one in b if one not in a[:2])
        passed = annotated(passed, other)
        later = annotated(third, "skmal:no-partner")
        later = annotated(later, "skmal:not-among-these", **bob)
        free = next(one for one in d if one not in (*a[:2], other))
        early = annotated(fourth, "skmal:no-partner")  # by ada, who was the second
        early = annotated(early, free, updated_at="2026-11-24T09:00:00Z", **bob)
        path = write(tmp_path, [doubt, passed, later, early])
        done = session.label_studio.import_answers(path)
        assert done.conflicts == []
        assert session.progress.n_none == (1 if overlap else 2)
        told = {
            (one.by.partition(":")[2][:3], one.partner)
            for one in session.review.replies()
        }
        if overlap:
            assert (done.n_answers, done.n_skips) == (6, 2)
            assert {("bob", a[1][4:]), ("ada", a[0][4:])} < told
            assert session.progress.n_disputed == 2
        else:
            assert (done.n_answers, done.n_skips) == (4, 0)
            assert {by for by, _ in told} == {"ada"}
        again = session.label_studio.import_answers(path)
        assert (again.n_answers, again.n_skips, again.conflicts) == (0, 0, [])


@pytest.mark.parametrize(("budget", "n_answers"), [(6, 6), (9, 9), (None, 12)])
def test_a_budget_pays_for_every_task_before_second_answers(
    tmp_path, budget, n_answers
):
    with open_session(tmp_path, 0, overlap=1.0, budget=budget) as session:
        tasks, _ = export(session, tmp_path / "out", 0)
        told = []
        for task in tasks:
            for n in range(3):
                choice = "skmal:not-among-these" if n == 2 else "skmal:no-partner"
                task = annotated(task, choice, completed_by=n)
            told.append(task)
        path = write(tmp_path, told)
        done = session.label_studio.import_answers(path)
        assert done.n_answers == session.progress.n_answers == n_answers
        assert session.progress.n_none == 6
        if budget is None:  # two agree, and who passes the question over is not needed
            assert (done.n_skips, done.n_unchanged, done.conflicts) == (0, 6, [])


@pytest.mark.parametrize(
    "broken",
    [
        {"result": {"value": "x"}},
        {"result": [None]},
        {"result": 3},
        {"result": [{"from_name": "partner", "value": ["x"]}]},
        *(
            {"result": [{"from_name": "partner", "value": {"choices": told}}]}
            for told in (7, "skmal:no-partner", {"skmal:no-partner": True})
        ),
    ],
)
def test_what_is_no_annotation_is_refused_before_anything_changes(tmp_path, broken):
    with open_session(tmp_path, 0) as session:
        first, second, *_ = export(session, tmp_path / "out", 0)[0]
        whole = annotated(first, first["data"]["choices"][0]["alias"])
        path = write(tmp_path, [whole, annotated(second, "x", **broken)])
        with pytest.raises(ValueError, match="is no annotation of Label Studio's"):
            session.label_studio.import_answers(path)
        assert session.progress.n_answers == 0


@pytest.mark.parametrize("told", [["x"], 7, {"a": 1}])
@pytest.mark.parametrize("name", ["annotations", "choices"])
def test_what_is_no_task_of_ours_is_refused_before_anything_changes(
    tmp_path, name, told
):
    with open_session(tmp_path, 0) as session:
        first, second, *_ = export(session, tmp_path / "out", 0)[0]
        whole = annotated(first, first["data"]["choices"][0]["alias"])
        second = annotated(second, second["data"]["choices"][0]["alias"])
        broken = second | {name: told}
        if name == "choices":
            broken = second | {"data": second["data"] | {name: told}}
        path = write(tmp_path, [whole, broken])
        with pytest.raises(ValueError, match=f"task .*: its {name} are .*, no list of"):
            session.label_studio.import_answers(path)
        data = second["data"]
        path = write(
            tmp_path, [whole, second | {"data": data | {"skmal_question": True}}]
        )
        with pytest.raises(ValueError, match="skmal_question is True, no number"):
            session.label_studio.import_answers(path)
        choices = [{"value": [1], "alias": "a"}, {"value": "b", "alias": [told]}]
        path = write(tmp_path, [whole, second | {"data": data | {"choices": choices}}])
        with pytest.raises(ValueError, match="is not one of the task's choices"):
            session.label_studio.import_answers(path)
        path.write_text("[" * 100_000)
        with pytest.raises(ValueError, match="is no JSON"):
            session.label_studio.import_answers(path)
        assert session.progress.n_answers == 0
