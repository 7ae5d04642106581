"""Draw the glyphs that `load_glyphs` reads, and write them to one file.

Run `python -m skmal.datasets._make_glyphs [OUT]` to make the file anew; without OUT it
replaces the one inside the package. How FreeType and Pillow draw may change from
version to version (10.4 and 13.0 of Pillow agree in every pixel), so the file is
shipped and not drawn at the user's: results must not move with it. Needs matplotlib,
which brings the DejaVu fonts, fontTools and Pillow.
"""

import sys
import unicodedata
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

FONT_FILES = {
    "sans": "DejaVuSans.ttf",
    "serif": "DejaVuSerif.ttf",
    "mono": "DejaVuSansMono.ttf",
}
LICENSE = "LICENSE_DEJAVU"
SIDE = 32  # pixels
# Large, with few glyphs cut at the image's edges: 21 in all three fonts together. A
# baseline one pixel higher or lower would cut more of them.
FONT_SIZE = 22
BASELINE = 24


def font_folder() -> Path:
    """Return the folder of the fonts, and of their licence, in matplotlib."""
    from matplotlib import get_data_path

    return Path(get_data_path(), "fonts", "ttf")


def open_font(path: Path) -> "FreeTypeFont":
    """Open a font file in the size and with the layout that the glyphs are drawn in."""
    from PIL import ImageFont

    # The basic layout draws one code point as it stands in the font. The other one,
    # Raqm, shapes text by script and is not in every Pillow.
    return ImageFont.truetype(path, FONT_SIZE, layout_engine=ImageFont.Layout.BASIC)


def draw(code_point: int, font: "FreeTypeFont") -> npt.NDArray[np.uint8]:
    """Draw one glyph in white on black.

    Its ink is centred horizontally, as a glyph's advance says little about it, but the
    baseline is fixed: height is what tells a comma from an apostrophe.
    """
    from PIL import Image, ImageDraw

    character = chr(code_point)
    image = Image.new("L", (SIDE, SIDE))
    canvas = ImageDraw.Draw(image)
    left, _, right, _ = canvas.textbbox((0, 0), character, font=font, anchor="ls")
    x = (SIDE - (right - left)) // 2 - left
    canvas.text((x, BASELINE), character, fill=255, font=font, anchor="ls")
    return np.array(image)  # (32, 32), uint8


def draw_font(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Draw all glyphs of a font that have ink and a Unicode name, each bitmap once.

    Returns a dict of arrays with one row per glyph, sorted by code point: `images`,
    `names`, `script` and `code_point`. Of identical bitmaps the lowest code point
    stays, so that every image has exactly one partner.
    """
    from fontTools import unicodedata as scripts
    from fontTools.ttLib import TTFont

    with TTFont(path) as file:
        mapped = sorted(file.getBestCmap())
    font = open_font(path)

    first: dict[bytes, int] = {}  # bitmap -> its lowest code point
    for code_point in mapped:
        # Code points for private use have no name.
        if unicodedata.name(chr(code_point), None) is not None:
            image = draw(code_point, font)
            if image.any():
                first.setdefault(image.tobytes(), code_point)

    code_point = np.array(list(first.values()))
    characters = [chr(c) for c in code_point]
    codes = [scripts.script(c) for c in characters]  # "Latn", ...
    return {
        "images": np.frombuffer(b"".join(first), np.uint8).reshape(-1, SIDE, SIDE),
        "names": np.array([unicodedata.name(c).lower() for c in characters]),
        "script": np.array([scripts.script_name(code) for code in codes]),
        "code_point": code_point,
    }


def write(
    out: str | Path, fonts: dict[str, dict[str, npt.NDArray[Any]]], made_with: str
) -> None:
    """Write {font: dict of arrays} to an .npz file that needs no pickle to be read.

    Names and scripts are ASCII and go in as bytes, a quarter of numpy's str. numpy
    dates every entry 1980, so the same arrays always give the same file.
    """
    arrays: dict[str, Any] = {"made_with": np.array(made_with)}
    for font, glyphs in fonts.items():
        for key, values in glyphs.items():
            text = values.dtype.kind == "U"
            arrays[f"{font}_{key}"] = values.astype("S") if text else values
    with open(out, "wb") as file:
        np.savez_compressed(file, **arrays)


def main(out: str | Path) -> None:
    """Draw the three fonts, write them to `out` and put the licence beside it."""
    import PIL
    from PIL import features

    folder = font_folder()
    fonts = {font: draw_font(folder / file) for font, file in FONT_FILES.items()}
    freetype = features.version("freetype2")
    write(out, fonts, f"Pillow {PIL.__version__} and FreeType {freetype}")
    copyfile(folder / LICENSE, Path(out).parent / LICENSE)
    counts = ", ".join(f"{len(g['names']):,} {font}" for font, g in fonts.items())
    print(f"{out}: {counts}, {Path(out).stat().st_size:,} bytes")


if __name__ == "__main__":
    shipped = Path(__file__).parent / "data" / "glyphs.npz"
    main(sys.argv[1] if len(sys.argv) > 1 else shipped)
