"""Image files by key."""

import os

import numpy as np
import pytest
from sets import make_jpeg, write, write_parquet

from skmal import AnnotationSession, PairedActiveLearner
from skmal.datasets import load_images, load_texts


def test_a_folder(tmp_path):
    for name in ("b.jpg", "a/C.PNG", ".hidden.jpg", "__MACOSX/._b.jpg", "notes.txt"):
        write(tmp_path / name, make_jpeg(0))
    images = load_images(tmp_path)
    assert images == {"a/C.PNG": tmp_path / "a/C.PNG", "b.jpg": tmp_path / "b.jpg"}
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty holds no images"):
        load_images(tmp_path / "empty")


@pytest.mark.parametrize("name", ["image", " Image_File_Name ", "file_name", "Photo"])
def test_a_table(tmp_path, name):
    image = {"image": "photo"} if name == "Photo" else {}
    rows = f"{name};n\na/b.png;1\n{tmp_path}/c.png;2\n"
    found = load_images(write(tmp_path / "t" / "t.csv", rows), **image)
    assert list(found) == ["a/b.png", f"{tmp_path}/c.png"]
    assert list(found.values()) == [tmp_path / "t" / "a/b.png", tmp_path / "c.png"]
    named = write(tmp_path / "t.tsv", f"ID\t{name}\n7\ta.png\n8\ta.png\n")
    assert load_images(named, **image) == dict.fromkeys("78", tmp_path / "a.png")
    file = write_parquet(tmp_path / "t.parquet", [{name: "a.png", "id": 3}])
    assert load_images(file, **image) == {"3": tmp_path / "a.png"}
    strings = write(tmp_path / "t.json", '["a.png", "b.png"]')
    assert list(load_images(strings)) == ["a.png", "b.png"]


def test_paths_are_relative_to_the_table(tmp_path, monkeypatch):
    write(tmp_path / "deep" / "t.csv", "image\na.png\n")
    monkeypatch.chdir(tmp_path)
    (path,) = load_images(os.path.join("deep", "t.csv")).values()
    assert path.as_posix() == "deep/a.png"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("image\nhttps://e.org/a.png\n", "line 2: https://e.org/a.png is an address"),
        ("image\nS3://b/a.png\n", "line 2: S3://b/a.png is an address, no file; downl"),
        ('image\n"data:image/png;base64,xx"\n', "line 2: data:image.* is an address"),
        ("image,n\n,1\n", "line 2: it has no 'image'"),
        (
            "image\na.png\nb.png\na.png\n",
            "line 4: the image 'a.png' stands in .*leave out",
        ),
        ("id,image\n1,a.png\n,b.png\n", "line 3: it has no id, but other rows have"),
        ("photo\na.png\n", "no column 'image' among .*--image-column NAME"),
        ("image,file_name\na.png,b.png\n", "more than .* say which: image='file_name'"),
    ],
)
def test_what_cannot_be_told_is_refused_or_left_out(tmp_path, content, message):
    file = write(tmp_path / "t.csv", content)
    with pytest.raises(ValueError, match=message) as error:
        load_images(file)
    assert str(file) in str(error.value)


def test_what_cannot_be_told_is_left_out_and_counted(tmp_path):
    rows = ["1,a.png", "2,https://e.org/b.png", "1,c.png", ",d.png", "5,", "6,f.png"]
    file = write(tmp_path / "t.csv", "\n".join(["id,image", *rows]))
    with pytest.warns(UserWarning, match="t.csv: 4; left: 2 images") as seen:
        found = load_images(file, on_error="skip")
    assert found == {"1": tmp_path / "a.png", "6": tmp_path / "f.png"}
    assert all(f"line {n}: " in str(seen[0].message) for n in (3, 4, 5, 6))


def test_wrong_arguments(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file or folder .*none"):
        load_images(tmp_path / "none")
    with pytest.raises(ValueError, match="must end in one of .tar, .csv, .tsv"):
        load_images(write(tmp_path / "a.txt", "a.png"))


def test_both_are_pools_of_a_session(tmp_path):
    for i in range(6):
        write(tmp_path / f"{i}.jpg", make_jpeg(i))
    rows = "".join(f"k{i};{i}.jpg;photo {i}\n" for i in range(6))
    table = write(tmp_path / "t.csv", f"id;image;text\n{rows}")
    features = np.random.default_rng(0).normal(size=(6, 3))
    with AnnotationSession(
        tmp_path / "s.skmal",
        load_images(table),
        load_texts(table),
        PairedActiveLearner(batch_size=2, random_state=0),
        features=(features, features),
    ) as session:
        assert session.kinds == ("image", "text")
        assert session.items.get(0, "k3").value == tmp_path / "3.jpg"
        assert session.items.get(1, "k3").value == "photo 3"
