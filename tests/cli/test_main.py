"""The command line."""

import runpy
import sys

import pytest

from skmal import __version__
from skmal.cli import main


def test_a_folder_that_cannot_be_made_is_told_before_the_work(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["demo", "--out", str(tmp_path / "file")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "is or lies in a file; name a folder" in printed.err


def test_errors_are_one_line_without_a_traceback(tmp_path, capsys):
    command = f"compare --strategies margin --budget 99999 --out {tmp_path}"
    assert main(command.split()) == 1
    error = capsys.readouterr().err
    assert error == "skmal compare: budget=99999 is above the 4299 pairs of the pool\n"


def test_unknown_names_are_refused_with_the_choices(capsys):
    for wrong in (["--strategies", "best"], ["--encoder", "bert"]):
        with pytest.raises(SystemExit) as stop:
            main(["compare", "--strategies", "margin", *wrong])
        assert stop.value.code == 2
        assert "choose from" in capsys.readouterr().err


def test_python_m_skmal_answers(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["skmal", "--version"])
    with pytest.raises(SystemExit, match="^0$"):
        runpy.run_module("skmal", run_name="__main__")
    assert capsys.readouterr().out.strip() == __version__


def test_an_interrupt_while_a_command_starts_ends_it_without_a_traceback(
    monkeypatch, capsys, tmp_path
):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("skmal.cli._demo._write_folders", interrupt)
    assert main(["demo", "--write", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "skmal demo: stopped\n"
