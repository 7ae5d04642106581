"""Items that an encoder cannot read are never asked about, nor learned from."""

import numpy as np
import pytest
from bad_images import bad_files, picture
from helpers import MICRO_CLIP

from skmal import CLIPEncoder, CoresetMargin, PairedActiveLearner, RandomSampling

N = 24
BAD = [2, 9, 17]


@pytest.fixture
def pools(tmp_path):
    """Return paths of images, three of them bad, and texts."""
    kinds = iter(bad_files().values())
    paths = []
    for i in range(N):
        paths.append(tmp_path / f"{i:02}.png")
        if i in BAD:
            paths[-1].write_bytes(next(kinds))
        else:
            picture(i, side=16).save(paths[-1])
    return paths, [f"picture number {i}" for i in range(N)]


def learner(on_error="skip", **params):
    encoder = CLIPEncoder(MICRO_CLIP, max_epochs=1, device="cpu", on_error=on_error)
    params = {"query_strategy": CoresetMargin(), "batch_size": 4} | params
    return PairedActiveLearner(encoder, random_state=0, **params)


def test_the_loop_asks_about_no_bad_image_and_ranks_none(pools):
    X, y = pools
    with pytest.warns(UserWarning, match="1 of 5 pairs are left out"):
        taught = learner().teach(X[:5], y[:5])
    assert len(taught.X_training) == 4
    rows = np.arange(5, N)
    for _ in range(3):
        X_pool, y_pool = [X[r] for r in rows], [y[r] for r in rows]
        query = taught.query(X_pool, y_pool, n_instances=4)
        asked = rows[query.indices]
        pool = X if query.modality == 0 else y
        assert [pool[row] for row in asked] == list(query.instances)
        ranked = taught.rank_partners(query, X_pool, y_pool, k=len(rows))
        if query.modality == 0:
            assert not {*asked} & {*BAD}
        else:
            assert not {*rows[ranked.ravel()]} & {*BAD}
        good = asked[~np.isin(asked, BAD)]
        taught.teach([X[r] for r in good], [y[r] for r in good])
        rows = np.setdiff1d(rows, asked)


def test_rows_of_the_good_ones_alone_are_chosen_alike(pools):
    X, y = pools
    good = np.setdiff1d(np.arange(N), BAD)
    some, alone = learner(), learner("raise")
    for one in (some, alone):
        one.teach([X[0], X[1], X[3]], [y[0], y[1], y[3]])
    query = some.query(X, y, n_instances=5)
    same = alone.query([X[r] for r in good], y, n_instances=5)
    assert query.modality == same.modality
    expected = good[same.indices] if query.modality == 0 else same.indices
    np.testing.assert_array_equal(query.indices, expected)
    np.testing.assert_array_equal(query.utilities, same.utilities)


def test_a_simulated_run_leaves_bad_pairs_out(pools):
    X, y = pools
    run = learner(budget=20, n_initial=4)
    with pytest.warns(UserWarning, match="3 of 24 pairs are left out, for CLIPEncoder"):
        run.fit(X, y)
    assert (run.annotated_iter_[BAD] == -1).all()
    assert len(run.answers_) == 20
    assert not {*run.answers_[:, 1]} & {*BAD}
    with pytest.raises(ValueError, match="cannot be read"):
        learner("raise", budget=20, n_initial=4).fit(X, y)


def test_pairs_that_cannot_be_read_are_not_scored(pools):
    X, y = pools
    good = np.setdiff1d(np.arange(N), BAD)
    taught = learner().teach([X[r] for r in good[:6]], [y[r] for r in good[:6]])
    expected = taught.score([X[r] for r in good], [y[r] for r in good])
    with pytest.warns(UserWarning, match="3 of 24 pairs are left out"):
        assert taught.score(X, y) == expected
    with pytest.warns(UserWarning, match="3 of 24 pairs are left out"):
        assert taught.score(X, y, groups=np.arange(N)) == expected


def test_what_goes_bad_after_it_was_taught_does_no_harm(pools):
    X, y = pools
    taught = learner(query_strategy=RandomSampling()).teach(X[3:9], y[3:9])
    X[4].unlink()
    query = taught.query(X[10:], y[10:], n_instances=3)
    keep = [r for r in query.indices if r + 10 not in BAD]
    with pytest.warns(UserWarning, match="left out"):  # by the encoder's own fit
        taught.teach([X[10 + r] for r in keep], [y[10 + r] for r in keep])


def test_an_encoder_that_skips_leaves_pairs_out_and_gives_rows_of_nan(pools):
    X, y = pools
    encoder = learner().estimator
    with pytest.warns(UserWarning, match=r"3 of 24 images, the first X\[2\]: "):
        features = encoder.fit(X, y).transform(X)
    assert np.flatnonzero(np.isnan(features).all(axis=1)).tolist() == BAD
    assert np.isfinite(np.delete(features, BAD, axis=0)).all()
    assert [rows.tolist() for rows in encoder.usable_rows(X[:4], y[:2])] == [
        [0, 1, 3],
        [0, 1],
    ]
    with pytest.raises(ValueError, match="fewer than 2 pairs"):
        encoder.fit([X[2], X[3]], y[:2])
    with pytest.raises(ValueError, match="none of the 2 images can be read"):
        encoder.transform([X[2], X[9]])
    with pytest.raises(ValueError, match="on_error must be one of"):
        learner("ignore").estimator.fit(X, y)
