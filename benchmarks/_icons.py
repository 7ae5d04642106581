"""Icons with words out of packages: which sets are taken, and what each icon is called.

Sets are kept where their licence lets weights be made of them: MIT, ISC, Apache-2.0,
BSD, CC0, public domain, OFL, and CC BY, which wants its credit. Kept aside for judging
is every set whose name holds one of `ASIDE`; of no use are brands and their logos.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from real_pairs import Archive, icon_svg

LICENCES = (
    "MIT",
    "ISC",
    "Apache-2.0",
    "BSD-3-Clause",
    "CC0-1.0",
    "Unlicense",
    "OFL-1.1",
    "CC-BY-4.0",
    "CC-BY-3.0",
)
ASIDE = ("mdi", "material", "openmoji", "noto", "emoji", "twemoji", "fluent")
BRANDS = ("logo", "brand", "token", "crypto", "devicon", "selfhst", "thesvg")
STYLES = frozenset(  # endings of names that say how, not what, is drawn
    [
        "outline",
        "outlined",
        "filled",
        "fill",
        "solid",
        "duotone",
        "twotone",
        "sharp",
        "rounded",
        "regular",
        "color",
        "poly",
        "12",
        "16",
        "20",
        "24",
        "28",
        "32",
        "48",
        "12px",
        "16px",
        "20px",
        "24px",
    ]
)
TAGGED = {  # package: how to get it; the words in it are tags of icons by their names
    "phosphor-icons-core-*.tgz": "npm pack @phosphor-icons/core",
    "lucide-static-*.tgz": "npm pack lucide-static",
    "tabler-icons-*.tgz": "npm pack @tabler/icons",
    "fortawesome-fontawesome-free-*.tgz": "npm pack @fortawesome/fontawesome-free",
    "ionicons-*.tgz": "npm pack ionicons",
}


@dataclass(frozen=True)
class IconSet:
    """A set of icons, and where it comes from."""

    prefix: str
    name: str
    author: str
    url: str
    licence: str
    in_colour: bool
    concepts: dict[str, list[str]]  # words to the SVGs that show them
    categories: dict[str, str]  # words to the name of their category


def icon_sets(packages: Path, aside: bool = False) -> Iterator[IconSet]:
    """Yield the sets to learn from, or those that are kept aside."""
    files = Archive(packages, "iconify-json-*.tgz", "npm pack @iconify/json")
    for file in files.names(".json"):
        if file.startswith("package/json/"):
            raw = json.loads(files[file])
            found = _icon_set(raw)
            if _is_aside(found) == aside and (aside or _is_wanted(found)):
                yield found


def _is_aside(icons: IconSet) -> bool:
    names = f"{icons.prefix} {icons.name}".lower()
    return any(word in names for word in ASIDE)


def _is_wanted(icons: IconSet) -> bool:
    names = f"{icons.prefix} {icons.name}".lower()
    brands = any(word in names for word in BRANDS)
    return icons.licence in LICENCES and not brands and bool(icons.concepts)


def _icon_set(raw: dict[str, Any]) -> IconSet:
    import pycountry

    info = raw["info"]
    licence = info.get("license", {})
    endings = sorted(filter(None, raw.get("suffixes", ())), key=len, reverse=True)
    flags = "flags" in str(info.get("category")).lower()
    concepts: dict[str, list[str]] = defaultdict(list)
    for name, icon in raw["icons"].items():
        words = words_of(name, endings)
        if flags and (country := pycountry.countries.get(alpha_2=words)):
            words = f"flag {country.name}".lower()
        if not icon.get("hidden") and re.search("[a-z]", words):
            concepts[words].append(icon_svg(raw, icon))
    categories = {
        words_of(name, endings): category.lower()
        for category, names in (raw.get("categories") or {}).items()
        for name in names
    }
    spdx, title = licence.get("spdx"), licence.get("title")
    brands = "logos" in str(info.get("category")).lower()
    return IconSet(
        prefix=raw["prefix"],
        name=info["name"],
        author=info["author"]["name"],
        url=info["author"].get("url", licence.get("url", "")),
        licence=spdx or title or "",
        in_colour=bool(info.get("palette")),
        concepts={} if brands else dict(concepts),
        categories=categories,
    )


def words_of(name: str, endings: list[str]) -> str:
    """Return the words of an icon's name, without those that name a style."""
    ending = next((e for e in endings if name.endswith(f"-{e}")), "")
    words = re.split(r"[-_]+", name.removesuffix(f"-{ending}") if ending else name)
    while len(words) > 1 and words[-1] in STYLES:
        words.pop()
    return " ".join(words).strip().lower()


def tags_by_name(packages: Path) -> dict[str, list[str]]:
    """Return the tags that sets with tags give to what their icons are called."""
    tags: dict[str, dict[str, None]] = defaultdict(dict)
    for pattern, get in TAGGED.items():
        files = Archive(packages, pattern, get)
        for name, words in _tags(pattern.split("-")[0], files):
            clean = [" ".join(re.split(r"[\W_]+", w)).strip().lower() for w in words]
            name = words_of(name, [])
            tags[name] |= dict.fromkeys(w for w in clean if w and w != name)
    return {name: list(words) for name, words in tags.items() if words}


def _tags(package: str, files: Archive) -> Iterator[tuple[str, list[str]]]:
    """Yield names of icons and their tags, as one package writes them."""
    if package == "lucide":
        yield from json.loads(files["package/tags.json"]).items()
    elif package == "tabler":
        for name, icon in json.loads(files["package/icons.json"]).items():
            yield name, [str(tag) for tag in icon["tags"]] + [icon["category"]]
    elif package == "fortawesome":
        icons = json.loads(files["package/metadata/icon-families.json"])
        for name, icon in icons.items():
            if "classic" in icon["svgs"]:  # others are brands
                yield name, [icon["label"], *icon["search"]["terms"]]
    elif package == "ionicons":
        for icon in json.loads(files["package/dist/ionicons.json"])["icons"]:
            yield icon["name"], icon["tags"]
    else:  # phosphor: a list of types, in TypeScript
        text = files["package/dist/icons.d.ts"].decode()
        for name, words in re.findall(
            r'name: "(.+?)";.*?\btags: readonly \[(.*?)\]', text, re.S
        ):
            yield name, re.findall(r'"([^"*]+)"', words)
