"""What takes a file's place does so when it is whole and on disk."""

import os

import pytest

from skmal._shared.files import replacing


def test_a_file_is_brought_to_disk_and_then_takes_the_place(tmp_path, monkeypatch):
    path, steps = tmp_path / "kept", []
    path.write_text("before")

    def noted(name):
        step = getattr(os, name)

        def run(*args):
            size = os.stat(args[0]).st_size  # of what is written
            steps.append((name, path.read_text(), size))
            return step(*args)

        return run

    for name in ("fsync", "replace"):
        monkeypatch.setattr(os, name, noted(name))
    with replacing(path) as file:
        file.write("h\u00e9n\n")
        assert path.read_text() == "before"
    assert steps == [("fsync", "before", 5), ("replace", "before", 5)]
    assert path.read_bytes() == "h\u00e9n\n".encode()
    with replacing(path, "wb") as file:
        file.write(b"\xff")
    assert path.read_bytes() == b"\xff"
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("where", ["body", "fsync", "replace"])
def test_what_fails_leaves_the_file_that_was(tmp_path, monkeypatch, where):
    path = tmp_path / "kept"
    path.write_text("before")

    def full(*_):
        raise OSError("full")

    def write():
        with replacing(path) as file:
            file.write("after")
            if where == "body":
                full()

    if where != "body":
        monkeypatch.setattr(os, where, full)
    with pytest.raises(OSError, match="full"):
        write()
    assert path.read_text() == "before"
    assert [*tmp_path.iterdir()] == [path]
