"""Icons as arrays: drawn once, then moved, coloured and made small ever anew."""

import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

DRAWN = 64  # pixels of a stored drawing
SIDE = 32  # pixels of what the network sees
INKS = {  # names that are said with the picture, now and then
    "red": (214, 40, 40),
    "orange": (244, 132, 24),
    "yellow": (250, 205, 30),
    "green": (40, 150, 60),
    "blue": (35, 90, 210),
    "purple": (125, 55, 175),
    "pink": (240, 110, 170),
    "brown": (125, 80, 45),
    "gray": (125, 125, 125),
}


def draw(svg: str) -> np.ndarray | None:
    """Return a drawing with its alpha, or None of one that shows nothing."""
    from resvg_py import svg_to_bytes

    try:
        png = bytes(svg_to_bytes(svg_string=svg, width=DRAWN))
    except ValueError:
        return None
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    if picture.size != (DRAWN, DRAWN):
        square = Image.new("RGBA", (DRAWN, DRAWN), (255, 255, 255, 0))
        picture.thumbnail((DRAWN, DRAWN))
        x, y = ((DRAWN - side) // 2 for side in picture.size)
        square.paste(picture, (x, y))
        picture = square
    pixels = np.asarray(picture)
    return pixels if pixels[..., 3].max() > 64 else None


def augmented(
    inks: np.ndarray, in_colour: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return drawings as a network may meet them, and the names of their inks.

    Parameters
    ----------
    inks : ndarray of shape (n, 64, 64) or (n, 64, 64, 4), uint8
        How opaque drawings of one ink are; or drawings in colour.
    in_colour : bool
        Which of both they are.
    rng : Generator
        What everything is drawn from.

    Returns
    -------
    tuple of two ndarrays
        Pixels of shape (n, 32, 32, 3), uint8; and rows of `INKS`, -1 where the ink has
        no name.
    """
    n = len(inks)
    drawn = torch.from_numpy(np.ascontiguousarray(inks)).float().div_(255)
    drawn = drawn.permute(0, 3, 1, 2) if in_colour else drawn[:, None]
    if in_colour:  # premultiplied, or the colours of what is clear would bleed in
        drawn = torch.cat([drawn[:, :3] * drawn[:, 3:], drawn[:, 3:]], dim=1)
    else:
        drawn = _thicker_or_thinner(drawn, rng)
    small = _moved(drawn, rng)
    ground, ink, names = _colours(n, in_colour, rng)
    alpha = small[:, -1:]
    if in_colour:
        ink = small[:, :3]
        grey = torch.from_numpy(rng.random((n, 1, 1, 1)) < 0.15)
        ink = torch.where(grey, ink.mean(1, keepdim=True), ink)
    else:
        ink = alpha * ink
    pixels = ink + (1 - alpha) * ground
    noise = rng.random((n, 1, 1, 1), dtype=np.float32) < 0.15
    pixels += torch.from_numpy(noise * rng.normal(0, 0.04, pixels.shape).astype("f4"))
    pixels = pixels.clamp_(0, 1).mul_(255).round_().byte().permute(0, 2, 3, 1)
    return pixels.contiguous().numpy(), names


def _thicker_or_thinner(alpha: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Return drawings, some of them with thicker or thinner lines."""
    kind = torch.from_numpy(rng.random((len(alpha), 1, 1, 1)))
    wide = torch.nn.functional.max_pool2d(alpha, 3, stride=1, padding=1)
    thin = -torch.nn.functional.max_pool2d(-alpha, 3, stride=1, padding=1)
    keeps = thin.mean((1, 2, 3), keepdim=True) > 0.5 * alpha.mean(
        (1, 2, 3), keepdim=True
    )
    changed = torch.where(kind < 0.2, wide, alpha)
    return torch.where((kind > 0.9) & keeps, thin, changed)


def _moved(drawn: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Return drawings shifted, scaled and turned a little, at the network's size."""
    n = len(drawn)
    scale = rng.uniform(0.85, 1.6, n)  # more is smaller
    turn = np.where(rng.random(n) < 0.3, rng.normal(0, 0.12, n), 0.0)
    stretch = np.where(rng.random(n) < 0.3, rng.uniform(0.85, 1.15, n), 1.0)
    room = np.maximum(scale - 0.85, 0.1)[:, None]
    shift = rng.uniform(-0.5, 0.5, (n, 2)) * room
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    theta = np.stack(
        [
            np.stack([cos * stretch, -sin, shift[:, 0]], axis=1),
            np.stack([sin, cos / stretch, shift[:, 1]], axis=1),
        ],
        axis=1,
    )
    grid = torch.nn.functional.affine_grid(
        torch.from_numpy(theta.astype("f4")), [n, 1, DRAWN, DRAWN], align_corners=False
    )
    found = torch.nn.functional.grid_sample(drawn, grid, align_corners=False)
    return torch.nn.functional.avg_pool2d(found, DRAWN // SIDE)


def _colours(
    n: int, in_colour: bool, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
    """Return backgrounds and inks that stand out from them, (n, 3, 1, 1), and names."""
    kind = rng.random(n)
    light, dark = rng.uniform(0.75, 1, (n, 3)), rng.uniform(0, 0.35, (n, 3))
    ground = np.where(kind[:, None] < 0.6, 1.0, light)
    if in_colour:
        black = (kind > 0.9)[:, None]
        ground = np.where(black, dark * 0.5, ground)
    ink = np.where(kind[:, None] < 0.35, 0.0, dark)
    # Every fourth is light on dark.
    swapped = (rng.random(n) < 0.25)[:, None] & (not in_colour)
    ground, ink = np.where(swapped, ink, ground), np.where(swapped, ground, ink)
    # Every fourth has an ink with a name, in a shade of it.
    named = rng.random(n) < 0.25
    names = np.where(named & (not in_colour), rng.integers(len(INKS), size=n), -1)
    shades = np.array([*INKS.values()])[names] / 255
    shades = np.clip(shades + rng.normal(0, 0.06, (n, 3)), 0, 1)
    ink = np.where((names >= 0)[:, None], shades, ink)
    return _planes(ground), _planes(ink), names


def _planes(colours: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(colours.astype("f4"))[:, :, None, None]


def stacked(drawings: Sequence[np.ndarray], in_colour: bool) -> np.ndarray:
    """Return drawings in one array; of one ink, only how opaque they are."""
    pixels = np.stack(drawings)
    return pixels if in_colour else pixels[..., 3]
