"""Tiny files in exactly the layout of the published sets, and how they are read."""

import importlib
import json
import tarfile
import warnings
import zipfile
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

N_SHARD = 5


def datasets_library():
    """Return the library `datasets`; the tests' folder of that name is none."""
    pytest.importorskip("datasets.arrow_dataset")
    return importlib.import_module("datasets")


def skipping(load, *args, **kwargs):
    """Return the Bunch and what was skipped; the warning says how many things."""
    with pytest.warns(UserWarning, match=r"^skipped in .*; left: \d") as seen:
        bunch = load(*args, on_error="skip", **kwargs)
    assert len(seen) == 1
    assert f": {len(bunch.skipped)}, which" in str(seen[0].message)
    assert seen[0].filename == __file__
    return bunch, bunch.skipped


def silently(load, *args, **kwargs):
    """Return what a reader returns when it warns of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load(*args, **kwargs)


def write(path, content=""):
    """Write a file and its folders; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def make_jpeg(seed):
    """Return the bytes of a small image file; each seed gives another one."""
    pixels = np.random.default_rng(seed).integers(256, size=(4, 4, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).resize((32, 32)).save(file, "JPEG")
    return file.getvalue()


def quadruples(n, start=0):
    """Return rows with images as bytes, as the published parquet files have them."""
    return [
        {
            "id": start + i,
            "image_1": {"bytes": make_jpeg(2 * i), "path": f"{i}_1.jpg"},
            "image_2": {"bytes": make_jpeg(2 * i + 1), "path": None},
            "caption_1": f"a red {i} and a blue cup",
            "caption_2": f"a blue {i} and a red cup",
        }
        for i in range(n)
    ]


def write_parquet(path, rows, row_group_size=2):
    """Write rows to a parquet file."""
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=row_group_size)
    return path


def write_shard(folder, name, seed=0, n=N_SHARD, **changes):
    """Write a shard as DataComp publishes it."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "uid": f"{seed:030x}{i:02x}",
            "url": "https://example.org/x.jpg",
            "text": f"text {i}\nof {name} é" if i else None,
            "original_width": 8,
            "original_height": 8,
            "clip_b32_similarity_score": 0.3,
            "clip_l14_similarity_score": 0.2,
            "face_bboxes": [[0.0, 0.0, 1.0, 1.0]],
            "sha256": "0",
        }
        for i in range(n)
    ]
    write_parquet(folder / f"{name}.parquet", rows)
    arrays = {
        f"{key}_{side}": rng.normal(size=(n, width)).astype(np.float16)
        for key, width in (("b32", 512), ("l14", 768))
        for side in ("img", "txt")
    }
    arrays |= changes
    np.savez(folder / f"{name}.npz", **arrays)
    return arrays


def write_coco(folder, parts, n_captions=3):
    """Write one image for each of the parts, Karpathy's file and the official one."""
    images, official, annotations = [], [], []
    for number, part in enumerate(parts, start=40):
        year = "train2014" if part == "train" else "val2014"
        name = f"COCO_{year}_{number:012d}.jpg"
        write(folder / "images" / year / name, make_jpeg(number))
        texts = [f"image {number}", f"photo {number} \n", "the same"][:n_captions]
        sentences = [{"tokens": [], "raw": text, "sentid": 1} for text in texts]
        images.append(
            {
                "filepath": year,
                "filename": name,
                "cocoid": number,
                "imgid": 0,
                "split": part,
                "sentids": [1, 2, 3],
                "sentences": sentences,
            }
        )
        if year == "val2014":
            official.append({"id": number, "file_name": name, "height": 8})
            annotations += [
                {"image_id": number, "id": 9, "caption": text} for text in texts[:2]
            ]
    content = {"images": images, "dataset": "coco"}
    write(folder / "dataset_coco.json", json.dumps(content))
    content = {"info": {}, "images": official, "annotations": annotations[::-1]}
    write(folder / "annotations" / "captions_val2014.json", json.dumps(content))


def tar_member(name, content=b"", **fields):
    """Return a member to be written into a tar file; fields are tarfile's own."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for field, value in fields.items():
        setattr(member, field, value)
    return member, content


def sample_members(number, **changes):
    """Return the members of a sample as img2dataset writes them, with DataComp's uid.

    A change of a member to None takes it out.
    """
    key = f"{number:09d}"
    about = {
        "uid": f"{number:032x}",
        "caption": f"caption {number}",
        "url": "https://example.org/x.jpg",
        "key": key,
        "status": "success",
        "error_message": None,
        "width": 32,
        "height": 32,
        "original_width": 640,
        "original_height": 640,
        "exif": "{}",
        "sha256": "0",
    }
    contents = {
        "jpg": make_jpeg(number),
        "json": json.dumps(about, indent=4).encode(),
        "txt": f"text {number}".encode(),
    } | changes
    return [
        tar_member(f"{key}.{ending}", content)
        for ending, content in contents.items()
        if content is not None
    ]


def write_tar(path, members):
    """Write a tar file of members."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for member, content in members:
            archive.addfile(member, BytesIO(content))
    return path


def write_samples(path, numbers, *others):
    """Write a shard of plain samples, and other members behind them."""
    plain = [member for number in numbers for member in sample_members(number)]
    return write_tar(path, [*plain, *others])


def write_flickr(folder, parts, n_captions=5, archive=None):
    """Write one image for each of the parts, and Karpathy's file.

    `archive` is a method of zipfile; None: the images are files.
    """
    images, files = [], {}
    for number, part in enumerate(parts):
        name = f"{1000 + number}.jpg"
        files[name] = make_jpeg(number)
        sentences = [
            {
                "tokens": [],
                "raw": f"image {number}, {i} .",
                "imgid": number,
                "sentid": i,
            }
            for i in range(n_captions)
        ]
        images.append(
            {
                "sentids": list(range(n_captions)),
                "imgid": number,
                "sentences": sentences,
                "split": part,
                "filename": name,
            }
        )
    content = {"images": images, "dataset": "flickr30k"}
    write(folder / "dataset_flickr30k.json", json.dumps(content))
    write_images(folder, "flickr30k-images", files, archive)
    return folder


def write_winoground(folder, n, archive=None):
    """Write quadruples as Winoground has them; `archive` is as of `write_flickr`."""
    rows, files = [], {}
    for number in range(n):
        names = [f"ex_{number}_img_{i}" for i in (0, 1)]
        for i, name in enumerate(names):
            files[f"{name}.png"] = make_jpeg(2 * number + i)
        rows.append(
            {
                "id": number,
                "image_0": names[0],
                "image_1": names[1],
                "caption_0": f"{number} dogs before one cat",
                "caption_1": f"one cat before {number} dogs",
                "tag": "Scope",
                "secondary_tag": "",
                "num_main_preds": 1,
                "collapsed_tag": "Relation" if number % 2 else "Object",
            }
        )
    write(folder / "examples.jsonl", "\n".join(map(json.dumps, rows)))
    write_images(folder, "images", files, archive)
    return folder


def write_images(folder, name, files, archive):
    """Write files into a folder, or into a zip file of that name, as macOS makes it."""
    if archive is None:
        for key, content in files.items():
            write(folder / name / key, content)
        return
    with zipfile.ZipFile(folder / f"{name}.zip", "w", archive) as made:
        made.mkdir(name)
        for key, content in files.items():
            made.writestr(f"{name}/{key}", content)
            made.writestr(f"__MACOSX/{name}/._{key}", b"\0\5\x16\7")
