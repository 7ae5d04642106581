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


@pytest.fixture
def visit(browser, context):
    """Return how to open a page, which is watched for errors and foreign requests.

    One with a clock can be told that time has passed, by `page.clock.fast_forward`.
    """
    pytest.importorskip("waitress", reason="needs waitress")
    visited = []

    def visit(link, has_clock=False, viewport=None):
        if has_clock:  # which would be that of all pages of the context
            page = browser.new_page()
            page.clock.install()
        else:
            page = context.new_page()
        page.set_default_timeout(60_000)
        if viewport is not None:
            page.set_viewport_size(viewport)
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: problems.append(request.url))
        page.goto(link)
        visited.append((page, link, problems))
        return page

    yield visit
    for page, link, problems in visited:
        page.close()
        own = (link.partition("#")[0], "blob:")
        assert [problem for problem in problems if not problem.startswith(own)] == []
