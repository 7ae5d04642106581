"""Flickr30k, on tiny files in exactly its layout, unpacked and in a zip archive."""

import json
import pickle
import zipfile

import pytest
from sets import make_jpeg, silently, skipping, write, write_flickr

from skmal.datasets import PackedImage, load_flickr30k

PARTS = ["train", "test", "val", "test"]


def content(image):
    """Return the bytes of an image in a file or in an archive."""
    if isinstance(image, PackedImage):
        return image.read()
    with open(image, "rb") as file:
        return file.read()


@pytest.mark.parametrize("archive", [None, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_as_published(tmp_path, archive):
    write_flickr(tmp_path, PARTS, archive=archive)
    test = silently(load_flickr30k, tmp_path)
    assert list(test.groups) == [1] * 5 + [3] * 5
    assert list(test.y[4:6]) == ["image 1, 4 .", "image 3, 0 ."]
    assert content(test.X[4]) == make_jpeg(1)
    assert content(pickle.loads(pickle.dumps(test.X[5]))) == make_jpeg(3)
    assert test.X[5] == test.X[9]
    every = silently(load_flickr30k, tmp_path, "all", n_captions=2)
    assert list(every.split[::2]) == PARTS
    X, y = load_flickr30k(tmp_path, "train", return_X_y=True)
    assert len(X) == len(y) == 5


@pytest.mark.parametrize("folder", ["images", "."])
def test_images_elsewhere(tmp_path, folder):
    write_flickr(tmp_path, PARTS)
    for file in (tmp_path / "flickr30k-images").iterdir():
        write(tmp_path / folder / file.name, file.read_bytes())
        file.unlink()
    assert content(load_flickr30k(tmp_path).X[0]) == make_jpeg(1)


@pytest.mark.parametrize("archive", [None, zipfile.ZIP_STORED])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"filename": "gone.jpg"}, r"images\[1\]: there is no .*gone.jpg"),
        ({"filename": "../1000.jpg"}, "'../1000.jpg' is no name of a file without"),
        ({"filename": "..\\1000.jpg"}, "is no name of a file without folder"),
        ({"filename": "/etc/passwd"}, "'/etc/passwd' is no name of a file without"),
        ({"sentences": []}, r"images\[1\]: an image without captions"),
    ],
)
def test_a_broken_entry(tmp_path, archive, change, message):
    file = write_flickr(tmp_path, PARTS, archive=archive) / "dataset_flickr30k.json"
    entries = json.loads(file.read_bytes())
    entries["images"][1] |= change
    write(file, json.dumps(entries))
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load_flickr30k(tmp_path)
    test, skipped = skipping(load_flickr30k, tmp_path)
    assert (set(test.groups), len(skipped)) == ({3}, 1)


def rewritten(file, change):
    """Write a zip file anew, with some of its members changed."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)


def test_an_archive_that_holds_an_image_twice_or_too_large_a_one(tmp_path, monkeypatch):
    write_flickr(tmp_path, PARTS, archive=zipfile.ZIP_DEFLATED)
    file = tmp_path / "flickr30k-images.zip"
    rewritten(file, lambda members: members.update({"other/1001.jpg": b"x"}))
    with pytest.raises(FileNotFoundError, match="1001.jpg stands in .*zip twice; k"):
        load_flickr30k(tmp_path)
    monkeypatch.setattr("skmal.datasets._zips.LARGEST_IMAGE", 10_000)
    bomb = {"other/1001.jpg": b"", "flickr30k-images/1003.jpg": b"\0" * 10_001}
    rewritten(file, lambda members: members.update(bomb))
    with pytest.raises(ValueError, match="1003.jpg in .* has 10,001 bytes; exp"):
        load_flickr30k(tmp_path, on_error="skip")


def test_an_archive_whose_directory_lies(tmp_path):
    write_flickr(tmp_path, ["test"], archive=zipfile.ZIP_DEFLATED)
    file = tmp_path / "flickr30k-images.zip"
    data = file.read_bytes()
    at = [i for i in range(len(data)) if data[i : i + 4] == b"PK\1\2"]
    (size,) = {i + 24 for i in at if data[i + 46 :].startswith(b"flickr30k-images/1")}
    lies = bytearray(data)
    lies[size : size + 4] = (8).to_bytes(4, "little")
    write(file, bytes(lies))
    image = load_flickr30k(tmp_path).X[0]
    with pytest.raises(ValueError, match="another size than the archive says"):
        image.read()
    for broken in (b"", data[:-30], b"no archive" * 100):
        write(file, broken)
        with pytest.raises(ValueError, match="is damaged or no zip archive"):
            load_flickr30k(tmp_path, on_error="skip")


def test_a_damaged_image_in_an_archive(tmp_path):
    write_flickr(tmp_path, ["test"], archive=zipfile.ZIP_STORED)
    file = tmp_path / "flickr30k-images.zip"
    data, jpeg = file.read_bytes(), make_jpeg(0)
    broken = jpeg[:-20] + bytes([jpeg[-20] ^ 1]) + jpeg[-19:]  # among its pixels
    write(file, data.replace(jpeg, broken))
    image = load_flickr30k(tmp_path).X[0]
    with pytest.raises(ValueError, match=r"is damaged in the archive .its checksum is"):
        image.read()


def test_wrong_arguments(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no dataset_flickr30k.json, nei"):
        load_flickr30k(tmp_path)
    with pytest.raises(ValueError, match="split must be one of"):
        load_flickr30k(tmp_path, "restval")
    with pytest.raises(ValueError, match="n_captions must be an integer of at least 1"):
        load_flickr30k(tmp_path, n_captions=0)
    write_flickr(tmp_path, ["test"])
    (tmp_path / "flickr30k-images" / "1000.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="expected are the images in flickr30k"):
        load_flickr30k(tmp_path)
