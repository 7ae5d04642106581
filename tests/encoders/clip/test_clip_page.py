"""Each call of the table in docs/clip.md runs, or asks for what the table says."""

import re

import open_clip
import pytest
import torch
from helpers import ROOT
from tiny_clip import pixels

from skmal import CLIPEncoder
from skmal.encoders.clip._config import check_pretrained, read_config

PAGE = (ROOT / "docs" / "clip.md").read_text(encoding="utf-8")
TABLE = re.search(r"\| what you have, or want \|.*?\n\n", PAGE, re.DOTALL)[0]
CALLS = [
    (call, line.rstrip(" |").rpartition("|")[2].strip())
    for line in TABLE.splitlines()
    for call in re.findall(r"`(CLIPEncoder\(.*?\))`", line)
]


def test_the_table_is_read():
    assert len(CALLS) > 12
    assert sum("network" in needs for _, needs in CALLS) == 6


@pytest.mark.parametrize(("call", "needs"), CALLS)
def test_a_call_of_the_table(call, needs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    start = CLIPEncoder("tiny", "icons", trainable="none", device="cpu")
    if "FOLDER" in call:
        start.save("FOLDER")
    config = open_clip.get_model_config("ViT-B-16")
    encoder = eval(call, {"CLIPEncoder": CLIPEncoder, "config": config})
    encoder.set_params(device="cpu", max_epochs=1)
    encoder._check_parameters()
    if "network" in needs or call == "CLIPEncoder(config)":  # or too large for a test
        if not str(encoder.model).startswith("hf-hub:"):
            read_config(encoder.model)
            check_pretrained(encoder.model, encoder.pretrained)
        return
    if "weights.safetensors" in call:
        start.transform(pixels(2), ["a", "b"])
        start.save("tiny")
        (tmp_path / "tiny" / "open_clip_model.safetensors").rename(encoder.pretrained)
        encoder.set_params(model=start._unfitted[1].config)
    if "lora" in call:
        pytest.importorskip("peft")
    monkeypatch.setattr(torch, "compile", lambda function: function)  # takes a minute
    encoder.fit(pixels(4), ["a fox", "a hen", "an elk", "an owl"])
    assert encoder.transform(pixels(3)).shape == (3, encoder.n_components_)
