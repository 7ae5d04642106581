"""MS-COCO, on tiny files in exactly its layout."""

import json
from pathlib import Path

import pytest
from sets import make_jpeg, silently, skipping, write, write_coco

from skmal.datasets import load_coco_captions


@pytest.fixture
def coco(tmp_path):
    """Return a folder with both splits' files and the images of five entries."""
    write_coco(tmp_path, ["test", "train", "restval", "val", "test"])
    return tmp_path


def test_coco_in_karpathys_split(coco):
    test = silently(load_coco_captions, coco)
    assert list(test.groups) == [40, 40, 40, 44, 44, 44]
    assert list(test.y[:3]) == ["image 40", "photo 40", "the same"]
    assert Path(test.X[3]).read_bytes() == make_jpeg(44)
    assert test.X[3] == test.X[5]
    same = load_coco_captions(coco, "test", n_captions=2)
    assert list(same.groups) == [40, 40, 44, 44]
    both = load_coco_captions(coco, split="train+restval", n_captions=1)
    assert (list(both.groups), list(both.split)) == ([41, 42], ["train", "restval"])
    X, y = load_coco_captions(coco, split="all", return_X_y=True)
    assert len(X) == len(y) == 15


def test_coco_in_the_official_split(coco):
    val = silently(load_coco_captions, coco, "val2014")
    assert list(val.groups) == [40, 40, 42, 42, 43, 43, 44, 44]
    assert list(val.y[:2]) == ["photo 40", "image 40"]
    with pytest.raises(FileNotFoundError, match="holds no captions_val2017.json, neit"):
        load_coco_captions(coco, "val2017")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"filename": "gone.jpg"}, r"images\[0\]: there is no file .*gone.jpg"),
        ({"sentences": []}, r"images\[0\]: an image without captions"),
        ({"sentences": [{"raw": " "}]}, r"images\[0\]: .* with empty ones"),
        ({"sentences": [{}]}, r"images\[0\]: an image without captions"),
        ({"sentences": [3]}, r"images\[0\]: no filename, split and sentences"),
        ({"cocoid": 44}, r"images\[4\]: image 44 stands there twice"),
        ({"cocoid": "x"}, r"images\[0\]: the image's number is 'x', no integer"),
        ({"filename": 7}, r"images\[0\]: no filename"),
    ],
)
def test_coco_with_a_broken_entry(coco, change, message):
    file = coco / "dataset_coco.json"
    content = json.loads(file.read_bytes())
    content["images"][0] |= change
    file.write_text(json.dumps(content))
    with pytest.raises((ValueError, FileNotFoundError), match=message) as error:
        load_coco_captions(coco)
    assert str(file) in str(error.value)
    test, skipped = skipping(load_coco_captions, coco)
    assert set(test.groups) == {44}
    assert len(skipped) == 1


@pytest.mark.parametrize("caption", ["", " \n", None, 7, "\ud83d"])
def test_coco_with_an_empty_caption_loses_that_alone(coco, caption):
    file = coco / "dataset_coco.json"
    content = json.loads(file.read_bytes())
    content["images"][0]["sentences"][1]["raw"] = caption
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"images\[0\], caption 1: "):
        load_coco_captions(coco)
    test, skipped = skipping(load_coco_captions, coco)
    assert list(test.groups) == [40, 40, 44, 44, 44]
    assert list(test.y[:2]) == ["image 40", "the same"]
    assert len(skipped) == 1
    two, _ = skipping(load_coco_captions, coco, n_captions=2)
    assert list(two.y[:2]) == ["image 40", "the same"]


def test_official_coco_with_an_empty_caption_loses_that_alone(coco):
    file = coco / "annotations" / "captions_val2014.json"
    content = json.loads(file.read_bytes())
    content["annotations"][-1]["caption"] = ""  # the second of image 40
    file.write_text(json.dumps(content))
    val, skipped = skipping(load_coco_captions, coco, "val2014")
    assert list(val.groups) == [40, 42, 42, 43, 43, 44, 44]
    assert len(skipped) == 1


def test_coco_with_broken_annotations(coco):
    file = coco / "annotations" / "captions_val2014.json"
    content = json.loads(file.read_bytes())
    content["annotations"] += [{"image_id": 43}, {"image_id": 1, "caption": "x"}]
    content["images"] += [{"id": 1000}, 5, {"id": [1], "file_name": "x"}]
    file.write_text(json.dumps(content))
    val, skipped = skipping(load_coco_captions, coco, "val2014")
    assert set(val.groups) == {40, 42, 43, 44}
    parts = ["annotations[8]: no", *(f"images[{row}]: no id" for row in (4, 5, 6))]
    parts.append("of image 1,")
    assert all(part in message for part, message in zip(parts, skipped, strict=True))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"images": 3}', "{}", b"\xff"])
def test_coco_with_a_broken_file(tmp_path, content):
    file = write(tmp_path / "dataset_coco.json", content)
    with pytest.raises(ValueError, match="expected is JSON with the lists images") as e:
        load_coco_captions(tmp_path, on_error="skip")
    assert str(file) in str(e.value)
