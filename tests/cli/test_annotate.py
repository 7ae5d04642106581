"""skmal annotate: what it needs, and what it leaves behind."""

import csv
import socket

import numpy as np
import pytest
from bad_images import bad_files, picture
from helpers import MICRO_CLIP
from sets import write_samples

from skmal import CLIPEncoder
from skmal.cli import _annotate as annotate
from skmal.cli._main import main
from skmal.datasets import load_pairs


def test_a_folder_missing_for_the_export_is_said_before_anybody_answers(
    tmp_path, capsys
):
    journal, export = tmp_path / "s.skmal", tmp_path / "gone" / "pairs.csv"
    options = ["--images", ".", "--texts", ".", "--session", str(journal)]
    assert main(["annotate", *options, "--export", str(export)]) == 1
    assert "--export: there is no folder" in capsys.readouterr().err
    export = tmp_path / "pairs.parquet"
    assert main(["annotate", *options, "--export", str(export)]) == 1
    assert "end it in .csv or .jsonl" in capsys.readouterr().err
    assert main(["annotate", *options, "--allow-host", "https://a.example"]) == 1
    assert "is no host name to allow" in capsys.readouterr().err
    assert not journal.exists()


def test_the_command_ends_in_pairs_and_a_saved_encoder(tmp_path, capsys, monkeypatch):
    def micro(model, pretrained):
        assert (model, pretrained) == ("tiny", "icons")
        return CLIPEncoder(MICRO_CLIP, max_epochs=1)

    monkeypatch.setattr(annotate, "CLIPEncoder", micro)
    assert main(["demo", "--write", str(tmp_path), "--size", "12"]) == 0
    command = (
        f"annotate --images {tmp_path}/images --texts {tmp_path}/texts.txt "
        f"--session {tmp_path}/s.skmal --port 0 --by Ann --budget 3 --batch-size 2 "
        f"--export {tmp_path}/pairs.csv --save {tmp_path}/encoder"
    ).split()

    def people(session, *, by, **_):
        session.run(lambda question: question.candidates[0], by=by)
        session.change_budget(4)  # so that there is something to choose again
        session.train()
        for modality in (0, 1):  # text to image, and to text
            found = session.items.search("plus sign", modality, 20, how="encoder")
            assert len(found) == session.progress.n_open[modality] > 0

    monkeypatch.setattr(annotate, "serve", lambda *_, **__: None)
    assert main(command) == 1
    assert "it takes 2 pairs, 0 are known" in capsys.readouterr().err
    monkeypatch.setattr(annotate, "serve", people)
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "12 images, 12 texts, 0 answers so far" in printed
    assert "3 answers, 3 pairs: all are in" in printed
    assert (tmp_path / "pairs.csv").read_text().count("Ann") == 3
    encoder = CLIPEncoder(f"local-dir:{tmp_path}/encoder")
    one = next((tmp_path / "images").iterdir())
    assert encoder.transform([one]).shape == (1, 16)


def test_features_are_learned_from_in_place_of_the_items(tmp_path, capsys, monkeypatch):
    assert main(["demo", "--write", str(tmp_path), "--size", "12"]) == 0
    rows = np.random.default_rng(0).normal(size=(12, 4))
    np.save(tmp_path / "X.npy", rows)
    np.save(tmp_path / "y.npy", rows)
    command = (
        f"annotate --images {tmp_path}/images --texts {tmp_path}/texts.txt --session "
        f"{tmp_path}/s.skmal --port 0 --budget 3 --batch-size 2 "
        f"--features {tmp_path}/X.npy {tmp_path}/y.npy"
    )

    def people(session, **_):
        session.run(lambda question: question.candidates[0], by="Ann")
        session.train()
        assert type(session.learner.estimator_).__name__ == "KernelCCA"

    monkeypatch.setattr(annotate, "serve", people)
    assert main([*command.split(), "--save", "encoder"]) == 1
    assert "--save does not go with --features" in capsys.readouterr().err
    assert main(command.split()) == 0
    assert "3 answers" in capsys.readouterr().out
    np.save(tmp_path / "X.npy", rows[:5])
    assert main(command.split()) == 1


