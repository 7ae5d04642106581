"""Models of Hugging Face's hub, as the folders that they are kept in here."""

from pathlib import Path

HUB = "hf-hub:"
FILE = "open_clip_config.json"
WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pth")  # that open_clip looks for
OF_TOKENIZERS = ["*.json", "*.txt", "*.model"]


def holds_weights(folder: Path) -> bool:
    """Say whether a folder has weights that open_clip would load."""
    return any(file.suffix in WEIGHT_SUFFIXES for file in folder.iterdir())


def folder_of(model: str) -> Path:
    """Return the folder of a model `hf-hub:ORG/NAME`, downloaded where it is not.

    Where there is no connection, what was downloaded before is used.
    """
    from huggingface_hub import errors, hf_hub_download, snapshot_download

    name = model.removeprefix(HUB)
    page = f"https://huggingface.co/{name}"
    try:
        found = Path(hf_hub_download(name, FILE))
        unreached = None
        for weights in WEIGHTS:
            try:
                hf_hub_download(name, weights)
                break
            except errors.LocalEntryNotFoundError as error:
                unreached = error  # the other may be here
            except errors.EntryNotFoundError:
                continue
        if unreached is not None and not holds_weights(found.parent):
            raise unreached
        snapshot_download(name, allow_patterns=OF_TOKENIZERS)
    except errors.HFValidationError as error:
        raise ValueError(
            f"model={model!r:.80} is no name of the hub; expected is 'hf-hub:ORG/NAME'"
        ) from error
    except errors.GatedRepoError as error:
        raise PermissionError(
            f"model={model!r} is gated: accept its terms at {page}, then log in here "
            "by `hf auth login` with a token of the same account"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"model={model!r} is not at the hub, or private; correct the name, or log "
            "in by `hf auth login`"
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise FileNotFoundError(
            f"model={model!r} is not on this machine, or without its weights, and the "
            "hub cannot be reached; "
            "download it where there is a connection, by `hf download "
            f"{name}`, and pass its folder as 'local-dir:FOLDER'"
        ) from error
    except errors.EntryNotFoundError as error:
        raise FileNotFoundError(
            f"model={model!r} is no model of open_clip: its repository {page} holds no "
            f"{FILE}; for models of transformers, make their features once and pass "
            "these"
        ) from error
    return found.parent
