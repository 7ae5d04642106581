"""From a name, a folder or a configuration to an open_clip model, and back to disk."""

import difflib
import json
import logging
import os
import pickle
from collections import namedtuple
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

from .._contrastive import seeded

CONFIG, WEIGHTS = "open_clip_config.json", "open_clip_model.safetensors"
FOLDER = "local-dir:"
WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pth")  # that open_clip looks for
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
SIGLIP_START = {"init_logit_scale": 2.302585092994046, "init_logit_bias": -10.0}

Network = namedtuple("Network", ["module", "tokenizer", "config"])
Network.__doc__ = """A torch module, what makes tokens of texts, and what rebuilds both.

`config` is what `open_clip_config.json` holds: "model_cfg" and "preprocess_cfg".
"""


def build(model, pretrained, with_bias, seed):
    """Return the Network of that model, on the CPU, as `CLIPEncoder` documents it.

    Weights that are not loaded are drawn from `seed`. `with_bias` adds the bias that
    SigLIP's loss needs to a model without, and starts from the scale that goes with it.
    """
    import open_clip
    import torch

    if isinstance(model, str) and not _is_folder(model):
        model = model.replace("/", "-")
    config = read_config(model)
    _check_pretrained(model, pretrained)
    more = {}
    if with_bias and config["model_cfg"].get("init_logit_bias") is None:
        more = SIGLIP_START
        config["model_cfg"] |= more
    tag = None
    if isinstance(model, str) and isinstance(pretrained, str):
        tag = open_clip.get_pretrained_cfg(model, pretrained) or None
    quick_gelu = bool(tag and tag.get("quick_gelu"))
    if quick_gelu:  # else it would compute something else than it was trained for
        config["model_cfg"]["quick_gelu"] = True

    with _quiet(), _drawing(seed), _as_folder(config) as folder:
        options = {"pretrained_text": False, "weights_only": True} | more
        if tag or _is_folder(model):
            with _explaining_weights(model if tag is None else pretrained):
                module = open_clip.create_model(
                    model,
                    pretrained if tag else None,
                    force_quick_gelu=quick_gelu,
                    **options,
                )
        else:
            with _explaining_config(model):
                module = open_clip.create_model(folder, **options)
            if pretrained is not None:
                with _explaining_weights(pretrained):
                    open_clip.load_checkpoint(
                        module, os.fspath(pretrained), weights_only=True
                    )
        if more:  # loading sets the bias of a model that has none to zero
            with torch.no_grad():
                module.logit_scale.fill_(more["init_logit_scale"])
                module.logit_bias.fill_(more["init_logit_bias"])
        config["preprocess_cfg"] = dict(open_clip.get_model_preprocess_cfg(module))
        tokenizer = _tokenizer(model, config)
    return Network(module.float(), tokenizer, config)  # whatever torch's default is


def rebuild(config, weights, tokenizer=None):
    """Return the Network that was taken apart into these pieces, on the CPU."""
    import open_clip
    import safetensors.torch

    with _quiet(), _drawing(0), _as_folder(config) as folder:
        module = open_clip.create_model(folder, pretrained_text=False).float()
        module.load_state_dict(safetensors.torch.load(weights))
        if tokenizer is None:
            tokenizer = open_clip.get_tokenizer(folder)
    return Network(module, tokenizer, config)


def copy(network):
    """Return a Network with weights of its own."""
    import torch

    with torch.inference_mode(False):
        return network._replace(module=deepcopy(network.module))


def weights_of(network):
    """Return the weights as bytes in safetensors' format."""
    import safetensors.torch

    state = network.module.state_dict()
    return safetensors.torch.save({k: v.cpu().contiguous() for k, v in state.items()})


def save(network, folder):
    """Write a folder that open_clip loads by the name `local-dir:FOLDER`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if hasattr(network.tokenizer, "save_pretrained"):
        network.tokenizer.save_pretrained(folder)
    text = json.dumps(network.config, indent=2) + "\n"
    for name, content in [(WEIGHTS, weights_of(network)), (CONFIG, text.encode())]:
        unfinished = folder / f"{name}.unfinished"
        unfinished.write_bytes(content)
        unfinished.replace(folder / name)


def read_config(model):
    """Return {"model_cfg": ..., "preprocess_cfg": ...} of a model, the caller's own."""
    if isinstance(model, dict):
        config = deepcopy(model)
        if "model_cfg" not in config:
            config = {"model_cfg": config}
        config.setdefault("preprocess_cfg", {})
    elif not isinstance(model, str):
        raise ValueError(
            "model must be a name that open_clip knows, 'tiny', 'local-dir:FOLDER' or "
            f"a configuration (a dict), got {model!r}"
        )
    elif model == "tiny":
        config = {"model_cfg": deepcopy(TINY), "preprocess_cfg": {}}
    elif _is_folder(model):
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


def _check_pretrained(model, pretrained):
    """Raise where `pretrained` is neither a known tag of the model nor a file."""
    if pretrained is None:
        return
    if _is_folder(model):
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
    tags = []
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


def has_weights(model, pretrained):
    """Say whether a model starts from learned weights, not from random ones."""
    return pretrained is not None or _is_folder(model)


