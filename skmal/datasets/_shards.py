"""Samples in the shards of a WebDataset: what belongs together, and where it lies.

A member is called KEY.ENDING, cut at the first dot of the last part of its name.
Members of one key are a sample: an image, its text, and JSON with more about it.
"""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ..items._faults import find_faults
from ..items._formats import known_suffixes, readable_formats, readable_suffixes
from ..items._stored import PackedImage, stamp_of
from ._columns import value_fault
from ._reading import Problems, convert_once
from ._tars import Member, members

TAR = ".tar"
CACHE = "skmal-cache"
INDEX = "index.json"
VERSION = 2  # of the index
OF_JSON = "json."  # before the name of a field, in place of the ending of texts
LARGEST_TEXT = 1 << 20  # bytes
LARGEST_IMAGE = 1 << 28


class Sample(NamedTuple):
    """A pair in a shard.

    Parameters
    ----------
    key : str
        What its members are called.
    image : PackedImage
        Its image.
    text : str
        Its text.
    uid : str
        What its JSON calls it; "" where it does not.
    """

    key: str
    image: PackedImage
    text: str
    uid: str


@dataclass
class _Parts:
    """The members of one key that are looked at."""

    images: list[Member] = field(default_factory=list)
    text: Member | None = None
    json: Member | None = None


def find_shards(path: str | Path | Sequence[str | Path]) -> list[Path]:
    """Return the tar files that are meant: one, several, or those of a folder."""
    if not isinstance(path, (str, Path)):
        shards = [Path(part) for part in path]
        if not shards:
            raise ValueError("there are no shards in an empty list; pass their paths")
    else:
        path = Path(path)
        if not path.is_dir():
            shards = [path]
        else:
            folders = (path, path / "shards")  # the second as DataComp has it
            found = (sorted(folder.glob(f"*{TAR}")) for folder in folders)
            shards = next(filter(None, found), [])
            if not shards:
                raise FileNotFoundError(
                    f"{path} holds no .tar file, neither itself nor in shards/; pass "
                    "the folder of the shards, or their paths"
                )
    for shard in shards:
        if not shard.is_file():
            raise FileNotFoundError(
                f"there is no file {shard}; pass a .tar file, several, or their folder"
            )
    return shards


def check_text(text: str) -> str:
    """Return what texts are called in shards, or raise."""
    if not isinstance(text, str) or not text.strip(". "):
        raise ValueError(
            "text must be the ending of the texts' members, such as 'txt', or of the "
            f"form 'json.FIELD', got {text!r}"
        )
    text = text.lstrip(".")
    return text if text.startswith(OF_JSON) else text.lower()


def are_shards(path: Path) -> bool:
    """Say whether a path is a tar file, or a folder that holds one."""
    return path.suffix.lower() == TAR or any(path.glob(f"*{TAR}"))


def read_samples(
    shards: Sequence[Path],
    text: str | None,
    cache: str | Path | None,
    problems: Problems,
    verbose: int = 0,
) -> list[Sample]:
    """Return the samples of all shards that can be used; each key once.

    What is found out about a shard is kept in the cache, and found out anew where the
    shard changes. Where `text` is None images are enough, and they are not looked at.
    """
    seen: dict[str, Path] = {}
    samples = []
    for shard in shards:
        found, messages = _indexed(shard, text, cache, verbose)
        for message in messages:
            problems.add(f"{shard}: {message}")
        for sample in found:
            if sample.key in seen:
                problems.add(
                    f"{shard}: the key {sample.key!r} stands in {seen[sample.key]} as "
                    "well; keep one of the two"
                )
            else:
                seen[sample.key] = shard
                samples.append(sample)
    return samples


def _indexed(
    shard: Path, text: str | None, cache: str | Path | None, verbose: int
) -> tuple[list[Sample], list[str]]:
    """Return the samples of a shard, and what is wrong with others."""
    home = shard.parent / CACHE if cache is None else Path(cache)
    depends = [VERSION, text, *readable_formats()]
    if cache is not None:
        depends.append(os.path.realpath(shard.parent))
    state = hashlib.sha256(json.dumps(depends).encode()).hexdigest()[:8]

    def convert(folder: Path) -> None:
        problems = Problems("skip")
        samples = _samples(shard, text, problems, verbose)
        rows = [
            [s.key, s.image.name, s.image.offset, s.image.size, s.text, s.uid]
            for s in samples
        ]
        made = {"rows": rows, "skipped": problems.messages}
        (folder / INDEX).write_text(json.dumps(made), encoding="utf-8")

    folder = convert_once(home / f"{shard.name}-{state}", [shard], convert)
    made = json.loads((folder / INDEX).read_bytes())
    name, stamp = str(shard), stamp_of(shard)
    samples = [
        Sample(key, PackedImage(name, member, offset, size, stamp), text, uid)
        for key, member, offset, size, text, uid in made["rows"]
    ]
    return samples, made["skipped"]


