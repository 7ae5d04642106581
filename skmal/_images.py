"""Images as people pass them, and the batches of numbers that a network takes."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

FORMS = (
    "a uint8 array of shape (n, height, width), (n, height, width, 3) or "
    "(n, 3, height, width), or a sequence of paths, PIL images or single such arrays"
)


def check_images(images, name):
    """Return images in one of two forms, or raise; no file is opened.

    Pixels in one array become a uint8 array of shape (n, height, width) or (n, height,
    width, 3). Everything else becomes a list of paths, PIL images and arrays of pixels.
    """
    images = _without_torch(images)
    if isinstance(images, np.ndarray) and images.dtype.kind not in "OUST":
        return _check_pixels(images, name, n_axes=3)
    if isinstance(images, (str, bytes, Path)) or not hasattr(images, "__len__"):
        raise ValueError(f"{name} must be {FORMS}, got {type(images).__name__}")
    return [_check_image(image, f"{name}[{row}]") for row, image in enumerate(images)]


def check_readable(images, name):
    """Raise where a path leads to no image; only the heads of the files are read."""
    if isinstance(images, list):
        for row, image in enumerate(images):
            if isinstance(image, Path):
                _open(image, f"{name}[{row}]").close()


def image_keys(images):
    """Yield one key per image; equal keys are equal images."""
    for image in images:
        if isinstance(image, np.ndarray):
            yield image.shape, image.tobytes()
        else:
            yield image if isinstance(image, Path) else id(image)


class ImageLoader:
    """Turns rows of checked images into float32 tensors of shape (b, 3, h, w).

    It resizes, crops and normalises as open_clip does for evaluation. Arrays of pixels
    of the network's own size are only normalised, all at once, with the same result.
    """

    def __init__(self, preprocess_cfg):
        from open_clip.transform import PreprocessCfg, image_transform_v2

        config = PreprocessCfg(**preprocess_cfg)
        self.transform = image_transform_v2(config, is_train=False)
        self.size = config.input_size[1:]
        self.mean, self.std = config.mean, config.std

    def batches(self, images, batches, name):
        """Yield a tensor for each batch of rows; while one is used, the next is read.

        Images that cannot be read raise an error that names them and their row.
        """
        import torch

        if isinstance(images, np.ndarray) and images.shape[1:3] == self.size:
            yield from (self._normalise(images[rows]) for rows in batches)
            return
        read = partial(self._read, images, name)
        with ThreadPoolExecutor() as threads:
            ahead = deque()
            for rows in batches:
                ahead.append(threads.map(read, rows))
                if len(ahead) == 2:
                    yield torch.stack(list(ahead.popleft()))
            while ahead:
                yield torch.stack(list(ahead.popleft()))

    def _normalise(self, pixels):
        import torch

        images = torch.from_numpy(np.array(pixels))  # (b, h, w) or (b, h, w, 3)
        images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)
        images = images.to(torch.float32).div(255)
        mean, std = (
            torch.tensor(v, dtype=torch.float32)[:, None, None]
            for v in (self.mean, self.std)
        )
        return (images - mean) / std  # (b, 3, h, w)

    def _read(self, images, name, row):
        from PIL import Image

        image, place = images[row], f"{name}[{row}]"
        if isinstance(image, np.ndarray):
            return self.transform(Image.fromarray(image))
        if not isinstance(image, Path):
            return self.transform(image)
        with _open(image, place) as opened:
            try:
                return self.transform(opened)
            except Exception as error:  # decoders of damaged files raise many kinds
                raise _unreadable(image, place, error) from error


def _open(path, place):
    """Open an image file without reading its pixels."""
    from PIL import Image

    try:
        return Image.open(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{place}: there is no file {path}; correct the path, or drop the item and "
            "its partner"
        ) from error
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(path, place, error) from error


def _unreadable(path, place, error):
    return ValueError(
        f"{place}: {path} cannot be read as an image ({error}); replace the file, or "
        "drop the item and its partner"
    )


def _check_image(image, place):
    if isinstance(image, (str, Path)):
        return Path(image)
    image = _without_torch(image)
    if isinstance(image, np.ndarray):
        return _check_pixels(image, place, n_axes=2)
    if hasattr(image, "convert") and hasattr(image, "size"):  # a PIL image
        return image
    raise ValueError(
        f"{place} must be a path, a PIL image or a uint8 array, got "
        f"{type(image).__name__} {image!r:.60}"
    )


def _check_pixels(pixels, place, n_axes):
    """Return uint8 pixels with `n_axes` axes, and perhaps a last one of 3 colours."""
    if pixels.dtype != np.uint8:
        raise ValueError(
            f"{place} has dtype {pixels.dtype}, but pixels are uint8 from 0 to 255; "
            "convert them, for instance (255 * images).astype(np.uint8) where they lie "
            "between 0 and 1"
        )
    colours_first = pixels.ndim == n_axes + 1 and pixels.shape[-3] == 3
    if colours_first and pixels.shape[-1] != 3:
        pixels = np.moveaxis(pixels, -3, -1)
    grey = pixels.ndim == n_axes
    coloured = pixels.ndim == n_axes + 1 and pixels.shape[-1] == 3
    if not (grey or coloured) or 0 in pixels.shape[-3 if coloured else -2 :]:
        raise ValueError(f"{place} has shape {pixels.shape}; images must be {FORMS}")
    return pixels


def _without_torch(images):
    """Return a torch tensor as an array, everything else as it is."""
    return images.detach().cpu().numpy() if hasattr(images, "detach") else images
