"""Sound files as the items of a pool, and an encoder that reads them."""

import importlib
import os
import re
import sys
import wave
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from helpers import ROOT

from skmal import AnnotationSession, PairedActiveLearner
from skmal.annotation._sources import read_pool

PAGE = (ROOT / "docs" / "modalities.md").read_text(encoding="utf-8")


def write_tone(path, pitch):
    """Write a tenth of a second of a tone."""
    path.parent.mkdir(exist_ok=True)
    times = np.arange(800) / 8000
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes((9000 * np.sin(6.283 * pitch * times)).astype("<i2").tobytes())


@pytest.fixture
def folder(tmp_path):
    for i in range(12):
        write_tone(tmp_path / "sounds" / f"{i:02}.wav", 300 + 200 * i)
    (tmp_path / "texts.txt").write_text("\n".join(f"tone {i}" for i in range(12)))
    return tmp_path


def test_folders_and_paths_of_sound_files_are_sounds(folder):
    sounds = folder / "sounds"
    pool = read_pool(sounds, "X")
    assert (pool.kind, pool.keys[0], pool.left_out) == ("audio", "00.wav", "")
    paths = sorted(sounds.iterdir())
    for some in (paths, [str(path) for path in paths]):
        assert read_pool(some, "X").kind == "audio"
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read_pool(["a.ogg", "b.FLAC"], "X")
    captions = ["the sound of rain.wav", "what is an .ogg"]
    assert read_pool(captions, "X").kind == "text"
    with pytest.raises(ValueError, match="names of files and other strings"):
        read_pool([str(paths[0]), "rain"], "X")


def test_sounds_that_are_hidden_do_not_keep_texts_from_being_read(tmp_path):
    for name in ("a.txt", "b.txt", "._a.wav"):
        (tmp_path / name).write_text(name)
    assert read_pool(tmp_path, "y").keys == ["a.txt", "b.txt"]


def test_what_is_no_sound_is_set_aside(folder):
    (folder / "sounds" / "bad.wav").write_bytes(b"<htm")
    (folder / "sounds" / "empty.ogg").touch()
    pool = read_pool(folder / "sounds", "X", "skip")
    told = [pool.faults[pool.keys.index(key)] for key in ("bad.wav", "empty.ogg")]
    assert told == ["it is no .wav file: it begins with b'<htm'", "it is empty"]
    with pytest.raises(ValueError, match=r"bad\.wav"):
        read_pool(folder / "sounds", "X")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "pipe.wav")
    pool = read_pool([folder / "sounds" / "00.wav", folder / "pipe.wav"], "X", "skip")
    assert pool.faults == {1: "it is no file"}


def test_the_encoder_of_the_page_learns_from_sounds(folder, monkeypatch):
    pytest.importorskip("soundfile")
    blocks = re.findall(r"```py\n(.*?)```", PAGE, flags=re.DOTALL)
    (block,) = (block for block in blocks if "soundfile" in block)
    (folder / "tones.py").write_text(block)  # sessions save encoders, by their module
    monkeypatch.syspath_prepend(folder)
    tones = importlib.import_module("tones")
    monkeypatch.setitem(sys.modules, "tones", tones)  # no longer than this test
    learner = PairedActiveLearner(tones.Tones(), batch_size=4, random_state=0)
    with AnnotationSession(
        folder / "s.skmal", folder / "sounds", folder / "texts.txt", learner
    ) as session:
        session.run(lambda question: question.item.row)
        assert session.kinds == ("audio", "text")
        assert len(session.pairs()) == 12
    pool = read_pool(folder / "sounds", "X")
    assert all(isinstance(item, Path) for item in pool.items)


def test_sounds_are_played_in_a_notebook(folder, monkeypatch):
    pytest.importorskip("anywidget")
    module = importlib.import_module("skmal.annotation.notebook._widget")
    sounds, texts = folder / "sounds", folder / "texts.txt"
    features = np.random.default_rng(0).normal(size=(2, 12, 3))
    with AnnotationSession(
        folder / "s.skmal", sounds, texts, features=tuple(features), budget=6
    ) as session:
        item, shown = session.items.get(0, "03.wav"), module.QuestionWidget(session)
        head, content = shown._picture(0, item).split(",")
        assert head == "data:audio/wav;base64"
        assert b64decode(content) == (sounds / "03.wav").read_bytes()
        monkeypatch.setattr(module, "MAX_SOUND", 100)
        assert shown._picture(0, item) == ""
        asked = shown.question
        heard = asked["candidates"] if asked["modality"] else [asked["item"]]
        assert all(one["audio"].startswith("data:audio/wav") for one in heard)
