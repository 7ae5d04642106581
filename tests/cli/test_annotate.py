"""skmal annotate: what it needs, and what it leaves behind."""

from helpers import MICRO_CLIP

from skmal import CLIPEncoder
from skmal.cli import _annotate as annotate
from skmal.cli._main import main


def test_a_folder_missing_for_the_export_is_said_before_anybody_answers(
    tmp_path, capsys
):
    journal, export = tmp_path / "s.skmal", tmp_path / "gone" / "pairs.csv"
    options = ["--images", ".", "--texts", ".", "--session", str(journal)]
    assert main(["annotate", *options, "--export", str(export)]) == 1
    assert "--export: there is no folder" in capsys.readouterr().err
    assert not journal.exists()


def test_the_command_ends_in_pairs_and_a_saved_encoder(tmp_path, capsys, monkeypatch):
    def micro(model, pretrained):
        assert (model, pretrained) == ("tiny", None)
        return CLIPEncoder(MICRO_CLIP, max_epochs=1)

    monkeypatch.setattr(annotate, "CLIPEncoder", micro)
    assert main(["demo", "--write", str(tmp_path), "--size", "12"]) == 0
    command = (
        f"annotate --images {tmp_path}/images --texts {tmp_path}/texts.txt "
        f"--session {tmp_path}/s.skmal --by Ann --budget 3 --batch-size 2 "
        f"--export {tmp_path}/pairs.csv --save {tmp_path}/encoder"
    ).split()

    def people(session, *, by, **_):
        session.run(lambda question: question.candidates[0], by=by)

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
    assert encoder.transform([tmp_path / "images/0021.png"]).shape == (1, 16)
