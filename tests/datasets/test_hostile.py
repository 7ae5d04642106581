"""Files that are not what they seem: each reader refuses them, by name, and runs none.

Tar files are in test_webdataset, zip files in test_flickr30k and test_winoground,
folders in test_huggingface and tests/items, shards in tests/arrays/test_sharded.
"""

import json
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from sets import (
    make_jpeg,
    quadruples,
    skipping,
    write,
    write_coco,
    write_parquet,
    write_shard,
)
from tiny_clip import MICRO_CLIP

from skmal.cli._pools import array_of
from skmal.datasets import load_coco_captions, load_colorswap, load_datacomp
from skmal.encoders.clip._open_clip import build

OUT = (
    "../secret.jpg",
    "a/../../secret.jpg",
    "..\\secret.jpg",
    "/etc/passwd",
    "C:\\a.jpg",
)


class Runs:
    """What a pickle runs when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.fixture
def trap(tmp_path):
    """Return an object whose unpickling leaves a file, and see that there is none."""
    path = tmp_path / "code-was-run"
    yield Runs(path)
    assert not path.exists()


@pytest.mark.parametrize("name", OUT)
@pytest.mark.parametrize("split", ["test", "val2014"])
def test_coco_names_stay_in_the_folder(tmp_path, name, split):
    folder = tmp_path / "coco"
    folder.mkdir()
    write_coco(folder, ["test", "train", "restval", "val", "test"])
    write(tmp_path / "secret.jpg", "nobody's business")
    file = "dataset_coco.json" if split == "test" else "captions_val2014.json"
    (file,) = folder.rglob(file)
    content = json.loads(file.read_bytes())
    key = "filename" if split == "test" else "file_name"
    content["images"][0][key] = name
    file.write_text(json.dumps(content))
    message = r"images\[0\]: .* leads out of the folder"
    with pytest.raises(FileNotFoundError, match=message):
        load_coco_captions(folder, split)
    found, _ = skipping(load_coco_captions, folder, split)
    assert "leads out" in found.skipped[0]


@pytest.mark.parametrize("name", OUT)
@pytest.mark.parametrize("kind", ["parquet", "json"])
def test_colorswap_names_stay_in_the_folder(tmp_path, name, kind):
    rows = quadruples(3)
    rows[1]["image_2"] = {"bytes": None, "path": name}
    if kind == "parquet":
        write_parquet(tmp_path / "test-00000-of-00001.parquet", rows)
    else:
        for row in rows:
            row["image_1"], row["image_2"] = "a.jpg", "b.jpg"
        write(tmp_path / "a.jpg", make_jpeg(1))
        write(tmp_path / "b.jpg", make_jpeg(2))
        rows[1]["image_2"] = name
        write(tmp_path / "test.json", json.dumps(rows))
    with pytest.raises(ValueError, match="'image_2' is .* leads out of the folder"):
        load_colorswap(tmp_path, split="test", cache=tmp_path / "cache")


def test_datacomp_takes_no_pickles(tmp_path, trap):
    arrays = write_shard(tmp_path, "00")
    arrays["b32_img"] = np.array([trap], dtype=object)
    np.savez(tmp_path / "00.npz", **arrays)
    with pytest.raises(ValueError, match=r"00\.npz"):
        load_datacomp(tmp_path, cache=tmp_path / "cache", features="b32")


def test_features_take_no_pickles(tmp_path, trap):
    path = tmp_path / "X.npy"
    np.save(path, np.array([trap], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"--features .*X.npy is no .npy file"):
        array_of(path, "--features")
    path.write_bytes(pickle.dumps(trap))
    with pytest.raises(ValueError, match=r"--features .*X.npy is no .npy file"):
        array_of(path, "--features")


@pytest.mark.parametrize("kind", ["zip", "pickle"])
def test_a_checkpoint_with_code_is_refused(tmp_path, trap, kind):
    import torch

    path = tmp_path / "weights.pt"
    if kind == "zip":
        torch.save({"state_dict": {"visual.proj": trap}}, path)
    else:
        path.write_bytes(pickle.dumps({"state_dict": trap}, protocol=2))
    with pytest.raises(ValueError, match=r"weights.pt is refused: .* could run code"):
        build(MICRO_CLIP, str(path), False, seed=0)


def test_the_trap_works(tmp_path):
    path = tmp_path / "code-was-run"
    pickle.loads(pickle.dumps(SimpleNamespace(trap=Runs(path)))).trap.close()
    assert path.exists()
