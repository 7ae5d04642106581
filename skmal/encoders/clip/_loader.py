"""Batches of images as a network takes them."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from ...items._images import _check_mode, _open, _unreadable


class ImageLoader:
    """Turns rows of checked images into float32 tensors of shape (b, 3, h, w).

    It resizes, crops and normalises as open_clip does for evaluation. Arrays of pixels
    of the network's own size are only normalised, all at once and on the device, with
    the same result.
    """

    def __init__(self, preprocess_cfg, device="cpu"):
        from open_clip.transform import PreprocessCfg, image_transform_v2

        size = preprocess_cfg["size"]
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        config = PreprocessCfg(**(preprocess_cfg | {"size": self.size}))
        self.transform = image_transform_v2(config, is_train=False)
        self.device = device

    def batches(self, images, batches, name):
        """Yield a tensor for each batch of rows; while one is used, the next is read.

        Images that cannot be read raise an error that names them and their row.
        """
        import torch

        if isinstance(images, np.ndarray) and images.shape[1:3] == self.size:
            yield from (self._normalise(images[rows]) for rows in batches)
            return
        threads = ThreadPoolExecutor()
        try:
            ahead = deque()
            for rows in batches:
                # Here, for threads would read one PIL image's file at the same time.
                for row in rows:
                    _load(images[row], f"{name}[{row}]")
                read = partial(self._read, images, name)
                ahead.append(threads.map(read, rows))
                if len(ahead) == 2:
                    yield torch.stack(list(ahead.popleft())).to(self.device)
            while ahead:
                yield torch.stack(list(ahead.popleft())).to(self.device)
        finally:
            threads.shutdown(cancel_futures=True)

    def _normalise(self, pixels):
        import torch

        normalize = self.transform.transforms[-1]
        mean, std = (
            torch.as_tensor(v, dtype=torch.float32, device=self.device)[:, None, None]
            for v in (normalize.mean, normalize.std)
        )
        images = torch.from_numpy(np.array(pixels)).to(self.device)
        images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)
        return (images.to(torch.float32).div(255) - mean) / std  # (b, 3, h, w)

    def _read(self, images, name, row):
        """Return one image as a tensor of shape (3, h, w)."""
        from PIL import Image

        image, place = images[row], f"{name}[{row}]"
        if isinstance(image, np.ndarray):
            return self.transform(Image.fromarray(image)).float()
        if not isinstance(image, Path):
            return self.transform(image).float()
        with _open(image, place) as opened:
            try:
                return self.transform(opened).float()
            except Exception as error:  # decoders of damaged files raise many kinds
                raise _unreadable(place, image, error) from error


def _load(image, place):
    """Read the pixels of a PIL image whose file is still to be read."""
    if hasattr(image, "load"):
        _check_mode(image, place, "it")
        try:
            image.load()
        except Exception as error:  # decoders of damaged files raise many kinds
            raise _unreadable(place, "it", error) from error
