"""The files of a dataset of Hugging Face in a folder, by their splits."""

import json
import os
import re
from pathlib import Path
from typing import Any

from ._reading import Problems

STATE, SPLITS = "state.json", "dataset_dict.json"  # of save_to_disk
NO_SPLIT = ""


def files_by_split(folder: Path) -> dict[str, list[Path]]:
    """Return the files of a folder by their splits."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no folder {folder}; pass one that save_to_disk wrote, or that "
            "has the parquet files of a dataset"
        )
    if (folder / STATE).is_file():
        return {NO_SPLIT: _saved_files(folder)}
    if (folder / SPLITS).is_file():
        names = _json_value(folder / SPLITS, "splits")
        return {str(name): _saved_files(folder / _plain(name)) for name in names}
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.rglob("*.parquet")):
        parts = file.relative_to(folder)
        if any(part.startswith((".", "skmal-cache")) for part in parts.parts):
            continue
        name = re.split(r"-\d", parts.stem)[0]  # train-00000-of-00001
        if name.isdigit():  # train/0000.parquet, as the hub converts datasets
            name = parts.parent.name
        found.setdefault(name, []).append(file)
    if not found:
        raise FileNotFoundError(
            f"{folder} holds no {STATE} and no {SPLITS}, as save_to_disk writes them, "
            "and no .parquet file; name another folder"
        )
    return found


def check_files(split: str, files: list[Path], problems: Problems) -> None:
    """Raise where files of a split are not of one set; one without all is a problem."""
    firsts = {(file.parent, _n_files(file)): file for file in reversed(files)}
    if len(firsts) > 1:
        names = ", ".join(map(str, reversed(firsts.values())))
        raise ValueError(
            f"files of the split {split!r} are in several folders, or of several "
            f"downloads: {names}; pass the folder of one, or keep one"
        )
    ((folder, n),) = firsts
    if n is not None and len(files) < n:
        problems.add(
            f"{folder} holds {len(files)} of the {n} files of the split {split!r}; get "
            "the others",
            error=FileNotFoundError,
        )


def _n_files(file: Path) -> int | None:
    """Return how many files a name says that there are; None: it does not."""
    found = re.search(r"-\d+-of-(\d+)", file.stem)  # train-00000-of-00002
    return None if found is None else int(found[1])


def _saved_files(folder: Path) -> list[Path]:
    """Return the files that save_to_disk wrote; others there are its caches."""
    if not (folder / STATE).is_file():
        raise FileNotFoundError(
            f"there is no {folder / STATE}, which save_to_disk writes; get the folder "
            "anew"
        )
    files = _json_value(folder / STATE, "_data_files")
    try:
        return [folder / _plain(file["filename"]) for file in files]
    except (TypeError, KeyError) as error:
        raise ValueError(f"{folder / STATE} names no files ({error!r})") from error


def _json_value(file: Path, key: str) -> list[Any]:
    try:
        value = json.loads(file.read_bytes())[key]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{file} cannot be read ({error!r}); get it anew") from error
    if not isinstance(value, list):
        raise ValueError(f"{file} holds no list {key!r}, but {value!r:.60}")
    return value


def _plain(name: Any) -> str:
    """Return the name of a file in the folder itself, or raise."""
    if not isinstance(name, str) or name != os.path.basename(name) or name == "..":
        raise ValueError(f"{name!r:.80} is no name of a file in the folder itself")
    return name
