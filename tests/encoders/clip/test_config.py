"""Names, folders and configurations of models, and what is wrong with them."""

import numpy as np
import pytest
from helpers import MICRO_CLIP

from skmal.encoders.clip._config import read_config
from skmal.encoders.clip._open_clip import build, save


@pytest.mark.parametrize(
    ("model", "pretrained", "message"),
    [
        ("ViT-B-23", None, "unknown model 'ViT-B-23'; close names are ViT-B-32"),
        (7, None, "model must be a name that open_clip knows, .* got 7"),
        ({"embed_dim": 4}, None, "is no configuration of open_clip: its vision_cfg is"),
        ({"text_cfg": {}, "vision_cfg": {}}, None, "it has no embed_dim"),
        ({"model_cfg": None}, None, "is no configuration of open_clip"),
        (MICRO_CLIP | {"embed_dim": np.int64(4)}, None, "int64 is not JSON"),
        (MICRO_CLIP | {"text_cfg": "a"}, None, "its text_cfg is no dict"),
        (MICRO_CLIP | {"text_cfg": {"layer": 1}}, None, "cannot build model=.*layer"),
        (
            MICRO_CLIP | {"text_cfg": MICRO_CLIP["text_cfg"] | {"heads": 3}},
            None,
            "open_clip cannot build model=.*embed_dim must be divisible",
        ),
        ("tiny", "openai", "pretrained='openai' is no file, and the tags of this mod"),
        ("ViT-B-32", "laion", "'laion' is no file, .* openai, .*laion2b_e16.*; pass"),
        ("ViT-B-32", 3, "pretrained must be None, a tag or a path to weights, got 3"),
    ],
)
def test_bad_names_are_answered_with_good_ones(model, pretrained, message):
    with pytest.raises(ValueError, match=message):
        build(model, pretrained, False, seed=0)


def test_folders_that_hold_no_model_say_what_they_lack(network, tmp_path):
    model = f"local-dir:{tmp_path}"
    with pytest.raises(FileNotFoundError, match=r"holds no open_clip_config.json; pas"):
        read_config(model)
    save(network, tmp_path)
    (tmp_path / "open_clip_model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="holds no weights"):
        read_config(model)
    save(network, tmp_path)
    for text in ("{", "[]", '{"other": 1}'):
        (tmp_path / "open_clip_config.json").write_text(text)
        with pytest.raises(ValueError, match="open_clip_config.json is damaged"):
            read_config(model)
