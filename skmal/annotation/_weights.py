"""Encoder weights beside the journal: one file, of the last training.

What is pickled is plain data, and the encoder by its public class, so that files stay
readable when code moves.
"""

import hashlib
import io
import warnings
from pathlib import Path
from typing import Any

import joblib
from sklearn.exceptions import InconsistentVersionWarning

from .._shared.files import replacing
from ..learners._paired import PairedActiveLearner

FORMAT = 2  # of what is in a file; 1 named private classes


class UnusableWeights(Exception):
    """A file that is not loaded, and why."""


def path_of(journal: Path, n_round: int) -> Path:
    """Return where the weights of a round are, beside the journal."""
    folder = journal.with_name(journal.name + ".weights")
    return folder / f"round-{n_round:05d}.joblib"


def save(learner: PairedActiveLearner, path: Path) -> str:
    """Write what was learned, by a rename, and return the SHA-256 of the file."""
    state = learner.state()
    kept = {name: state[name] for name in ("estimator", "prequential")}
    content = io.BytesIO()
    joblib.dump({"format": FORMAT} | kept, content)
    path.parent.mkdir(exist_ok=True)
    with replacing(path, "wb") as file:
        file.write(content.getbuffer())
    return hashlib.sha256(content.getbuffer()).hexdigest()


def load(path: Path, sha256: str) -> dict[str, Any]:
    """Return what `save` wrote of a learner's state, or raise UnusableWeights.

    A file of any other content is not loaded, for loading runs what is in it.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UnusableWeights("the file is missing") from error
    except OSError as error:
        raise UnusableWeights(f"the file cannot be read ({error})") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UnusableWeights(
            "the file is not the one that was written (its hash is not the journal's)"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", InconsistentVersionWarning)
            kept = joblib.load(io.BytesIO(content))
    except (ImportError, AttributeError) as error:
        raise UnusableWeights(
            f"it names a class that is not there ({error}), such as one that has moved"
        ) from error
    except InconsistentVersionWarning as error:
        raise UnusableWeights(f"it is of another version ({error})") from error
    except Exception as error:  # written by other versions of what the encoder is of
        raise UnusableWeights(
            f"it cannot be unpickled ({type(error).__name__}: {error})"
        ) from error
    if not isinstance(kept, dict) or kept.get("format") != FORMAT:
        raise UnusableWeights("it is of another version of skmal")
    return {name: kept[name] for name in ("estimator", "prequential")}


def remove_others(path: Path) -> None:
    """Remove the files of other rounds."""
    for other in path.parent.glob("round-*"):
        if other != path:
            other.unlink()
