"""Which files a folder holds, and what of it is left out."""

import os
import stat
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from ._formats import known_suffixes, readable_suffixes, why_unread

# Beside names that begin with a dot. What systems and their shares put into folders.
IGNORED = {
    "__macosx",
    "__pycache__",
    "@eadir",
    "@recycle",
    "#recycle",
    "$recycle.bin",
    "desktop.ini",
    "ehthumbs.db",
    "lost+found",
    "system volume information",
    "thumbs.db",
}


@dataclass(frozen=True)
class Listing:
    """The files of a folder that are taken.

    Parameters
    ----------
    keys : list of str
        Their paths relative to the folder, with slashes.
    paths : list of Path
        Their paths.
    left_out : str
        What was there and is not taken, counted: "1 .heic (pip install
        "skmal[heif]"), 3 .txt"; empty where nothing was left out.
    """

    keys: list[str]
    paths: list[Path]
    left_out: str


def list_images(folder: str | Path) -> Listing:
    """Return the images in a folder and below it that can be read here by their ending.

    See `list_files`.
    """
    return _list(Path(folder), readable_suffixes(), "images")


def list_files(folder: str | Path, suffixes: Collection[str]) -> Listing:
    """Return the files in a folder and below it that have one of some endings.

    They are sorted by path. Hidden files and folders, and those that systems put into
    folders (`__MACOSX`, `@eaDir`, `Thumbs.db`, ...), are ignored without a word. Links
    are followed; what is reached twice counts once, by its real path where that is in
    the folder. All else is counted in `left_out`: other endings, repeated links, names
    that are no valid Unicode, folders that may not be read. Endings are compared in
    small letters. No file is opened.

    Raises
    ------
    ValueError
        Where no file is left; it says what was there.
    FileNotFoundError, NotADirectoryError, PermissionError
        Where the folder itself cannot be listed.
    """
    wanted = frozenset(suffixes)
    return _list(Path(folder), wanted, f"{', '.join(sorted(wanted))} files")


@dataclass
class _Found:
    """What a walk has found so far.

    `seen` holds what tells a file or folder from all others, of all that were reached.
    """

    suffixes: Collection[str]
    paths: list[str] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)
    seen: set[object] = field(default_factory=set)
    endings: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    closed: list[str] = field(default_factory=list)


def _list(folder: Path, suffixes: Collection[str], what: str) -> Listing:
    found = _Found(suffixes)
    os.scandir(folder).close()  # raises where there is no such folder
    _walk(folder, folder, found)
    while found.links:  # a linked folder may hold links itself
        links, found.links = sorted(found.links), []
        for link in links:
            _follow(link, folder, found)
    left_out = _left_out(found)
    if not found.paths:
        there = f"it holds {left_out}" if left_out else "it is empty"
        raise ValueError(
            f"{folder} holds no {what} that can be read: {there}; name another folder, "
            "or pass a list of paths"
        )
    top = os.path.join(folder, "")
    parts = sorted(path.removeprefix(top).split(os.sep) for path in found.paths)
    keys = ["/".join(own) for own in parts]
    return Listing(keys, [folder / key for key in keys], left_out)


def _walk(top: Path, folder: Path, found: _Found) -> None:
    """Take the files in `top` and below it, and note the links there."""
    waiting = [top]
    while waiting:
        here = waiting.pop()
        try:
            identity = _identity(os.stat(here))
            if identity in found.seen:
                found.others["repeated"] += 1
                continue
            found.seen.add(identity)
            with os.scandir(here) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
            for entry in inside[:1]:
                entry.stat(follow_symlinks=False)  # names may be read, and no more
        except OSError:
            found.closed.append(here.relative_to(folder).as_posix())
            continue
        for entry in inside:
            if entry.name.startswith(".") or entry.name.lower() in IGNORED:
                continue
            if not _is_unicode(entry.name):
                found.others["no unicode"] += 1
            elif entry.is_symlink():
                found.links.append(here / entry.name)
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(here / entry.name)
            else:
                _take(entry.path, entry.stat(follow_symlinks=False), found)


def _follow(link: Path, folder: Path, found: _Found) -> None:
    """Take what a link leads to."""
    try:
        status = os.stat(link)
    except OSError:  # it leads nowhere, or round in a circle
        found.others["nowhere"] += 1
        return
    if stat.S_ISDIR(status.st_mode):
        _walk(link, folder, found)
    elif link.suffix.lower() in found.suffixes and _identity(status) in found.seen:
        found.others["repeated"] += 1
    else:
        _take(str(link), status, found)


def _take(path: str, status: os.stat_result, found: _Found) -> None:
    """Take a file, or count what it is."""
    suffix = os.path.splitext(path)[1].lower().rstrip(".")
    if not stat.S_ISREG(status.st_mode):
        found.others["special"] += 1
    elif suffix in found.suffixes:
        found.seen.add(_identity(status))
        found.paths.append(path)
    else:
        found.endings[suffix] += 1


def _identity(status: os.stat_result) -> object:
    return status.st_dev, status.st_ino


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _left_out(found: _Found) -> str:
    """Return one line that counts what was left out."""
    parts = []
    for suffix, count in sorted(found.endings.items()):
        part = f"{count:,} {suffix}" if suffix else _count(count, "file", "no ending")
        if suffix in known_suffixes() - readable_suffixes():
            part += f" ({why_unread(suffix)})"
        parts.append(part)
    for kind, one, more in (
        ("repeated", "link to what is there already", "links to what is there already"),
        ("nowhere", "link that leads nowhere", "links that lead nowhere"),
        ("special", "that is no file", "that are no files"),
        ("no unicode", "name that is no Unicode", "names that are no Unicode"),
    ):
        if count := found.others[kind]:
            parts.append(f"{count:,} {one if count == 1 else more}")
    if found.closed:
        named = ", ".join(sorted(found.closed)[:3])
        n = len(found.closed)
        folders = "folder" if n == 1 else "folders"
        more = ", ..." if n > 3 else ""
        parts.append(f"{n:,} {folders} that may not be read ({named}{more})")
    return ", ".join(parts)


def _count(count: int, what: str, without: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'} with {without}"
