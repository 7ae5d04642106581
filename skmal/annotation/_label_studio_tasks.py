"""Label Studio's tasks and labelling configuration, as its projects import them.

A task carries the question's number and the journal's id; the alias of each choice is
the key of an item, so that whatever Label Studio does to the order, to its own ids or
to the texts, an answer finds its way home.
"""

import base64
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from .._shared.files import replacing
from ..items._pictures import UnreadableImage
from ._ids import Key
from ._records import Item, Question
from ._thumbnails import thumbnail

CHOICE = "partner"  # name of the control
NOT_AMONG, NO_PARTNER = "skmal:not-among-these", "skmal:no-partner"
KEY = "key:"  # stands before a key in an alias, so that no key can mean the above
BLANK = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="

Locate: TypeAlias = Callable[[int, Item], str]  # (modality, item) -> where its image is


def write_tasks(
    questions: Sequence[Question],
    kinds: tuple[str, str],
    folder: str | Path,
    journal: str,
    image_url: str | None,
    preselect: bool,
    image_size: int,
) -> list[Path]:
    """Write tasks and a configuration per modality asked; return their paths.

    Nothing is written where an image cannot be read.
    """
    folder = Path(folder)
    locate = _locate(image_url, image_size)
    files = {}
    for modality in sorted({question.modality for question in questions}):
        asked = [q for q in questions if q.modality == modality]
        kind, others = kinds[modality], kinds[1 - modality]
        k = max(len(question.candidates) for question in asked)
        tasks = [_task(q, kind, others, k, journal, locate, preselect) for q in asked]
        name = "Xy"[modality]
        text = json.dumps(tasks, ensure_ascii=False, indent=1)
        files[folder / f"tasks-{name}.json"] = text
        files[folder / f"config-{name}.xml"] = config(kind, others, k)
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        with replacing(path) as file:
            file.write(text)
    return list(files)


def config(kind: str, others: str, k: int) -> str:
    """Return the labelling configuration for items of `kind` with k candidates."""
    lines = ["<View>", '  <Header value="Which of these belongs to it?"/>']
    tag = "Image" if kind == "image" else "Text"
    lines.append(f'  <{tag} name="item" value="$item"/>')
    if others == "image":
        lines.append('  <View style="display: flex; flex-wrap: wrap">')
        for i in range(1, k + 1):
            lines.append(
                '    <View style="width: 30%; margin: 4px">'
                f'<Header value="{i}" size="5"/>'
                f'<Image name="candidate_{i}" value="$candidate_{i}"/></View>'
            )
        lines.append("  </View>")
    lines += [
        f'  <Choices name="{CHOICE}" toName="item" choice="single-radio" '
        'required="true" value="$choices"/>',
        "</View>",
    ]
    return "\n".join(lines) + "\n"


def _task(
    question: Question,
    kind: str,
    others: str,
    k: int,
    journal: str,
    locate: Locate,
    preselect: bool,
) -> dict[str, Any]:
    candidates = question.candidates
    choices = []
    for i, candidate in enumerate(candidates, start=1):
        shown = f"image {i}" if others == "image" else f"{i}. {_shown(candidate)}"
        choice = {"value": shown, "alias": KEY + candidate.key}
        choices.append(choice | ({"hotkey": str(i)} if i <= 9 else {}))
    choices.append({"value": "none of these", "alias": NOT_AMONG, "hotkey": "0"})
    none = "has no other partner" if question.partners else "has no partner at all"
    choices.append({"value": none, "alias": NO_PARTNER})
    item, modality = question.item, question.modality
    data = {
        "item": locate(modality, item) if kind == "image" else _shown(item),
        "choices": choices,
        "skmal_journal": journal,
        "skmal_question": question.id,
        "skmal_item": item.key,
    }
    if others == "image":  # Label Studio wants every image that the configuration names
        images = [locate(1 - modality, candidate) for candidate in candidates]
        images += [BLANK] * (k - len(images))
        data |= {f"candidate_{i}": image for i, image in enumerate(images, start=1)}
    task: dict[str, Any] = {"data": data}
    if preselect and candidates:
        result = {
            "from_name": CHOICE,
            "to_name": "item",
            "type": "choices",
            "value": {"choices": [choices[0]["alias"]]},
        }
        task["predictions"] = [{"model_version": "skmal", "result": [result]}]
    return task


def _shown(item: Item) -> str:
    """Return what a person reads of an item that is no image."""
    return item.value if isinstance(item.value, str) else item.key


def _locate(image_url: str | None, image_size: int) -> Locate:
    """Return what tells where Label Studio finds an image.

    That is a data URI where there is no `image_url`: the image as the page shows it,
    made once however many tasks it is in.
    """
    made: dict[tuple[int, str], str] = {}

    def locate(modality: int, item: Item) -> str:
        if image_url is not None:
            return image_url.replace("{key}", quote(item.key))
        key = Key(item.key)
        if (modality, key) not in made:
            made[modality, key] = _data_uri(item, image_size)
        return made[modality, key]

    return locate


def _data_uri(item: Item, image_size: int) -> str:
    try:
        content, mimetype = thumbnail(item.value, image_size)
    except UnreadableImage as error:
        raise ValueError(
            f"{item.key!r} cannot go into a task: {error}; put the image back, or pass "
            "image_url"
        ) from error
    return f"data:{mimetype};base64,{base64.b64encode(content).decode()}"
