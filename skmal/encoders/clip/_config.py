"""Configurations of CLIP models, by name, from a folder or as people pass them."""

import difflib
import json
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

from ._hub import HUB, folder_of, holds_weights

# A name, "local-dir:FOLDER", "hf-hub:ORG/NAME" or a configuration.
Model = str | dict[str, Any]
Config = dict[str, Any]  # {"model_cfg": ..., "preprocess_cfg": ...}

FILE = "open_clip_config.json"
FOLDER = "local-dir:"
ICONS = "icons"  # the weights in the package, of a model of their own: `ICONS_FOLDER`
ICONS_FOLDER = f"{FOLDER}{Path(__file__).with_name(ICONS)}"
TINY = {
    "embed_dim": 64,
    "vision_cfg": {
        "image_size": 32,
        "patch_size": 8,
        "layers": 2,
        "width": 64,
        "head_width": 32,
    },
    "text_cfg": {
        "context_length": 24,
        "vocab_size": 49408,
        "layers": 2,
        "width": 64,
        "heads": 2,
    },
}


def read_config(model: Model) -> Config:
    """Return {"model_cfg": ..., "preprocess_cfg": ...} of a model, the caller's own."""
    if isinstance(model, dict):
        config = deepcopy(model)
        if "model_cfg" not in config:
            config = {"model_cfg": config}
        config.setdefault("preprocess_cfg", {})
    elif not isinstance(model, str):
        raise ValueError(
            "model must be a name that open_clip knows, 'tiny', 'local-dir:FOLDER', "
            f"'hf-hub:ORG/NAME' or a configuration (a dict), got {model!r}"
        )
    elif model == "tiny":
        config = {"model_cfg": deepcopy(TINY), "preprocess_cfg": {}}
    elif is_folder(model):
        config = _read_folder(Path(model.removeprefix(FOLDER)))
    else:
        config = {"model_cfg": _config_of_name(model), "preprocess_cfg": {}}
    try:
        if "embed_dim" not in config["model_cfg"]:
            raise ValueError("it has no embed_dim")
        for part in ("vision_cfg", "text_cfg"):
            if not isinstance(config["model_cfg"].get(part), dict):
                raise ValueError(f"its {part} is no dict")
        json.dumps(config)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"model={model!r:.80} is no configuration of open_clip: {error}; "
            "open_clip.get_model_config('ViT-B-32') shows one"
        ) from error
    return config


def is_folder(model: Model) -> bool:
    """Say whether a model is named as a folder, here or at the hub."""
    return isinstance(model, str) and model.startswith((FOLDER, HUB))


def has_weights(model: Model, pretrained: str | Path | None) -> bool:
    """Say whether a model starts from learned weights, not from random ones."""
    return pretrained is not None or is_folder(model)


def where_it_is(
    model: Model, pretrained: str | Path | None
) -> tuple[Model, str | Path | None]:
    """Return what to load for the weights in the package, or for a model of the hub.

    Else what was passed.
    """
    if isinstance(model, str) and model.startswith(HUB):
        check_pretrained(model, pretrained)
        return f"{FOLDER}{folder_of(model)}", None
    if pretrained != ICONS:
        return model, pretrained
    if model != "tiny":
        raise ValueError(
            f"pretrained={ICONS!r} are weights of model='tiny', got "
            f"model={model!r:.80}; pass 'tiny'"
        )
    return ICONS_FOLDER, None


def check_pretrained(model: Model, pretrained: str | Path | None) -> None:
    """Raise where `pretrained` is neither a known tag of the model nor a file."""
    if pretrained is None:
        return
    if is_folder(model):
        raise ValueError(
            f"pretrained={pretrained!r} cannot go with model={model!r}, which brings "
            "its own weights; leave pretrained=None"
        )
    if not isinstance(pretrained, (str, Path)):
        raise ValueError(
            f"pretrained must be None, a tag or a path to weights, got {pretrained!r}"
        )
    if Path(pretrained).is_file():
        return
    tags = [ICONS] if model == "tiny" else []
    if isinstance(model, str) and model != "tiny":
        import open_clip

        tags = open_clip.list_pretrained_tags_by_model(model)
        if open_clip.is_pretrained_cfg(model, str(pretrained)):
            return
    raise ValueError(
        f"pretrained={str(pretrained)!r} is no file, and the tags of this model are "
        f"{', '.join(tags) or 'none'}; pass one of them, or a path to a .safetensors "
        "or .pt file"
    )


def _read_folder(folder: Path) -> Config:
    if not (folder / FILE).is_file():
        raise FileNotFoundError(
            f"{folder} holds no {FILE}; pass a folder that CLIPEncoder.save or "
            "open_clip wrote"
        )
    if not holds_weights(folder):
        raise FileNotFoundError(
            f"{folder} holds no weights (.safetensors, .bin or .pth) beside its "
            f"{FILE}; pass the configuration as a dict for random weights"
        )
    try:
        config = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {
            "model_cfg": config["model_cfg"],
            "preprocess_cfg": config.get("preprocess_cfg", {}),
        }
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{folder / FILE} is damaged ({error}); it should be JSON with a "
            '"model_cfg"'
        ) from error


def _config_of_name(model: str) -> Config:
    import open_clip

    known = open_clip.list_models()
    if model not in known:
        similar = difflib.get_close_matches(model, known, n=3, cutoff=0.5)
        raise ValueError(
            f"unknown model {model!r}; close names are {', '.join(similar) or 'none'}; "
            "open_clip.list_models() shows all, and 'tiny', 'local-dir:FOLDER' and "
            "'hf-hub:ORG/NAME' are possible too"
        )
    return cast(Config, open_clip.get_model_config(model))
