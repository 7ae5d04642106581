"""CLIP encoders and images so small that they train in a fraction of a second."""

import numpy as np
import torch
from helpers import MICRO_CLIP

from skmal import CLIPEncoder

IMAGES = torch.linspace(-1, 1, 2 * 3 * 32 * 32).reshape(2, 3, 32, 32)
TEXTS = ["a red square", "two blue circles"]

# How far apart two ways to compute the features of MICRO_CLIP may end, in batches of
# other rows, say. A sum of n products is wrong by n u of their size at most, u being
# half of eps, in whatever order; layer norms keep sizes near one, and one error adds to
# the next. On the way are a patch of 3 * 16 * 16 values, seven sums over the width of
# 16, 16 positions, the 64 values inside the layer, and the 16 of the length: 976.
APART = 1000 * float(np.finfo(np.float32).eps)


def quick(model=MICRO_CLIP, **parameters):
    """Return an encoder that trains in a fraction of a second."""
    defaults = {
        "max_epochs": 2,
        "batch_size": 16,
        "learning_rate": 0.003,
        "device": "cpu",
        "random_state": 0,
    }
    return CLIPEncoder(model, **(defaults | parameters))


def assert_same_features(encoder, other, X, y):
    for one, two in zip(encoder.transform(X, y), other.transform(X, y), strict=True):
        np.testing.assert_array_equal(one, two)


def pixels(n=5, height=32, width=32, colours=3, seed=0):
    """Return random pixels, without the last axis where there are no colours."""
    shape = (n, height, width, colours) if colours else (n, height, width)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def features(network, images=IMAGES, texts=TEXTS):
    """Return what both towers make of two images and two texts."""
    network.module.eval()
    with torch.no_grad():
        tokens = network.tokenizer(texts)
        return network.module.encode_image(images), network.module.encode_text(tokens)


def assert_equal(some, others):
    for one, other in zip(some, others, strict=True):
        assert torch.equal(one, other)
