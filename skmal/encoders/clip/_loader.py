"""Batches of images as a network takes them."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._shared.types import IntArray
from ...items._images import Images, Pixels, read_image

if TYPE_CHECKING:
    import torch


class ImageLoader:
    """Turns rows of checked images into float32 tensors of shape (b, 3, h, w).

    They are read as everybody sees them (`read_picture`), then resized, cropped and
    normalised as open_clip does for evaluation. Arrays of pixels of the network's own
    size are only normalised, all at once and on the device, with
    the same result.
    """

    def __init__(
        self, preprocess_cfg: dict[str, Any], device: "str | torch.device" = "cpu"
    ) -> None:
        from open_clip.transform import PreprocessCfg, image_transform_v2

        size = preprocess_cfg["size"]
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        config: dict[str, Any] = preprocess_cfg | {"size": self.size}
        transform = image_transform_v2(PreprocessCfg(**config), is_train=False)
        self.transform: Any = transform
        self.device = device

    def batches(
        self, images: Images, batches: Iterable[IntArray], name: str
    ) -> "Iterator[torch.Tensor]":
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
                read = partial(self._read, images, name)
                ahead.append(threads.map(read, rows))
                if len(ahead) == 2:
                    yield torch.stack(list(ahead.popleft())).to(self.device)
            while ahead:
                yield torch.stack(list(ahead.popleft())).to(self.device)
        finally:
            threads.shutdown(cancel_futures=True)

    def _normalise(self, pixels: Pixels) -> "torch.Tensor":
        """Return pixels of the network's own size as it takes them."""
        import torch

        normalize = self.transform.transforms[-1]
        mean, std = (
            torch.as_tensor(v, dtype=torch.float32, device=self.device)[:, None, None]
            for v in (normalize.mean, normalize.std)
        )
        images = torch.from_numpy(np.array(pixels)).to(self.device)
        images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)
        return (images.to(torch.float32).div(255) - mean) / std  # (b, 3, h, w)

    def _read(self, images: Images, name: str, row: int) -> "torch.Tensor":
        """Return one image as a tensor of shape (3, h, w)."""
        return self.transform(read_image(images[row], f"{name}[{row}]")).float()
