"""From a configuration and weights to a model of open_clip, and back to disk."""

import json
import logging
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from .._seeds import seeded
from ._config import (
    FILE,
    FOLDER,
    Config,
    Model,
    check_pretrained,
    is_folder,
    read_config,
    where_it_is,
)
from ._weights_file import load_file

WEIGHTS = "open_clip_model.safetensors"
SIGLIP_START = {"init_logit_scale": 2.302585092994046, "init_logit_bias": -10.0}


class Network(NamedTuple):
    """A torch module, what makes tokens of texts, and what rebuilds both.

    `config` is what `open_clip_config.json` holds: "model_cfg" and "preprocess_cfg".
    `drawn` are the towers, "image" or "text", that a file of weights did not hold.
    """

    module: Any  # a CLIP of open_clip's: torch's Module says nothing of its towers
    tokenizer: Any
    config: Config
    drawn: frozenset[str] = frozenset()


def build(
    model: Model, pretrained: str | Path | None, with_bias: bool, seed: int
) -> Network:
    """Return the Network of that model, on the CPU, as `CLIPEncoder` documents it.

    Weights that are not loaded are drawn from `seed`. `with_bias` adds the bias that
    SigLIP's loss needs to a model without, and starts from the scale that goes with it.
    """
    import open_clip
    import torch

    model, pretrained = where_it_is(model, pretrained)
    if isinstance(model, str) and not is_folder(model):
        model = model.replace("/", "-")
    config = read_config(model)
    check_pretrained(model, pretrained)
    more: dict[str, float] = {}
    if with_bias and config["model_cfg"].get("init_logit_bias") is None:
        more = SIGLIP_START
        config["model_cfg"] |= more
    tag, of_tag = None, {}  # weights that open_clip knows
    if isinstance(model, str) and isinstance(pretrained, str):
        of_tag = open_clip.get_pretrained_cfg(model, pretrained)
        tag = pretrained if of_tag else None
    quick_gelu = bool(of_tag.get("quick_gelu"))
    if quick_gelu:  # else it would compute something else than it was trained for
        config["model_cfg"]["quick_gelu"] = True

    drawn: frozenset[str] = frozenset()
    with _quiet(), _drawing(seed), _as_folder(config) as folder:
        options: dict[str, Any] = {"pretrained_text": False, "weights_only": True}
        options |= more
        module: Any
        if isinstance(model, str) and (tag or is_folder(model)):
            with _explaining_weights(tag or model):
                module = open_clip.create_model(
                    model, tag, force_quick_gelu=quick_gelu, **options
                )
        else:
            with _explaining_config(model):
                module = open_clip.create_model(folder, **options)
            if pretrained is not None:
                with _explaining_weights(pretrained):
                    drawn = load_file(module, os.fspath(pretrained))
        if more:  # loading sets the bias of a model that has none to zero
            with torch.no_grad():
                module.logit_scale.fill_(more["init_logit_scale"])
                module.logit_bias.fill_(more["init_logit_bias"])
        config["preprocess_cfg"] = dict(open_clip.get_model_preprocess_cfg(module))
        tokenizer = _tokenizer(model, config)
    module = module.float()  # whatever torch's default is
    return Network(module, tokenizer, config, drawn)


def rebuild(config: Config, weights: bytes, tokenizer: Any = None) -> Network:
    """Return the Network that was taken apart into these pieces, on the CPU."""
    import open_clip
    import safetensors.torch

    with _quiet(), _drawing(0), _as_folder(config) as folder:
        module = open_clip.create_model(folder, pretrained_text=False).float()
        module.load_state_dict(safetensors.torch.load(weights))
        if tokenizer is None:
            tokenizer = _own_tokenizer(config)
    return Network(module, tokenizer, config)


def copy(network: Network) -> Network:
    """Return a Network with weights of its own."""
    import torch

    with torch.inference_mode(False):
        return network._replace(module=deepcopy(network.module))


def weights_of(network: Network) -> bytes:
    """Return the weights as bytes in safetensors' format."""
    import safetensors.torch

    state = network.module.state_dict()
    return safetensors.torch.save({k: v.cpu().contiguous() for k, v in state.items()})


def save(network: Network, folder: str | os.PathLike[str]) -> None:
    """Write a folder that open_clip loads by the name `local-dir:FOLDER`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if hasattr(network.tokenizer, "save_pretrained"):
        network.tokenizer.save_pretrained(folder)
    text = json.dumps(network.config, indent=2) + "\n"
    for name, content in [(WEIGHTS, weights_of(network)), (FILE, text.encode())]:
        unfinished = folder / f"{name}.unfinished"
        unfinished.write_bytes(content)
        unfinished.replace(folder / name)


def _tokenizer(model: Model, config: Config) -> Any:
    """Return what makes tokens of texts for a model, or say what it lacks."""
    import open_clip

    text_cfg = config["model_cfg"]["text_cfg"]
    try:
        if isinstance(model, str) and model != "tiny":
            return open_clip.get_tokenizer(model)
        if text_cfg.get("hf_tokenizer_name"):
            return open_clip.tokenizer.HFTokenizer(
                text_cfg["hf_tokenizer_name"],
                context_length=text_cfg.get("context_length", 77),
                tokenizer_mode=text_cfg.get("tokenizer_mode"),
                **text_cfg.get("tokenizer_kwargs", {}),
            )
        return _own_tokenizer(config)
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


def _own_tokenizer(config: Config) -> Any:
    """Return the tokenizer that open_clip makes of a configuration alone."""
    return _tokenizer_of(json.dumps(config["model_cfg"]["text_cfg"], sort_keys=True))


@lru_cache(maxsize=4)  # a vocabulary takes longer to read than some fits
def _tokenizer_of(text_cfg: str) -> Any:
    import open_clip

    with _as_folder({"model_cfg": {"text_cfg": json.loads(text_cfg)}}) as folder:
        return open_clip.get_tokenizer(folder)


@contextmanager
def _as_folder(config: Config) -> Iterator[str]:
    """Yield a configuration as a name that open_clip knows, without registering it."""
    with TemporaryDirectory() as folder:
        Path(folder, FILE).write_text(json.dumps(config), encoding="utf-8")
        yield FOLDER + folder


@contextmanager
def _drawing(seed: int) -> Iterator[None]:
    """Let torch make trainable weights from `seed`, whatever mode the caller is in."""
    import torch

    with torch.inference_mode(False), seeded(seed, torch.device("cpu")):
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep open_clip's warnings of random weights from users who asked for them.

    It logs to the root logger, which would get a handler for good where it has none.
    """

    def from_elsewhere(record: logging.LogRecord) -> bool:
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
def _explaining_config(model: Model) -> Iterator[None]:
    """Turn what goes wrong while a model is built into one clear error."""
    try:
        yield
    except (AssertionError, AttributeError, RuntimeError, TypeError) as error:
        raise ValueError(
            f"open_clip cannot build model={model!r:.80}: {error}; "
            "open_clip.get_model_config('ViT-B-32') shows a configuration"
        ) from error


@contextmanager
def _explaining_weights(source: object) -> Iterator[None]:
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
            "file is whole and fits the model, or one of its towers by the same names, "
            "or that the tag can be downloaded"
        ) from error
