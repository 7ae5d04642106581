"""The recipes of docs/embeddings.md run, on tiny random models of the same classes."""

import re

import numpy as np
import pytest
from helpers import ROOT
from PIL import Image

from skmal import PairedActiveLearner

PAGE = (ROOT / "docs" / "embeddings.md").read_text(encoding="utf-8")
RECIPES = {
    block.partition("\n\n")[0]: re.search(r"```py\n(.*?)```", block, re.DOTALL)[1]
    for block in PAGE.split("\n## ")[1:]
}
TEXTS = [f"{word} {color}" for word in ("a", "the") for color in ("red", "blue", "x")]
IMAGES = [Image.new("RGB", (40, 30), (40 * i, 9, 99)) for i in range(6)]


def run(title, **models):
    """Run a recipe with models in place of those that it downloads."""
    lines = RECIPES[title].splitlines()
    loaded = [line for line in lines if line.endswith("# downloads")]
    assert {line.split(" = ")[0] for line in loaded} == {*models}
    code = "\n".join(line for line in lines if line not in loaded)
    names = {"texts": TEXTS, "images": IMAGES, **models}
    exec(code, names)
    return names


def is_told_apart(rows):
    """Say whether rows are finite numbers, and a learner takes them."""
    other = np.random.default_rng(0).normal(size=(len(rows), 3))
    PairedActiveLearner(random_state=0).fit(rows, other).transform(rows, other)
    return np.isfinite(rows).all() and len(np.unique(rows, axis=0)) > 1


def words():
    """Return a tokenizer of a few words."""
    tokenizers = pytest.importorskip("tokenizers")
    known = ["<pad>", "<unk>", "a", "the", "red", "blue"]
    numbers = {word: number for number, word in enumerate(known)}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(numbers, "<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    return made


def test_sentence_transformers():
    library = pytest.importorskip("sentence_transformers")
    modules = pytest.importorskip("sentence_transformers.sentence_transformer.modules")
    static = modules.StaticEmbedding(words(), embedding_dim=8)
    model = library.SentenceTransformer(modules=[static], device="cpu")
    found = run("sentence-transformers", model=model)["y"]
    assert found.shape == (6, 8)
    assert is_told_apart(found)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", ["CLIP", "Siglip"])
def test_transformers(kind):
    library = pytest.importorskip("transformers")
    tokenizer = library.PreTrainedTokenizerFast(
        tokenizer_object=words(),
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=16,
        model_input_names=["input_ids"],
    )
    side = {"height": 32, "width": 32}
    pixels = library.CLIPImageProcessor(size=side, crop_size=side)
    layers = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    of_texts = {
        "vocab_size": 10,
        "max_position_embeddings": 16,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "pad_token_id": 0,
    }
    config = getattr(library, f"{kind}Config")(
        text_config=layers | of_texts,
        vision_config=layers | {"image_size": 32, "patch_size": 16},
    )
    names = run(
        "transformers: CLIP and SigLIP",
        model=getattr(library, f"{kind}Model")(config).eval(),
        processor=library.CLIPProcessor(pixels, tokenizer),
    )
    assert names["X"].shape[1] == names["y"].shape[1]
    assert is_told_apart(names["X"])
    assert len(names["y"]) == 6
    assert np.isfinite(names["y"]).all()


def test_timm():
    timm = pytest.importorskip("timm")
    model = timm.create_model("resnet18", num_classes=0)
    found = run("timm", model=model)["X"]
    assert found.shape == (6, 512)
    assert is_told_apart(found)


def test_torchvision():
    models = pytest.importorskip("torchvision.models")
    found = run("torchvision", model=models.resnet18())["X"]
    assert found.shape == (6, 512)
    assert is_told_apart(found)
