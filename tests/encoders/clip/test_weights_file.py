"""Files of weights: of a whole model, or of one of its towers."""

import pickle

import pytest
import safetensors.torch
import torch
from helpers import MICRO_CLIP, RESNET
from tiny_clip import assert_same_features, quick

from skmal.encoders.clip._open_clip import build

MODELS = {
    "open_clip": MICRO_CLIP,
    "timm": MICRO_CLIP | {"vision_cfg": RESNET},
    "timm_without_head": MICRO_CLIP | {"vision_cfg": RESNET | {"timm_proj": None}},
}
PROJECTIONS = ("visual.proj", "visual.head", "visual.trunk.fc", "text_projection")


def tower_of(network, tower):
    """Return the weights of one tower, without its projection."""
    return {
        name: value
        for name, value in network.module.state_dict().items()
        if name.startswith("visual.") == (tower == "image")
        and not name.startswith((*PROJECTIONS, "logit_scale"))
    }


def write(path, state):
    """Write weights to a file; return its path."""
    if path.suffix == ".pt":
        torch.save(state, path)
    else:
        safetensors.torch.save_file(state, path)
    return path


@pytest.fixture
def image_tower(network, tmp_path):
    """Return a file of an image tower alone."""
    return write(tmp_path / "image.safetensors", tower_of(network, "image"))


@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
@pytest.mark.parametrize("tower", ["image", "text"])
@pytest.mark.parametrize("name", MODELS)
def test_a_file_of_one_tower_leaves_the_rest_as_drawn(tmp_path, name, tower, suffix):
    learned, drawn = (build(MODELS[name], None, False, seed) for seed in (3, 9))
    held = tower_of(learned, tower)
    path = write(tmp_path / f"tower.{suffix}", held)
    loaded = build(MODELS[name], path, False, seed=9)
    assert loaded.drawn == {"image", "text"} - {tower}
    expected = drawn.module.state_dict() | held
    for name, value in loaded.module.state_dict().items():
        assert torch.equal(value, expected[name]), name


def test_a_whole_file_leaves_nothing_drawn(network, tmp_path):
    path = write(tmp_path / "whole.pt", network.module.state_dict())
    assert build(MICRO_CLIP, path, False, seed=9).drawn == set()


def test_one_tower_goes_with_siglips_loss(network, image_tower):
    built = build(MICRO_CLIP, image_tower, True, seed=9)
    assert built.module.logit_bias.item() == -10
    for name, value in tower_of(network, "image").items():
        assert torch.equal(built.module.state_dict()[name], value), name


@pytest.mark.parametrize("fault", ["one less", "another name", "another shape", "none"])
def test_what_is_no_whole_tower_is_refused(network, tmp_path, fault):
    state = tower_of(network, "image")
    first = next(iter(state))
    if fault in ("one less", "another name"):
        value = state.pop(first)
    if fault == "another name":
        state[first.removeprefix("visual.")] = value
    if fault == "another shape":
        state[first] = torch.zeros(3)
    if fault == "none":
        state = {"visual.proj": network.module.visual.proj.detach()}
    path = write(tmp_path / "tower.safetensors", state)
    message = "tower.safetensors cannot be loaded: .* one of its towers by the same"
    with pytest.raises(ValueError, match=message):
        build(MICRO_CLIP, path, False, seed=0)


def test_a_random_tower_is_trained_with_the_larger_steps(glyphs, image_tower):
    X, y = glyphs
    some = {"pretrained": image_tower, "max_epochs": 1}
    for trainable, rate in [("text", 1e-3), ("image", 1e-5), ("all", 1e-3)]:
        default = quick(**some, trainable=trainable, learning_rate=None).fit(X, y)
        told = quick(**some, trainable=trainable, learning_rate=rate).fit(X, y)
        assert_same_features(default, told, X, y)


def test_rounds_go_on_in_the_same_way_after_a_pickle(glyphs, image_tower):
    X, y = glyphs
    some = {"pretrained": image_tower, "trainable": "text", "learning_rate": None}
    encoder = quick(**some, max_epochs=1, warm_start=True).fit(X, y)
    copy = pickle.loads(pickle.dumps(encoder))
    assert_same_features(copy.fit(X, y), encoder.fit(X, y), X, y)
    again = pickle.loads(pickle.dumps(copy))
    assert_same_features(again.fit(X, y), encoder.fit(X, y), X, y)


def test_a_locked_tower_stays_that_of_the_file(glyphs, network, image_tower):
    X, y = glyphs
    encoder = quick(pretrained=image_tower, trainable="text").fit(X, y)
    for name, value in tower_of(network, "image").items():
        assert torch.equal(encoder._network.module.state_dict()[name], value), name
