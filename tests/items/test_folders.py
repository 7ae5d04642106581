"""What is taken of a folder, and what is said of the rest."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmal.items._folders import list_files, list_images


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_hidden_files_and_what_systems_leave_are_ignored_without_a_word(tmp_path):
    touch(tmp_path / "b" / "x.png", tmp_path / "a.JPG", tmp_path / "b.png")
    for name in (
        ".a.png",
        "._a.png",
        ".ipynb_checkpoints/a-checkpoint.png",
        ".thumbnails/a.png",
        "@eaDir/a.jpg/SYNO.jpg",
        "__MACOSX/._a.png",
        "__MACOSX/b/c.png",
        "#recycle/a.png",
        "$RECYCLE.BIN/a.png",
        "System Volume Information/a.png",
        "lost+found/a.png",
        "__pycache__/a.png",
        "b/.hidden/a.png",
        "Thumbs.db",
        "b/desktop.ini",
        ".DS_Store",
    ):
        touch(tmp_path / name)
    listing = list_images(tmp_path)
    assert listing.keys == ["a.JPG", "b/x.png", "b.png"]  # as Path sorts
    assert listing.paths == [tmp_path / key for key in listing.keys]
    assert listing.left_out == ""


def test_a_hidden_folder_may_be_listed_itself(tmp_path):
    touch(tmp_path / ".cache" / "a.png")
    assert list_images(tmp_path / ".cache").keys == ["a.png"]


def test_the_rest_is_counted(tmp_path, monkeypatch):
    touch(*(tmp_path / name for name in ("a.png", "b.txt", "c.TXT", "d", "e.cr2")))
    touch(tmp_path / "f.heic", tmp_path / "g.avif")
    monkeypatch.setattr(
        "skmal.items._folders.readable_suffixes", lambda: frozenset({".png"})
    )
    listing = list_images(tmp_path)
    assert listing.keys == ["a.png"]
    assert listing.left_out == (
        "1 file with no ending, 1 .avif (this Pillow does not read it), 1 .cr2, 1 "
        '.heic (pip install "skmal[heif]"), 2 .txt'
    )


def test_links_are_followed_once(tmp_path):
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    touch(folder / "z.png", folder / "sub" / "y.png", elsewhere / "x.png")
    touch(elsewhere / ".git" / "annex" / "k1", elsewhere / "deep" / "w.png")
    for name, target in {
        "a.png": "z.png",  # sorts before what it leads to
        "linked": elsewhere,
        "linked again": elsewhere,
        "sub/circle": "..",
        "self.png": "self.png",
        "gone.png": "gone",
        "annex.png": elsewhere / ".git" / "annex" / "k1",
        "annex too.png": elsewhere / ".git" / "annex" / "k1",
        "all": tmp_path,
    }.items():
        os.symlink(target, folder / name)
    os.symlink(folder, elsewhere / "back")
    listing = list_images(folder)
    # `all` leads to `elsewhere` before `linked` does.
    assert listing.keys == [
        "all/elsewhere/deep/w.png",
        "all/elsewhere/x.png",
        "annex too.png",
        "sub/y.png",
        "z.png",
    ]
    assert "links to what is there already" in listing.left_out
    assert "2 links that lead nowhere" in listing.left_out
    identities = {os.stat(path).st_ino for path in listing.paths}
    assert len(identities) == len(listing.paths)


def test_names_that_are_no_unicode_and_pipes_are_counted(tmp_path):
    touch(tmp_path / "a.png")
    with open(os.fsencode(tmp_path) + b"/\xff.png", "w"):
        pass
    os.mkfifo(tmp_path / "pipe.png")
    listing = list_images(tmp_path)
    assert listing.keys == ["a.png"]
    assert listing.left_out == "1 that is no file, 1 name that is no Unicode"


def test_folders_that_may_not_be_read_are_named(tmp_path, monkeypatch):
    touch(tmp_path / "a.png", tmp_path / "closed" / "b.png")
    scandir = os.scandir

    def closed(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    listing = list_images(tmp_path)
    assert listing.keys == ["a.png"]
    assert listing.left_out == "1 folder that may not be read (closed)"
    with pytest.raises(PermissionError):
        list_images(tmp_path / "closed")


def test_an_empty_result_says_what_was_there(tmp_path):
    with pytest.raises(ValueError, match="holds no images .*: it is empty; name an"):
        list_images(tmp_path)
    touch(tmp_path / "a.txt", tmp_path / ".hidden.png")
    with pytest.raises(ValueError, match=r"holds no images .*: it holds 1 \.txt; name"):
        list_images(tmp_path)
    with pytest.raises(ValueError, match=r"holds no \.csv, \.tsv files .* 1 \.txt;"):
        list_files(tmp_path, [".tsv", ".csv"])
    assert list_files(tmp_path, {".txt"}).keys == ["a.txt"]
    with pytest.raises(FileNotFoundError):
        list_images(tmp_path / "gone")
    with pytest.raises(NotADirectoryError):
        list_images(tmp_path / "a.txt")


names = st.sampled_from(["a", "b.png", "c.txt", ".d", "e.PNG", "@eaDir"])


@settings(max_examples=40)
@given(st.lists(st.tuples(names, names, names), max_size=8), st.randoms())
def test_every_file_is_taken_counted_or_hidden(tmp_path_factory, parts, random):
    folder = tmp_path_factory.mktemp("folder")
    touch(folder / "always.png")
    for path in parts:
        try:
            touch(folder.joinpath(*path))
        except OSError:  # a file stands where a folder should
            continue
    ignored = {"@eaDir", ".d"}
    shown = [
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and not ignored & set(path.relative_to(folder).parts)
    ]
    wanted = sorted(path for path in shown if path.suffix.lower() == ".png")
    listing = list_files(folder, [".png"])
    assert listing.keys == [path.as_posix() for path in wanted]
    counts = [int(part.split()[0]) for part in listing.left_out.split(", ") if part]
    assert sum(counts) == len(shown) - len(wanted)
