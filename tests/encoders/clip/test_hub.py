"""Models at Hugging Face's hub, out of its cache in exactly its layout; no network."""

import shutil

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants, errors
from tiny_clip import quick

from skmal import CLIPEncoder
from skmal.encoders.clip._hub import folder_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"
X, Y = np.zeros((2, 8, 8), np.uint8), ["a", "b"]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return where a model lies that was downloaded, without a connection."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    home = tmp_path / "models--org--small"
    folder = home / "snapshots" / COMMIT
    quick(max_epochs=1).fit(X, Y).save(folder)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(COMMIT)
    return folder


def test_a_model_of_the_hub(repository, tmp_path):
    model = CLIPEncoder("hf-hub:org/small", trainable="none", device="cpu")
    same = CLIPEncoder(f"local-dir:{repository}", trainable="none", device="cpu")
    for ours, theirs in zip(model.transform(X, Y), same.transform(X, Y), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    trained = quick("hf-hub:org/small", max_epochs=1).fit(X, Y)
    trained.save(tmp_path / "saved")
    shutil.rmtree(repository)
    assert np.isfinite(trained.transform(X)).all()
    with pytest.raises(
        ValueError, match="brings its own weights; leave pretrained=None"
    ):
        CLIPEncoder("hf-hub:org/small", "openai").fit(X, Y)


def test_a_model_that_was_downloaded_without_its_weights(repository):
    (repository / "open_clip_model.safetensors").unlink()
    with pytest.raises(
        FileNotFoundError, match="without its weights, and the hub cannot be reached"
    ):
        CLIPEncoder("hf-hub:org/small").fit(X, Y)


@pytest.mark.parametrize("name", ["open_clip_pytorch_model.bin", "other.pth"])
def test_weights_of_another_name_are_found_without_a_connection(repository, name):
    (repository / "open_clip_model.safetensors").rename(repository / name)
    assert folder_of("hf-hub:org/small") == repository


def test_a_model_without_weights_at_the_hub(repository, monkeypatch):
    (repository / "open_clip_model.safetensors").unlink()

    def download(_, file):
        if file.endswith(".json"):
            return str(repository / file)
        raise errors.EntryNotFoundError("no")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    with pytest.raises(
        FileNotFoundError, match="holds no weights .* beside its open_c"
    ):
        CLIPEncoder("hf-hub:org/small").fit(X, Y)


def test_a_model_that_is_not_here(repository):
    with pytest.raises(
        FileNotFoundError, match="'hf-hub:org/other' is not on this mac"
    ):
        CLIPEncoder("hf-hub:org/other").fit(X, Y)
    with pytest.raises(
        ValueError, match="is no name of the hub; expected is 'hf-hub:O"
    ):
        CLIPEncoder("hf-hub:a/b/c/d").fit(X, Y)


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        (
            "GatedRepoError",
            PermissionError,
            "is gated: accept its terms at https://hug",
        ),
        ("RepositoryNotFoundError", FileNotFoundError, "is not at the hub, or private"),
        ("EntryNotFoundError", FileNotFoundError, "is no model of open_clip: its repo"),
    ],
)
def test_what_the_hub_refuses(monkeypatch, kind, error, message):
    refused = getattr(errors, kind)

    def download(*_):
        raise refused.__new__(refused, "no")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    with pytest.raises(error, match=message):
        CLIPEncoder("hf-hub:org/small").fit(X, Y)
