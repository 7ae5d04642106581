"""CLIPEncoder: a CLIP model of open_clip behind fit and transform."""

import os
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias, Union, cast, overload

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags

from ..._shared.parameters import (
    check_bool,
    check_choice,
    check_integer,
    check_number,
)
from ..._shared.types import FloatArray, IntArray, Items
from ...arrays._verbs import take
from ...items._containers import check_same_length
from ...items._faults import find_faults
from ...items._images import Images, check_images, check_readable
from ...items._texts import check_texts
from .._alone import check_some, in_container
from .._contrastive import LARGEST_RATE
from .._device import torch_device
from .._score import PairScore
from .._seeds import Seed, generator_of, seeded
from . import _open_clip
from ._config import Model, has_weights
from ._open_clip import Network
from ._tokens import warn_of_cut
from ._towers import (
    autocast_on,
    device_of,
    encode_images,
    encode_readable,
    encode_texts,
    without_projection,
)
from ._training import default_rate, train

if TYPE_CHECKING:
    import torch

Features: TypeAlias = Union[FloatArray, "torch.Tensor"]  # as `output` says
TRAINABLE = ("all", "text", "image", "lora", "none")
LOSSES = ("clip", "siglip")
PRECISIONS = ("auto", "fp32", "bf16")
OUTPUTS = ("numpy", "torch")
ON_ERROR = ("raise", "skip")