def _samples(
    shard: Path, text: str | None, problems: Problems, verbose: int
) -> list[Sample]:
    """Return the samples of a shard that can be used, its images looked at."""
    stamp = stamp_of(shard)
    samples = []
    with open(shard, "rb") as opened:

        def content(member: Member) -> bytes:
            opened.seek(member.offset)
            return opened.read(member.size)

        for key, parts in _grouped(shard, text, problems).items():
            try:
                found = _image(parts)
                if text is None:
                    image = PackedImage(str(shard), *found, stamp)
                    samples.append(Sample(key, image, "", ""))
                    continue
                about = {} if parts.json is None else _about(parts.json, content)
                caption = _text(parts, text, content, about)
                uid = about.get("uid", "")
                if not isinstance(uid, str):
                    raise ValueError(f"its uid is {uid!r:.60}, no string")
            except ValueError as error:
                problems.add(f"the sample {key!r:.200}: {error}")
                continue
            image = PackedImage(str(shard), *found, stamp)
            samples.append(Sample(key, image, caption, uid))
    if text is None:
        return samples
    images = [sample.image for sample in samples]
    bad = find_faults(list(images), verbose=verbose, desc=f"looking at {shard.name}")
    for row, why in bad.items():
        problems.add(f"{images[row].name} cannot be read as an image ({why})")
    return [sample for row, sample in enumerate(samples) if row not in bad]


def _grouped(shard: Path, text: str | None, problems: Problems) -> dict[str, _Parts]:
    """Return the members of each key; one that stands there twice counts once."""
    samples: dict[str, _Parts] = {}
    seen: set[str] = set()
    for member in members(shard):
        if isinstance(member, str):
            problems.add(member)
            continue
        folder, _, name = member.name.rpartition("/")
        stem, dot, ending = name.partition(".")
        key = f"{folder}/{stem}" if folder else stem
        ending = ending.lower()
        is_image = f".{ending}" in known_suffixes()
        if not stem or not dot or not (is_image or ending in (text, "json")):
            continue
        if member.name in seen:
            problems.add(
                f"the member {member.name!r:.200} stands there twice; the first counts"
            )
            continue
        seen.add(member.name)
        parts = samples.setdefault(key, _Parts())
        first = parts.json if ending == "json" else parts.text
        if is_image:
            parts.images.append(member)
        elif first is not None:  # 1.txt and 1.TXT
            problems.add(
                f"the member {member.name!r:.200} is the same as {first.name!r:.200}; "
                "the first counts"
            )
        elif ending == "json":
            parts.json = member
        else:
            parts.text = member
    return samples


def _image(parts: _Parts) -> Member:
    """Return the one image of a sample, or raise."""
    if not parts.images:
        raise ValueError("it has no image")
    names = [member.name for member in parts.images]
    if len(names) > 1:
        raise ValueError(f"it has several images: {', '.join(names):.200}; keep one")
    (image,) = parts.images
    ending = os.path.splitext(image.name)[1].lower()
    if ending not in readable_suffixes():
        raise ValueError(f"its image is {ending}, which is not read here")
    if not 0 < image.size <= LARGEST_IMAGE:
        raise ValueError(
            f"its image has {image.size:,} bytes; expected are 1 to {LARGEST_IMAGE:,}"
        )
    return image


def _about(member: Member, content: Callable[[Member], bytes]) -> dict[str, Any]:
    """Return the JSON of a sample."""
    if member.size > LARGEST_TEXT:
        raise ValueError(f"its JSON has more than {LARGEST_TEXT:,} bytes")
    try:
        about = json.loads(content(member))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its JSON cannot be read ({error})") from error
    if not isinstance(about, dict):
        raise ValueError(f"its JSON is a {type(about).__name__}, no object")
    return about


def _text(
    parts: _Parts,
    text: str,
    content: Callable[[Member], bytes],
    about: dict[str, Any],
) -> str:
    """Return the text of a sample, or raise."""
    if text.startswith(OF_JSON):
        found = about.get(text.removeprefix(OF_JSON))
    elif parts.text is None:
        raise ValueError(
            f"it has no text, KEY.{text}; where its JSON has, name the field: "
            'text="json.FIELD"'
        )
    elif parts.text.size > LARGEST_TEXT:
        raise ValueError(f"its text has more than {LARGEST_TEXT:,} bytes")
    else:
        found = content(parts.text).decode("utf-8", "surrogateescape").rstrip("\r\n")
    if not isinstance(found, str) or value_fault(found, text):
        raise ValueError(value_fault(found, text))
    return found
