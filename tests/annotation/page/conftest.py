"""Pools with traps in them, and a session that nobody changes."""

import pytest
from pages import make_traps, open_session


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with pools."""
    folder = tmp_path_factory.mktemp("pools")
    make_traps(folder)
    return folder


@pytest.fixture(scope="module")
def session(folder):
    """Return a session that no test changes."""
    with open_session(folder, folder / "unchanged.skmal") as session:
        yield session
        session.wait()
        progress = session.progress
        assert progress.n_answers == progress.n_skips == 0