def without_projection(module):
    """Return a context in which both towers end before their projections.

    Towers that know none (those with attention pooling) stay what they are.
    """
    import torch

    nothing = torch.nn.Identity
    text = getattr(module, "text", module)
    replaced = []
    if getattr(module.visual, "proj", None) is not None:
        replaced.append((module.visual, "proj", None))
    elif hasattr(module.visual, "trunk"):  # a model of timm's
        replaced.append((module.visual, "head", nothing()))
    if getattr(text, "text_projection", None) is not None:
        replaced.append((text, "text_projection", None))
    elif hasattr(text, "config") and hasattr(text, "proj"):  # one of Hugging Face's
        replaced.append((text, "proj", nothing()))
    return _replaced(replaced)


@contextmanager
def _replaced(triples):
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in triples]
    try:
        for owner, name, value in triples:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


def _is_folder(model):
    return isinstance(model, str) and model.startswith(FOLDER)


def _read_folder(folder):
    if not (folder / CONFIG).is_file():
        raise FileNotFoundError(
            f"{folder} holds no {CONFIG}; pass a folder that CLIPEncoder.save or "
            "open_clip wrote"
        )
    if not any(file.suffix in WEIGHT_SUFFIXES for file in folder.iterdir()):
        raise FileNotFoundError(
            f"{folder} holds no weights (.safetensors, .bin or .pth) beside its "
            f"{CONFIG}; pass the configuration as a dict for random weights"
        )
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return {
            "model_cfg": config["model_cfg"],
            "preprocess_cfg": config.get("preprocess_cfg", {}),
        }
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{folder / CONFIG} is damaged ({error}); it should be JSON with a "
            '"model_cfg"'
        ) from error


def _config_of_name(model):
    import open_clip

    known = open_clip.list_models()
    if model not in known:
        similar = difflib.get_close_matches(model, known, n=3, cutoff=0.5)
        raise ValueError(
            f"unknown model {model!r}; close names are {', '.join(similar) or 'none'}; "
            "open_clip.list_models() shows all, and 'tiny' and 'local-dir:FOLDER' are "
            "possible too"
        )
    return open_clip.get_model_config(model)


def _tokenizer(model, config):
    import open_clip

    named = isinstance(model, str) and model != "tiny"
    text_cfg = config["model_cfg"]["text_cfg"]
    try:
        if named:
            return open_clip.get_tokenizer(model)
        if text_cfg.get("hf_tokenizer_name"):
            return open_clip.tokenizer.HFTokenizer(
                text_cfg["hf_tokenizer_name"],
                context_length=text_cfg.get("context_length", 77),
                tokenizer_mode=text_cfg.get("tokenizer_mode"),
                **text_cfg.get("tokenizer_kwargs", {}),
            )
        with _as_folder(config) as folder:
            return open_clip.get_tokenizer(folder)
    except ImportError as error:
        raise ImportError(
            f"the tokenizer of model={model!r:.80} comes from Hugging Face's "
            f"transformers: pip install transformers ({error})"
        ) from error
    except OSError as error:
        raise OSError(
            f"the tokenizer of model={model!r:.80} is not on this machine and could "
            f"not be downloaded ({str(error).splitlines()[0]}); save the model where "
            "there is a connection, and pass 'local-dir:FOLDER'"
        ) from error


@contextmanager
def _as_folder(config):
    """Yield a configuration as a name that open_clip knows, without registering it."""
    with TemporaryDirectory() as folder:
        Path(folder, CONFIG).write_text(json.dumps(config), encoding="utf-8")
        yield FOLDER + folder


@contextmanager
def _drawing(seed):
    """Let torch make trainable weights from `seed`, whatever mode the caller is in."""
    import torch

    with torch.inference_mode(False), seeded(seed, torch.device("cpu")):
        yield


@contextmanager
def _quiet():
    """Keep open_clip's warnings of random weights from users who asked for them.

    It logs to the root logger, which would get a handler for good where it has none.
    """

    def from_elsewhere(record):
        return record.levelno >= logging.ERROR or "open_clip" not in record.pathname

    handler = logging.NullHandler()
    logging.root.addHandler(handler)
    logging.root.addFilter(from_elsewhere)
    try:
        yield
    finally:
        logging.root.removeFilter(from_elsewhere)
        logging.root.removeHandler(handler)


@contextmanager
def _explaining_config(model):
    """Turn what goes wrong while a model is built into one clear error."""
    try:
        yield
    except (AssertionError, AttributeError, RuntimeError, TypeError) as error:
        raise ValueError(
            f"open_clip cannot build model={model!r:.80}: {error}; "
            "open_clip.get_model_config('ViT-B-32') shows a configuration"
        ) from error


@contextmanager
def _explaining_weights(source):
    """Turn what goes wrong while weights are read into one clear error."""
    from safetensors import SafetensorError

    try:
        yield
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{source} is refused: it is damaged, or a pickle that holds more than "
            "weights and could run code; pass weights alone, best as .safetensors"
        ) from error
    except AttributeError as error:  # there is a bias, and nowhere to put it
        raise ValueError(
            f"the weights of {source} do not fit the model: they seem to be SigLIP's, "
            'which have a bias; pass loss="siglip"'
        ) from error
    except (
        AssertionError,  # where a width differs
        EOFError,
        KeyError,
        OSError,
        RuntimeError,
        SafetensorError,
        TypeError,
    ) as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"the weights of {source} cannot be loaded: {reason:.300}; check that the "
            "file is whole and fits the model, or that the tag can be downloaded"
        ) from error
