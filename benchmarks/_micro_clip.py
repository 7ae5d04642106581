"""A CLIP model of open_clip's that is built, trained and pickled in milliseconds."""

MICRO_CLIP = {
    "embed_dim": 16,
    "vision_cfg": {
        "image_size": 32,
        "patch_size": 16,
        "layers": 1,
        "width": 16,
        "head_width": 16,
    },
    "text_cfg": {
        "context_length": 16,
        "vocab_size": 49408,
        "layers": 1,
        "width": 16,
        "heads": 1,
    },
}
