"""Strategies and encoders by the names of the command line."""

import json
from pathlib import Path

from ..encoders._projection import ContrastiveProjection
from ..encoders._ridge import RidgeCCA
from ..strategies._badge import BADGE
from ..strategies._coreset_margin import CoresetMargin
from ..strategies._herding import MaxHerding, UncertaintyHerding
from ..strategies._k_center import KCenterGreedy
from ..strategies._margin import MarginSampling
from ..strategies._random_sampling import RandomSampling
from ..strategies._typiclust import TypiClust
from ..strategies._v_optimal import VOptimalDesign

REFERENCE = "random"
PAPER = "coreset-margin"  # with the paper's defaults
DEFAULT = "v-optimal"  # the learner's
STRATEGIES = {
    REFERENCE: RandomSampling(),
    DEFAULT: VOptimalDesign(),
    PAPER: CoresetMargin(),
    "coreset-margin-trim": CoresetMargin(trim=0.3),
    "coreset-margin-trim-alternate": CoresetMargin("alternate", trim=0.3),
    "coreset-top1-trim": CoresetMargin(trim=0.3, uncertainty="top1"),
    "k-center": KCenterGreedy(),
    "k-center-trim-alternate": KCenterGreedy("alternate", trim=0.3),
    "margin": MarginSampling(),
    "max-herding": MaxHerding(),
    "uncertainty-herding": UncertaintyHerding(),
    "badge": BADGE(),
    "typiclust": TypiClust(),
}
ABLATIONS = {  # of the paper's, which the suite has no use for
    "coreset-margin-image": CoresetMargin(0),
    "coreset-margin-text": CoresetMargin(1),
}
DEFAULT_ENCODER = "ridge-cca"
ENCODERS = (DEFAULT_ENCODER, "contrastive", "clip")


def make_estimator(
    encoder, model=None, pretrained=None, max_epochs=None, learning_rate=None
):
    """Return the encoder of that name, unfitted; torch is loaded only for some.

    Parameters
    ----------
    encoder : {"ridge-cca", "contrastive", "clip"}
        The name.
    model, pretrained : str, default=None
        Of `CLIPEncoder`, other encoders ignore them. None: "tiny", random weights.
    max_epochs : int, default=None
        None: the encoder's default.
    learning_rate : float, default=None
        None: the encoder's default.

    Returns
    -------
    encoder
        With parameters that give the same numbers on any machine.

    Raises
    ------
    ValueError
        If `max_epochs` or `learning_rate` is given for `RidgeCCA`.
    """
    training = {"max_epochs": max_epochs, "learning_rate": learning_rate}
    training = {name: value for name, value in training.items() if value is not None}
    if encoder == "clip":
        from ..encoders.clip._encoder import CLIPEncoder

        parameters = {"model": _read_model(model or "tiny")} | training
        if pretrained is not None:
            parameters["pretrained"] = pretrained
        return CLIPEncoder(**parameters)
    if encoder == "contrastive":  # on the CPU, for the same numbers on any machine
        return ContrastiveProjection(device="cpu", **training)
    if training:
        raise ValueError(f"{next(iter(training))} does not go with {encoder}")
    return RidgeCCA()


def _read_model(model):
    """Return a model's name, or the configuration that a .json file holds."""
    if not model.endswith(".json"):
        return model
    try:
        return json.loads(Path(model).read_bytes())
    except ValueError as error:
        raise ValueError(f"{model} is no JSON ({error})") from error


def _check_name(kind, name, choices):
    if name not in choices:
        raise ValueError(f"unknown {kind} {name!r}; choose from {', '.join(choices)}")
