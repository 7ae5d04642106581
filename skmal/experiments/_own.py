"""Strategies and encoders of your own: named in a command, checked before the work."""

import ast
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from joblib.externals.loky.backend.reduction import dumps
from sklearn.base import BaseEstimator, clone

from .._shared.types import Items
from ..encoder_checks import check_encoder
from ..encoders._protocol import Encoder
from ..learners._simulation import check_callbacks
from ..strategies._base import Strategy
from ..strategy_checks import check_strategy
from ._names import (
    ABLATIONS,
    DEFAULT,
    ENCODERS,
    PAPER,
    STRATEGIES,
    check_name,
    check_names,
    make_estimator,
)

SHORT = {"default": DEFAULT, "paper": PAPER}
OWN = re.compile(r"(?P<module>.+?\.py|[\w.]+):(?P<what>[^:].*)", re.DOTALL)
EXAMPLE = "pkg.module:Mine or my_file.py:Mine(trim=0.1)"
N_CHECKED = 32  # pairs that an own encoder is checked on


def strategies_of(
    strategies: Sequence[str] | Mapping[str, Strategy | str],
    choices: Mapping[str, Strategy],
    n_jobs: int | None,
) -> dict[str, Strategy]:
    """Return strategies by their names; those that are not known by name are checked.

    Parameters
    ----------
    strategies : list of str, or dict of str to QueryStrategy, callable or str
        Names out of `choices`, "default" and "paper"; or by a name of their own,
        instances, functions or such names.
    choices : dict of str to QueryStrategy
        The strategies that are known by a name.
    n_jobs : int or None
        Processes; 1: they need not be sent to others.

    Returns
    -------
    dict of str to QueryStrategy
        Clones of what was passed, in its order.

    Raises
    ------
    ValueError
        If a name is unknown or taken, or a strategy breaks the contract.
    """
    if not isinstance(strategies, Mapping):
        if not isinstance(strategies, str):
            strategies = [SHORT.get(name, name) for name in strategies]
        names = check_names(strategies, "strategies", "strategy", choices)
        return {name: choices[name] for name in names}
    if not strategies:
        check_names([], "strategies", "strategy", choices)
    found: dict[str, Strategy] = {}
    for name, strategy in strategies.items():
        if isinstance(strategy, str):
            known = SHORT.get(strategy, strategy)
            check_name(known, "strategy", choices)
            if (name in SHORT or name in choices) and SHORT.get(name, name) != known:
                raise ValueError(
                    f"the name {name!r} is that of another strategy of skmal; give "
                    f"{strategy!r} a name of its own"
                )
            found[known if name in SHORT else name] = choices[known]
        elif name in SHORT or repr(choices.get(name, strategy)) != repr(strategy):
            raise ValueError(
                f"the name {name!r} is that of a strategy of skmal; give "
                f"{type(strategy).__name__} a name of its own"
            )
        else:
            if name not in choices:
                strategy = _checked_strategy(name, strategy)
                _check_can_be_sent(strategy, f"the strategy {name!r}", n_jobs)
            found[name] = strategy
    return found


def _checked_strategy(name: str, strategy: Strategy) -> Strategy:
    """Return a clone, or say what the strategy does not keep to."""
    if not re.fullmatch(r"[^\s,/][^,\n\r]*", name):
        raise ValueError(f"{name!r} is no name of a strategy; use letters and hyphens")
    try:
        check_strategy(strategy)
    except (AssertionError, TypeError) as error:
        raise ValueError(f"the strategy {name!r}: {error}") from error
    return clone(strategy) if isinstance(strategy, BaseEstimator) else strategy


