"""Strategies and encoders by the names of the command line."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..encoders._kernel import KernelCCA
from ..encoders._projection import ContrastiveProjection
from ..encoders._protocol import Encoder
from ..encoders._ridge import RidgeCCA
from ..strategies._alfa_mix import ALFAMix
from ..strategies._badge import BADGE
from ..strategies._base import QueryStrategy
from ..strategies._cal import CAL
from ..strategies._cluster_margin import ClusterMargin
from ..strategies._coreset_margin import CoresetMargin
from ..strategies._drop_query import DropQuery
from ..strategies._falcun import FALCUN
from ..strategies._herding import MaxHerding, UncertaintyHerding
from ..strategies._information_density import InformationDensity
from ..strategies._k_center import KCenterGreedy
from ..strategies._margin import MarginSampling
from ..strategies._prob_cover import ProbCover
from ..strategies._random_sampling import RandomSampling
from ..strategies._typiclust import TypiClust
from ..strategies._usl import USL
from ..strategies._v_optimal import VOptimalDesign

if TYPE_CHECKING:
    from ..encoders.clip._encoder import CLIPEncoder

REFERENCE = "random"
PAPER = "coreset-margin"  # with the paper's defaults
DEFAULT = "v-optimal"  # the learner's
LINEAR_DESIGN = "v-optimal-linear"  # the same without a kernel and coverage
STRATEGIES: dict[str, QueryStrategy] = {
    REFERENCE: RandomSampling(),
    DEFAULT: VOptimalDesign(),
    LINEAR_DESIGN: VOptimalDesign(gamma=None, coverage=0.0, ridge=0.3),
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
    "cluster-margin": ClusterMargin(),
    "prob-cover": ProbCover(),
    "information-density": InformationDensity(),
    "cal": CAL(),
    "drop-query": DropQuery(),
    "falcun": FALCUN(),
    "alfa-mix": ALFAMix(),
    "usl": USL(),
    "max-herding-tuned": MaxHerding(bandwidth="tuned"),
}
ABLATIONS: dict[str, QueryStrategy] = {  # the paper's, not part of the suite
    "coreset-margin-image": CoresetMargin(0),
    "coreset-margin-text": CoresetMargin(1),
}
LINEAR, KERNEL = "ridge-cca", "kernel-cca"
DEFAULT_ENCODER = KERNEL  # the learner's
ENCODERS = (KERNEL, LINEAR, "contrastive", "clip")


def make_estimator(
    encoder: str,
    model: str | None = None,
    pretrained: str | None = None,
    max_epochs: int | None = None,
    learning_rate: float | None = None,
) -> Encoder:
    """Return the encoder of that name, unfitted; torch is loaded only for some.

    Parameters
    ----------
    encoder : {"kernel-cca", "ridge-cca", "contrastive", "clip"}
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
        If `max_epochs` or `learning_rate` is given for `RidgeCCA` or `KernelCCA`.
    """
    given = {"max_epochs": max_epochs, "learning_rate": learning_rate}
    training = {name: value for name, value in given.items() if value is not None}
    if encoder == "clip":
        return make_clip(model, pretrained, **training)
    if encoder == "contrastive":  # on the CPU, for the same numbers on any machine
        return ContrastiveProjection(device="cpu", **training)
    if training:
        raise ValueError(f"{next(iter(training))} does not go with {encoder}")
    return KernelCCA() if encoder == KERNEL else RidgeCCA()


def make_clip(
    model: str | None = None, pretrained: str | None = None, **training: Any
) -> "CLIPEncoder":
    """Return a `CLIPEncoder`, unfitted.

    Parameters
    ----------
    model, pretrained : str, default=None
        What to start from. None: "tiny", random weights.
    **training
        More of its parameters.

    Returns
    -------
    CLIPEncoder
        The encoder.
    """
    from ..encoders.clip._encoder import CLIPEncoder

    if pretrained is not None:
        training["pretrained"] = pretrained
    return CLIPEncoder(_read_model(model or "tiny"), **training)


def _read_model(model: str) -> str | dict[str, Any]:
    """Return a model's name, or the configuration that a .json file holds."""
    if not model.endswith(".json"):
        return model
    try:
        return json.loads(Path(model).read_bytes())
    except ValueError as error:
        raise ValueError(f"{model} is no JSON ({error})") from error


def check_name(name: str, kind: str, choices: Collection[str]) -> None:
    """Raise unless the name is one of the choices.

    Parameters
    ----------
    name : str
        The name.
    kind : str
        What it is the name of.
    choices : collection of str
        The names that there are.

    Raises
    ------
    ValueError
        If it is another.
    """
    if name not in choices:
        raise ValueError(f"unknown {kind} {name!r}; choose from {', '.join(choices)}")


def check_names(
    names: Collection[str], called: str, kind: str, choices: Collection[str]
) -> list[str]:
    """Return a list of names, or raise unless each is one of the choices.

    Parameters
    ----------
    names : collection of str
        The names.
    called : str
        The parameter's name.
    kind : str
        What they are the names of.
    choices : collection of str
        The names that there are.

    Returns
    -------
    list of str
        The names.

    Raises
    ------
    ValueError
        If it is one string, if there is none, or one that is no choice.
    """
    if isinstance(names, str):
        raise ValueError(
            f"{called} must be a list of names, got {names!r}; write [{names!r}]"
        )
    names = list(names)
    if not names:
        raise ValueError(f"{called} is empty; choose from {', '.join(choices)}")
    for name in names:
        check_name(name, kind, choices)
    return names
