"""Adapters, and the options that save memory or time in training."""

import functools
import sys

import numpy as np
import open_clip
import pytest
import torch
from tiny_clip import assert_same_features, pixels, quick

from skmal import CLIPEncoder

X = pixels(8)
Y = [f"a {word}" for word in ("fox", "hen", "cat", "elk", "cow", "ant", "bee", "owl")]


def test_adapters_are_merged_into_weights_of_the_same_names(tmp_path):
    pytest.importorskip("peft")
    start = quick(max_epochs=1).fit(X, Y)
    start.save(tmp_path / "start")
    folder = f"local-dir:{tmp_path / 'start'}"
    lora = quick(folder, trainable="lora", max_epochs=6).fit(X, Y)
    before, after = (one._network.module.state_dict() for one in (start, lora))
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert {"logit_scale", "visual.transformer.resblocks.0.attn.in_proj_weight"} < (
        changed
    )
    assert "visual.conv1.weight" not in changed  # has no adapter
    assert lora.history_[-1]["loss"] < lora.history_[0]["loss"]
    assert_same_features(
        lora, quick(folder, trainable="lora", max_epochs=6).fit(X, Y), X, Y
    )
    lora.save(tmp_path / "lora")
    again = CLIPEncoder(f"local-dir:{tmp_path / 'lora'}", device="cpu")
    assert_same_features(lora, again, X, Y)
    open_clip.create_model_and_transforms(f"local-dir:{tmp_path / 'lora'}")


def test_without_peft_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ImportError, match=r'needs peft: pip install "skmal\[lora\]"'):
        quick(trainable="lora").fit(X, Y)


@pytest.mark.parametrize("option", ["grad_checkpointing", "torch_compile"])
def test_options_of_training_change_nothing_but_its_cost(option, monkeypatch):
    compiled = []

    def compile_eagerly(function):
        compiled.append(function.__name__)
        return functools.partial(function)

    monkeypatch.setattr(torch, "compile", compile_eagerly)
    plain, other = quick().fit(X, Y), quick(**{option: True}).fit(X, Y)
    for one, two in zip(plain.transform(X, Y), other.transform(X, Y), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)
    wanted = ["encode_image", "encode_text"] if option == "torch_compile" else []
    assert compiled == wanted
    assert not other._network.module.transformer.grad_checkpointing