def encoder_of(
    encoder: "str | Encoder", **parameters: Any
) -> tuple[str, Encoder, bool]:
    """Return an encoder's name, the encoder, and whether it is one of your own.

    Parameters
    ----------
    encoder : str or encoder
        A name, or an instance, which is known by the name of its class.
    **parameters
        Of `make_estimator`, for encoders that are known by name.

    Returns
    -------
    tuple of (str, encoder, bool)
        An unfitted clone.

    Raises
    ------
    ValueError
        If the name is unknown, or parameters do not go with the encoder.
    """
    if isinstance(encoder, str):
        check_name(encoder, "encoder", ENCODERS)
        return encoder, make_estimator(encoder, **parameters), False
    for name in ("max_epochs", "learning_rate"):
        if parameters.get(name) is not None:
            raise ValueError(f"{name} does not go with an encoder of your own; set it")
    if isinstance(encoder, type) or not hasattr(encoder, "fit"):
        raise ValueError(
            "an encoder must be a name or an instance with fit(X, y) and transform(X, "
            f"y), got {encoder!r}"
        )
    return type(encoder).__name__, clone(encoder), True


def check_own_encoder(
    encoder: Encoder, X: Items, y: Items, n_jobs: int | None = None
) -> None:
    """Raise where an encoder of your own does not keep the contract.

    Parameters
    ----------
    encoder : encoder
        Which.
    X, y : sequence
        Aligned items; the first 32 are learned from.
    n_jobs : int or None
        Processes; 1: it need not be sent to others.

    Raises
    ------
    ValueError
        It names what failed.
    """
    name = type(encoder).__name__
    try:
        check_encoder(encoder, X[:N_CHECKED], y[:N_CHECKED])
    except (AssertionError, TypeError, ValueError) as error:
        raise ValueError(f"the encoder {name}: {error}") from error
    _check_can_be_sent(encoder, f"the encoder {name}", n_jobs)


def own_callbacks(
    callbacks: Sequence[Callable[[Any], Any]], n_jobs: int | None
) -> tuple[Callable[[Any], Any], ...]:
    """Return what is called in every round of every run, or raise.

    Parameters
    ----------
    callbacks : sequence of callables
        What was passed.
    n_jobs : int or None
        Processes; 1: they need not be sent to others.

    Returns
    -------
    tuple of callables
        The same.

    Raises
    ------
    ValueError
        If they are no functions, or cannot be sent to other processes.
    """
    callbacks = check_callbacks(callbacks)
    for callback in callbacks:
        _check_can_be_sent(callback, f"the callback {callback!r}", n_jobs)
    return callbacks


def _check_can_be_sent(what: Any, called: str, n_jobs: int | None) -> None:
    """Raise where worker processes cannot get it."""
    if n_jobs == 1:
        return
    try:
        dumps(what)  # as joblib does it
    except Exception as error:  # pickling runs code of its own
        raise ValueError(
            f"{called} cannot be sent to other processes ({error}); keep files, locks "
            "and connections out of it, or run it with n_jobs=1 (--jobs 1)"
        ) from error


# ------------------------------------------------------------- out of a command


def split_names(text: str) -> list[str]:
    """Split at commas, but for those within brackets and quotes.

    Parameters
    ----------
    text : str
        Such as "mine=pkg:Mine(a=1, b=2),default".

    Returns
    -------
    list of str
        The parts that are not empty.
    """
    parts, depth, quote = [""], 0, ""
    for mark in text:
        if quote:
            quote = "" if mark == quote else quote
        elif mark in "'\"":
            quote = mark
        else:
            depth += (mark in "([{") - (mark in ")]}")
        if mark == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += mark
    return [part.strip() for part in parts if part.strip()]


def named_strategy(text: str) -> tuple[str, str]:
    """Return a strategy's name and what it is, as the command line has them.

    Parameters
    ----------
    text : str
        A name; or ``pkg.module:Mine(trim=0.1)``, perhaps with ``mine=`` before it.

    Returns
    -------
    tuple of two str
        The name that it is known by in the tables, and where it comes from.

    Raises
    ------
    ValueError
        If it is neither.
    """
    name, equals, where = text.partition("=")
    if equals and re.fullmatch(r"[\w.+-]+", name):
        _check_is_own(where)
        return name, where
    if ":" in text:
        return _check_is_own(text)["what"], text
    known = STRATEGIES | ABLATIONS
    check_name(SHORT.get(text, text), "strategy", [*known, *SHORT, f"NAME={EXAMPLE}"])
    return text, text