def test_the_button_exports_and_says_what_is_next(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        annotate, "CLIPEncoder", lambda *_: CLIPEncoder(MICRO_CLIP, max_epochs=1)
    )
    assert main(["demo", "--write", str(tmp_path), "--size", "12"]) == 0
    export = tmp_path / "pairs.csv"
    said = []

    def press(session, *, finish, allow_hosts, **_):
        assert allow_hosts == ["a.example", "b.example"]
        question = session.next_question("Ann")
        session.answer(question, question.candidates[0], by="Ann")
        said.extend(finish())
        assert export.read_text().count("Ann") == 1

    monkeypatch.setattr(annotate, "serve", press)
    command = [
        *("annotate", "--images", f"{tmp_path}/images", "--export", f"{export}"),
        *("--texts", f"{tmp_path}/texts.txt", "--session", f"{tmp_path}/s.skmal"),
        *("--allow-host", "a.example", "--allow-host", "b.example"),
    ]
    assert main(command) == 0
    assert said[0].startswith("1 answer, 1 pair: all are in")
    assert f"Answers: {export}; skmal.datasets.load_pairs reads it." in said
    printed = capsys.readouterr().out
    assert all(line in printed for line in said)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Return a folder with images, good and bad, and how to run the command there."""
    images = tmp_path / "images"
    images.mkdir()
    for i in range(12):
        picture(i, side=16).save(images / f"{i:02}.png")
    for name, content in bad_files().items():
        (images / name).write_bytes(content)
    (images / "notes.pdf").write_bytes(b"%PDF")
    lines = ["Caption;Nr"] + [f'"picture; number {i}";{i}' for i in range(12)]
    (tmp_path / "texts.csv").write_text("\n".join(lines), encoding="utf-16")

    def people(session, *, by, **_):
        session.run(lambda question: question.candidates[0], by=by)

    monkeypatch.setattr(
        annotate, "CLIPEncoder", lambda *_: CLIPEncoder(MICRO_CLIP, max_epochs=1)
    )
    monkeypatch.setattr(annotate, "serve", people)

    def run(*more):
        return main(
            [
                *("annotate", "--images", f"{images}", "--session", f"{tmp_path}/s"),
                *("--texts", f"{tmp_path}/texts.csv", "--batch-size", "4"),
                *("--port", "0"),
                *("--text-column", "caption", "--id-column", "NR"),
                *more,
            ]
        )

    return tmp_path, run


def test_bad_images_are_named_at_the_start_and_the_rest_is_annotated(desk, capsys):
    folder, run = desk
    assert run("--budget", "9", "--save", f"{folder}/encoder") == 0
    printed = capsys.readouterr().out
    assert "Note: left out of the folder of --images: 1 .pdf" in printed
    assert "10 items of --images cannot be used" in printed
    before = printed.index("Choosing questions")
    assert all(0 < printed.index(f"- {name}: ") < before for name in bad_files())
    assert "9 answers, 9 pairs" in printed
    assert "after 10 answers with a partner; there are 9 so far" in printed
    assert "Set aside: 10 items; " in printed
    assert (folder / "encoder").is_dir()
    assert run("--budget", "9", "--export", f"{folder}/pairs.jsonl") == 0
    assert len(load_pairs(folder / "pairs.jsonl").X) == 9
    assert "cut.jpg" in (folder / "s.set-aside.csv").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "ViT-B32"], "--model: there is no model 'ViT-B32'; close names"),
        (
            ["--pretrained", "openai"],
            "--pretrained openai: name the model that these are",
        ),
        (
            ["--model", "ViT-B-32", "--pretrained", "opnai"],
            "'opnai' is no file",
        ),
        (["--batch-size", "0"], "--batch-size must be an integer of at least 1"),
        (["--text-column", "Texte"], "say which: --text-column NAME. In"),
        (["--images", "gone"], "there is no file or folder gone"),
        (["--port", "70000"], "--port must be from 0 to 65535"),
    ],
)
def test_a_failed_start_is_told_in_options_and_leaves_no_journal(
    desk, capsys, monkeypatch, options, message
):
    folder, run = desk
    monkeypatch.setattr(annotate, "CLIPEncoder", CLIPEncoder)
    assert run(*options) == 1
    assert message in capsys.readouterr().err
    left = {path.name for path in folder.iterdir()}
    assert left == {"images", "texts.csv"}


def test_a_port_that_is_taken_is_told_before_a_journal_is_made(desk, capsys):
    folder, run = desk
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert run("--port", port) == 1
    assert f"--port {port}: cannot listen there" in capsys.readouterr().err
    assert not (folder / "s").exists()


def test_the_same_answers_go_on_under_another_plan(desk, capsys):
    _, run = desk
    assert run("--budget", "6") == 0
    capsys.readouterr()
    assert run("--budget", "6", "--seed", "7") == 1
    told = capsys.readouterr().err
    assert "--seed is 7, but" in told
    assert "by the new plan: --replan" in told
    assert run("--budget", "9", "--seed", "7", "--replan") == 0
    told = capsys.readouterr().out
    assert "6 answers so far. Learning from them anew" in told
    assert "9 answers, 9 pairs" in told
    assert run("--budget", "9", "--seed", "7") == 0


def test_images_may_have_several_captions(desk, capsys):
    _, run = desk
    assert run("--budget", "6", "--groups", "images") == 0
    assert "6 answers, 6 pairs" in capsys.readouterr().out
    assert run("--groups", "texts") == 1
    assert "--groups texts was passed, but" in capsys.readouterr().err


def test_who_wants_an_error_gets_one(desk, capsys):
    folder, run = desk
    assert run("--on-error", "raise") == 1
    printed = capsys.readouterr()
    assert "10 items of --images cannot be used" in printed.err
    assert not (folder / "s").exists()


def test_images_come_from_a_table_too(desk, capsys):
    folder, run = desk
    rows = [f"images/{i:02}.png,{i}" for i in range(12)]
    table = folder / "images.csv"
    table.write_text("\n".join(["File,Nr", *rows]))
    more = "--images", f"{table}", "--image-column", "file", "--budget", "4"
    assert run(*more) == 0
    assert "12 images, 12 texts" in capsys.readouterr().out
    assert run("--images", f"{table}", "--image-column", "photo") == 1
    assert "'File'" in capsys.readouterr().err


def test_images_and_texts_in_tar_files(tmp_path, capsys, monkeypatch):
    write_samples(tmp_path / "shards" / "0.tar", range(6))
    encoder = CLIPEncoder(MICRO_CLIP, max_epochs=1)
    monkeypatch.setattr(annotate, "CLIPEncoder", lambda *_: encoder)

    def people(session, *, by, **_):
        session.run(lambda question: question.item.row, by=by)

    monkeypatch.setattr(annotate, "serve", people)
    shards = tmp_path / "shards"
    command = (
        f"annotate --images {shards} --texts {shards}/0.tar --port 0 --budget 3 "
        f"--session {tmp_path}/s.skmal --export {tmp_path}/pairs.csv"
    )
    assert main(command.split()) == 0
    assert "6 images, 6 texts, 0 answers so far" in capsys.readouterr().out
    with open(tmp_path / "pairs.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == [f"text {int(row['X'])}" for row in rows]
    assert {row["image"] for row in rows} == {""}  # which is no file of its own
    command = (
        f"export {tmp_path}/s.skmal {tmp_path}/again.csv --images {shards} --texts"
    )
    assert main([*command.split(), str(shards)]) == 0
    again = (tmp_path / "again.csv").read_text(encoding="utf-8")
    assert again == (tmp_path / "pairs.csv").read_text(encoding="utf-8")


def test_a_share_is_asked_of_two_and_may_be_changed(desk, capsys):
    folder, run = desk
    assert run("--budget", "3", "--overlap", "1", "--by", "Ann") == 0
    assert "people" not in capsys.readouterr().out
    assert run("--budget", "7", "--by", "Bob") == 0  # Ann's three, and another
    printed = capsys.readouterr().out
    assert "the same answer to 3 of 3 questions; by chance, to" in printed
    assert run("--overlap", "0", "--budget", "7") == 0
    assert run("--overlap", "2") == 1
    assert "--overlap must be a finite number in [0, 1]" in capsys.readouterr().err
    assert main(["export", "--answers", f"{folder}/s", f"{folder}/answers.csv"]) == 0
    assert "7 rows" in capsys.readouterr().out
    table = (folder / "answers.csv").read_text(encoding="utf-8").splitlines()
    assert sum('"second","True","False"' in line for line in table) == 3


def test_overlap_needs_items_with_one_partner(desk, capsys):
    folder, run = desk
    assert run("--groups", "both", "--overlap", "0.1") == 1
    told = capsys.readouterr().err
    assert "--overlap 0.1 was passed, but with --groups both" in told
    assert not (folder / "s").exists()