class CLIPEncoder(
    PairScore, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """A CLIP model, fine-tuned on aligned images and texts.

    Raw images and captions in, features of both in one space out. `fit` trains a model
    of open_clip with the contrastive loss on the pairs known so far, and `transform`
    runs its two towers. Use it wherever an encoder is wanted and the pairs are worth a
    network: in `PairedActiveLearner`, in a grid search, in modAL.

    A round of an active learner costs a training and a pass over both pools. Where that
    is too much, keep the towers and train the heads: transform both pools once with
    ``CLIPEncoder(..., trainable="none")`` and give these features to
    `ContrastiveProjection`; see the Examples.

    Parameters
    ----------
    model : str or dict, default="ViT-B-32"
        A name out of ``open_clip.list_models()``; "tiny", a model for 32x32 images that
        trains on a laptop (two layers of width 64 a tower); "local-dir:FOLDER", a
        folder with a model and its weights, as `save` writes it; "hf-hub:ORG/NAME", the
        same at Hugging Face's hub, downloaded once; or a configuration as in
        open_clip's model_configs, such as that of ViT-B-16 with another patch size.
    pretrained : str or path, default=None
        Weights to start from: "icons", which come with the package and go with "tiny":
        a small CLIP that knows icons, drawings and their names, of a network of its own
        (four and two layers, 128 components); a tag out of
        ``open_clip.list_pretrained_tags_by_model(model)``, which open_clip downloads,
        or a .safetensors or .pt file, of a whole model or of one of its towers by the
        names of the model; the other tower is then random. None: random weights (those
        of the folder for "local-dir:" and "hf-hub:").
    trainable : {"all", "text", "image", "lora", "none"}, default="all"
        Which tower is trained. "text" locks the image tower, which is called LiT [3]_;
        "image" locks the text tower. A locked tower runs once per fit. "lora" trains
        adapters of rank 16 beside all layers of both towers [5]_, which takes less
        memory, and adds them to the weights at the end of `fit` (extra `lora`). "none"
        trains nothing.
    loss : {"clip", "siglip"}, default="clip"
        "clip": each item must find its partner in the batch, in both directions
        [1]_. "siglip": each pair of the batch is a yes-or-no question [2]_; a bias is
        added to models without.
    learning_rate : float, default=None
        Largest step of AdamW. None: 1e-3 where a tower that is trained starts from
        random weights, 2e-4 of adapters, 1e-4 from "icons", else 1e-5.
    max_epochs : int, default=30
        Passes over the pairs, all of which are made.
    batch_size : int, default=64
        Pairs among which partners are told apart, at most (one more where a pair would
        be left alone); an epoch is cut into batches of equal size.
    weight_decay : float, default=1.0
        AdamW's decay, of no scale, bias, norm or position. Few pairs want much of it.
    warm_start : bool, default=False
        Continue from the last fit's weights instead of from the start.
    device : str, default=None
        Where torch computes, such as "cpu" or "cuda"; None: a GPU where there is one.
    precision : {"auto", "fp32", "bf16"}, default="auto"
        "bf16" computes in bfloat16 where torch's autocast deems it safe; "auto" does so
        on a GPU.
    grad_checkpointing : bool, default=False
        Whether training computes the layers' outputs once more where it needs them, in
        place of keeping them: about a third more time, a fraction of the memory.
    torch_compile : bool, default=False
        Whether training runs through ``torch.compile``. The first steps of every fit
        take up to minutes, so it pays where fits are long, on a GPU.
    output : {"numpy", "torch"}, default="numpy"
        What `transform` and `unimodal_features` return: arrays in the host's memory, or
        tensors where the model is, in the precision of its towers. The functions of
        `skmal.coverage` and `skmal.uncertainty` take these as they are, so that the
        features of a pool stay on a GPU.
    on_error : {"raise", "skip"}, default="raise"
        What to do about images that cannot be read. "raise": an error names the first.
        "skip": `fit` leaves their pairs out, with a warning; `transform` gives them
        rows of NaN; the learners ask about none of them, and learn from none. Learners
        then decode all images of a pool once more in every round.
    random_state : int, RandomState instance or None, default=None
        Determines random weights and the batches.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    n_components_ : int
        Dimensions of the shared space.
    config_ : dict
        Configuration of the model and of its preprocessing, as open_clip stores it.
    history_ : list of dict
        One per epoch of the last fit: "loss", the mean over its batches, and "scale",
        by which similarities are multiplied, after it. Empty where nothing is trained.

    See Also
    --------
    ContrastiveProjection : The same loss for two linear heads on features.
    RidgeCCA : Linear heads in closed form.

    Notes
    -----
    X holds images: a uint8 array of shape (n, height, width), (n, height, width, 3) or
    (n, 3, height, width), or a sequence of paths, PIL images or single arrays. Files
    are opened when their batch is due. y holds texts, a sequence of str. Images are
    resized, cropped and normalised as open_clip does for evaluation, in training too.

    Training is AdamW with a linear warm-up over a tenth of the steps and a cosine decay
    to zero. Similarities are multiplied by 100 at most. Texts that the tokenizer cannot
    tell apart are no negatives of each other (CLIP's makes one of upper and lower case,
    of blanks, of ``&amp;`` and &, and sees as many tokens as the model's
    context_length, mostly 77, 24 with "tiny"; longer texts are cut, with a warning),
    nor are equal images: equal pixels, or paths that lead to one file. A fit that fails
    changes nothing.

    An image whose rows repeat, one for each of its captions, needs no mark: it goes
    through the tower once in `transform`, and its captions are no negatives.

    Weights from a file go into the model that the name says, with its preprocessing;
    a tag or a folder brings its own. A tower that the file lacks is random until it is
    trained.

    From learned weights, and with ``trainable="none"``, it can transform before it is
    fitted. The same `random_state` gives the same weights, bit for bit, on one CPU with
    the same number of threads. Neither torch's generators nor its settings are
    changed. Pickles hold the weights in safetensors' format, without code.

    References
    ----------
    .. [1] Radford, A. et al. (2021). "Learning Transferable Visual Models From Natural
       Language Supervision". ICML. https://arxiv.org/abs/2103.00020
    .. [2] Zhai, X., Mustafa, B., Kolesnikov, A. and Beyer, L. (2023). "Sigmoid Loss for
       Language Image Pre-Training". ICCV. https://arxiv.org/abs/2303.15343
    .. [3] Zhai, X. et al. (2022). "LiT: Zero-Shot Transfer with Locked-image text
       Tuning". CVPR. https://arxiv.org/abs/2111.07991
    .. [4] Ilharco, G. et al. (2021). OpenCLIP. https://doi.org/10.5281/zenodo.5143773
    .. [5] Hu, E. J. et al. (2022). "LoRA: Low-Rank Adaptation of Large Language
       Models". ICLR. https://arxiv.org/abs/2106.09685

    Examples
    --------
    >>> from skmal import CLIPEncoder
    >>> from skmal.datasets import load_glyphs
    >>> from skmal.metrics import mean_reciprocal_rank
    >>> X, y = load_glyphs(return_X_y=True)                 # 32x32 pixels, and names
    >>> X, y = X[40:70], y[40:70]
    >>> encoder = CLIPEncoder("tiny", device="cpu", random_state=0)
    >>> images, texts = encoder.fit(X, y).transform(X, y)
    >>> images.shape, texts.dtype
    ((30, 64), dtype('float32'))
    >>> mean_reciprocal_rank(images, texts) > 0.5           # chance: 0.13
    True

    Features of frozen towers, made once, and heads that are trained in every round:

    >>> from skmal import ContrastiveProjection
    >>> frozen = CLIPEncoder("tiny", trainable="none", device="cpu", random_state=0)
    >>> features = frozen.unimodal_features(X, y)
    >>> heads = ContrastiveProjection(device="cpu", random_state=0).fit(*features)
    """

    n_components_: int
    config_: dict[str, Any]
    history_: list[dict[str, float]]
    _fitted_model: Model
    _network: Network  # unless it was unpickled: then these three
    _weights: bytes
    _drawn: frozenset[str]
    _tokenizer: Any
    _unfitted: tuple[tuple[Any, ...], Network]  # what it started from, and the start

    def __init__(
        self,
        model: Model = "ViT-B-32",
        pretrained: str | Path | None = None,
        *,
        trainable: str = "all",
        loss: str = "clip",
        learning_rate: float | None = None,
        max_epochs: int = 30,
        batch_size: int = 64,
        weight_decay: float = 1.0,
        warm_start: bool = False,
        device: str | None = None,
        precision: str = "auto",
        grad_checkpointing: bool = False,
        torch_compile: bool = False,
        output: str = "numpy",
        on_error: str = "raise",
        random_state: Seed = None,
        verbose: int = 0,
    ) -> None:
        self.model = model
        self.pretrained = pretrained
        self.trainable = trainable
        self.loss = loss
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.weight_decay = weight_decay
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.grad_checkpointing = grad_checkpointing
        self.torch_compile = torch_compile
        self.output = output
        self.on_error = on_error
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Items, y: Items) -> Self:
        """Train on aligned images and texts.

        Parameters
        ----------
        X : array of pixels, or sequence of paths or images, of length n_samples
            Images, at least two; see the Notes of the class.
        y : sequence of str, of length n_samples
            Texts; text i belongs to image i.

        Returns
        -------
        CLIPEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If X and y differ in length or hold fewer than two pairs, if an image cannot
            be read or a text is no str (the error names its row, and the path), if a
            parameter is out of its range, if weights do not fit or are a pickle with
            code, or if the training diverges. Nothing is changed then.
        FileNotFoundError
            If an image or a folder of a model is missing.

        Warns
        -----
        UserWarning
            If texts are longer than the model's context, and how many; if pairs are
            left out (``on_error="skip"``).
        """
        self._check_parameters()
        if y is None:
            raise ValueError(
                "CLIPEncoder requires y to be passed, but the target y is None; pass "
                "the texts that belong to the images"
            )
        images, texts = check_images(X, "X"), check_texts(y, "y")
        check_same_length(images, texts)
        if len(images) < 2:
            raise ValueError(
                f"got {len(images)} sample, but at least 2 pairs are needed to learn"
            )
        if self.on_error == "skip":
            images, texts = self._readable_pairs(images, texts)
        else:
            check_readable(images, "X")
        device = torch_device(self.device)
        rng = generator_of(self.random_state)
        seed = rng.randint(2**31)

        if self.warm_start and hasattr(self, "config_"):
            network = self._continue()
        elif self.trainable == "none" and self._has_started():
            network = self._unfitted[1]  # what it has transformed with so far
        else:
            network = self._build(seed)
        network.module.to(device)
        tokens = network.tokenizer(texts)
        warn_of_cut(network.tokenizer, texts, tokens)
        history = []
        if self.trainable != "none":
            learning_rate = self.learning_rate
            if learning_rate is None:
                learning_rate = default_rate(
                    network, self.trainable, self.model, self.pretrained
                )
            with seeded(seed, device):
                history = train(
                    network,
                    images,
                    texts,
                    tokens,
                    rng,
                    trainable=self.trainable,
                    loss=self.loss,
                    learning_rate=learning_rate,
                    max_epochs=self.max_epochs,
                    batch_size=self.batch_size,
                    weight_decay=self.weight_decay,
                    autocast=autocast_on(device, self.precision),
                    grad_checkpointing=self.grad_checkpointing,
                    torch_compile=self.torch_compile,
                    verbose=self.verbose,
                )
            if not all(p.isfinite().all() for p in network.module.parameters()):
                raise ValueError(
                    f"training diverged with learning_rate={learning_rate} and "
                    f"weight_decay={self.weight_decay}; lower them"
                )

        for kept in ("_unfitted", "_weights", "_drawn", "_tokenizer"):
            self.__dict__.pop(kept, None)
        self.history_ = history
        self.config_ = network.config
        self.n_components_ = network.config["model_cfg"]["embed_dim"]
        self._fitted_model = self.model
        self._network = network
        return self

    @overload
    def transform(self, X: Items, y: None = None) -> Features: ...

    @overload
    def transform(self, X: None, y: Items) -> Features: ...

    @overload
    def transform(self, X: Items, y: Items) -> tuple[Features, Features]: ...

    def transform(
        self, X: Items | None, y: Items | None = None
    ) -> Features | tuple[Features, Features]:
        """Return features of images and texts, as rows of length one.

        Parameters
        ----------
        X : array of pixels, sequence of paths or images (n_samples of them), or None
            Images; see the Notes of the class. None: texts alone.
        y : sequence of str, of length n_other, default=None
            Texts; not necessarily partners of X, nor as many.

        Returns
        -------
        ndarray of shape (n_samples, n_components_), float32, or a tuple of two
            Features of X; with y, (features of X, features of y); of y where X is
            None. Tensors where ``output="torch"``.

        Raises
        ------
        NotFittedError
            If the weights are random and it has not been fitted.
        ValueError
            If an image cannot be read or a text is no str, or X and y are both None.
        """
        found = self._encode(X, y, nullcontext, unit=True)
        if y is None:
            return found
        if X is None:
            return in_container(self, found, y)
        return found[0], in_container(self, found[1], y)

    @overload
    def unimodal_features(self, X: Items, y: None = None) -> Features: ...

    @overload
    def unimodal_features(self, X: None, y: Items) -> Features: ...

    @overload
    def unimodal_features(self, X: Items, y: Items) -> tuple[Features, Features]: ...

    def unimodal_features(
        self, X: Items | None, y: Items | None = None
    ) -> Features | tuple[Features, Features]:
        """Return what the towers know of each modality alone, before the shared space.

        These features need no pairs where the towers are pretrained. Strategies that
        look for structure within a modality use them (`Round.open_inputs`), and they
        are what to train `ContrastiveProjection` or `RidgeCCA` on.

        Parameters
        ----------
        X : array of pixels, sequence of paths or images (n_samples of them), or None
            Images; see the Notes of the class. None: texts alone.
        y : sequence of str, of length n_other, default=None
            Texts; not necessarily partners of X, nor as many.

        Returns
        -------
        ndarray of shape (n_samples, width), float32, or a tuple of two
            Outputs of the towers before their projections, which are not scaled; both
            may have different widths. A tower that ends in attention pooling gives its
            features in the shared space. Tensors where ``output="torch"``.

        Raises
        ------
        NotFittedError
            If the weights are random and it has not been fitted.
        ValueError
            If an image cannot be read or a text is no str, or X and y are both None.
        """
        return self._encode(X, y, without_projection, unit=False)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write the model as a folder that open_clip loads.

        ``open_clip.create_model_and_transforms("local-dir:FOLDER")`` gives it back, and
        so does ``CLIPEncoder(model="local-dir:FOLDER")``.

        Parameters
        ----------
        folder : str or path
            Made where it is missing. Each file is written beside its place and then
            put there, so that a crash leaves the old one or the new one.

        Raises
        ------
        NotFittedError
            If the weights are random and it has not been fitted.
        """
        _open_clip.save(self._ready(), folder)

    def usable_rows(self, X: Items, y: Items) -> tuple[IntArray, IntArray]:
        """Return which images and which texts it can read.

        Learners ask for it before they hand pools over. With ``on_error="raise"`` it
        looks at nothing and returns all rows.

        Parameters
        ----------
        X : array of pixels, or sequence of paths or images, of length n_samples
            Images.
        y : sequence of str, of length n_other
            Texts.

        Returns
        -------
        tuple of two ndarrays of int
            Rows of X and rows of y, rising.
        """
        images, texts = check_images(X, "X"), check_texts(y, "y")
        rows = np.arange(len(images))
        if self.on_error == "skip":
            faults = find_faults(images, verbose=self.verbose, thorough=True)
            rows = np.delete(rows, [*faults])
        return rows, np.arange(len(texts))

    def _readable_pairs(
        self, images: Images, texts: list[str]
    ) -> tuple[Images, list[str]]:
        """Return the pairs whose image can be read, and warn of the others."""
        faults = find_faults(images, verbose=self.verbose, thorough=True)
        if not faults:
            return images, texts
        row, why = next(iter(faults.items()))
        told = f"{len(faults)} of {len(images)} images, the first X[{row}]: {why}"
        rows = [row for row in range(len(images)) if row not in faults]
        if len(rows) < 2:
            raise ValueError(
                f"fewer than 2 pairs have an image that can be read; bad are {told}"
            )
        warnings.warn(f"pairs left out, for {told}", stacklevel=3)
        return take(images, rows), [texts[row] for row in rows]

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "config_") or self._can_start_ready()

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.requires_fit = not self._can_start_ready()
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: the weights as bytes in place of the network."""
        state = dict(cast(dict[str, Any], super().__getstate__()))
        network = state.pop("_network", None)
        state.pop("_unfitted", None)
        if network is not None:
            state["_weights"] = _open_clip.weights_of(network)
            state["_drawn"] = network.drawn
            if hasattr(network.tokenizer, "save_pretrained"):
                state["_tokenizer"] = network.tokenizer
        return state

    # ---------------------------------------------------------------- private

    def _check_parameters(self) -> None:
        check_choice(self.trainable, "trainable", TRAINABLE)
        check_choice(self.loss, "loss", LOSSES)
        check_choice(self.precision, "precision", PRECISIONS)
        check_choice(self.output, "output", OUTPUTS)
        check_choice(self.on_error, "on_error", ON_ERROR)
        check_bool(self.grad_checkpointing, "grad_checkpointing")
        check_bool(self.torch_compile, "torch_compile")
        check_integer(self.max_epochs, "max_epochs", minimum=1)
        check_integer(self.batch_size, "batch_size", minimum=2)
        check_number(self.weight_decay, "weight_decay", minimum=0)
        if self.learning_rate is not None:
            check_number(
                self.learning_rate, "learning_rate", more_than=0, maximum=LARGEST_RATE
            )

    def _can_start_ready(self) -> bool:
        """Say whether it can transform before it is fitted."""
        return self.trainable == "none" or has_weights(self.model, self.pretrained)

    def _build(self, seed: int) -> Network:
        with_bias = self.loss == "siglip"
        return _open_clip.build(self.model, self.pretrained, with_bias, seed)

    def _start(self) -> tuple[Any, ...]:
        """Return all that the unfitted network depends on."""
        return self.model, self.pretrained, self.loss, self.random_state

    def _has_started(self) -> bool:
        """Say whether an unfitted network is there, of the parameters as they are."""
        return hasattr(self, "_unfitted") and self._unfitted[0] == self._start()

    def _continue(self) -> Network:
        """Return a copy of the fitted network, to be trained on."""
        if self.model != self._fitted_model:
            raise ValueError(
                f"warm_start=True continues from model={self._fitted_model!r:.80}, but "
                f"model is now {self.model!r:.80}; set warm_start=False to start afresh"
            )
        network = self._ready()
        if self.loss == "siglip" and network.module.logit_bias is None:
            raise ValueError(
                'loss="siglip" needs a bias, which the model, fitted before with '
                "another loss, lacks; set warm_start=False to start afresh"
            )
        return _open_clip.copy(network)

    def _ready(self) -> Network:
        """Return the network to transform with, built where that is yet to be done."""
        device = torch_device(self.device)
        if hasattr(self, "config_"):
            if not hasattr(self, "_network"):  # unpickled
                tokenizer = self.__dict__.pop("_tokenizer", None)
                network = _open_clip.rebuild(self.config_, self._weights, tokenizer)
                self._network = network = network._replace(drawn=self._drawn)
                del self._weights, self._drawn
            network = self._network
        elif self._can_start_ready():
            self._check_parameters()
            if not self._has_started():
                seed = generator_of(self.random_state).randint(2**31)
                self._unfitted = self._start(), self._build(seed)
            network = self._unfitted[1]
        else:
            raise NotFittedError(
                "This CLIPEncoder instance is not fitted yet, and its weights are "
                "random; call fit, or start from pretrained weights"
            )
        network.module.to(device)
        return network

    def _encode(
        self,
        X: Items | None,
        y: Items | None,
        view: Callable[[Any], AbstractContextManager[None]],
        unit: bool,
    ) -> Features | tuple[Features, Features]:
        """Return what the towers make of X and y, seen through `view`."""
        check_choice(self.output, "output", OUTPUTS)
        check_choice(self.on_error, "on_error", ON_ERROR)
        check_some(X, y)
        images = None if X is None else check_images(X, "X")
        texts = None if y is None else check_texts(y, "y")
        network = self._ready()
        check_choice(self.precision, "precision", PRECISIONS)
        autocast = autocast_on(device_of(network), self.precision)
        host = self.output == "numpy"
        found: list[Features] = []
        with view(network.module):
            if images is not None:
                if self.on_error == "skip":
                    features = encode_readable(
                        network, images, autocast, unit, host, self.verbose
                    )
                else:
                    features = encode_images(network, images, autocast, unit, host)
                found.append(features.numpy() if host else features)
            if texts is not None:
                if not hasattr(self, "config_"):  # else `fit` has warned
                    warn_of_cut(network.tokenizer, texts, network.tokenizer(texts))
                features = encode_texts(network, texts, autocast, unit, host)
                found.append(features.numpy() if host else features)
        return found[0] if len(found) == 1 else (found[0], found[1])