def named_encoder(text: str) -> str:
    """Return the text, or raise unless it is the name of an encoder, or of a class.

    Parameters
    ----------
    text : str
        A name, or ``pkg.module:Mine(trim=0.1)``.

    Returns
    -------
    str
        The text.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if ":" in text:
        _check_is_own(text)
    else:
        check_name(text, "encoder", [*ENCODERS, EXAMPLE])
    return text


def _check_is_own(text: str) -> re.Match[str]:
    found = OWN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} names no class; write {EXAMPLE}")
    _call_of(found["what"])
    return found


def _call_of(text: str) -> tuple[str, list[Any], dict[str, Any] | None]:
    """Return name, arguments and keywords; None keywords: it is a name alone."""
    wrong = (
        f"{text!r} is no class with literals as its parameters; write Mine or "
        "Mine(trim=0.1, kind='a'); nothing else is evaluated"
    )
    try:
        node = ast.parse(text.strip(), mode="eval").body
        if isinstance(node, ast.Name):
            return node.id, [], None
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            raise ValueError(wrong)
        keywords = {}
        for keyword in node.keywords:
            if keyword.arg is None:  # **
                raise ValueError(wrong)
            keywords[keyword.arg] = ast.literal_eval(keyword.value)
        return node.func.id, [ast.literal_eval(a) for a in node.args], keywords
    except (
        *(SyntaxError, ValueError, TypeError),  # {[]: 1} has no hash
        *(RecursionError, MemoryError),  # too many brackets
    ) as error:
        raise ValueError(wrong) from error


def load_own(text: str) -> Any:
    """Import what a text names, and make an instance of it where it is a class.

    Parameters
    ----------
    text : str
        ``pkg.module:Mine(trim=0.1)``. The current folder is looked through first, as
        by ``python -m``. In place of the module there may be a file, ``dir/mine.py``.

    Returns
    -------
    object
        An instance; where it is none of a class, a function say, what was named.

    Raises
    ------
    ValueError
        If there is no such module or class, the module cannot be imported, or the class
        does not take these parameters.
    """
    found = _check_is_own(text)
    name, arguments, keywords = _call_of(found["what"])
    module = _import(found["module"])
    if not hasattr(module, name):
        there = [n for n, v in vars(module).items() if isinstance(v, type)]
        raise ValueError(
            f"{found['module']} has no {name!r}; its classes are "
            f"{', '.join(there) or 'none'}"
        )
    what = getattr(module, name)
    if not isinstance(what, type):
        if keywords is not None:
            raise ValueError(f"{text}: {name} is no class; name it without parameters")
        return what
    try:
        return what(*arguments, **(keywords or {}))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{text}: {error}") from error


def _import(module: str) -> Any:
    """Import a module by its name, or a file, whose folder can be imported from then.

    Worker processes search where this one does, so that they find it as well.
    """
    folder, name = Path.cwd(), module
    if module.endswith(".py"):
        file = Path(module).resolve()
        if not file.is_file():
            raise ValueError(f"there is no file {module}")
        folder, name = file.parent, file.stem
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        found = import_module(name)
    except Exception as error:  # the module runs code of its own
        raise ValueError(
            f"{module} cannot be imported ({type(error).__name__}: {error}); the "
            f"current folder, {Path.cwd()}, is searched first"
        ) from error
    file = getattr(found, "__file__", None)
    if module.endswith(".py") and (
        file is None or Path(file).resolve() != Path(module).resolve()
    ):
        raise ValueError(
            f"{module} has the name of another module, {file or name}; rename the file"
        )
    return found
