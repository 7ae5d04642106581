"""The server: a printed link, until Ctrl-C; and whom it lets in."""

import _thread
import json
import queue
import signal
import sys
import threading
import urllib.request
import webbrowser

import pytest

from skmal.annotation import serve

pytest.importorskip("flask")
pytest.importorskip("waitress")


@pytest.fixture
def ctrl_c():
    """Let Ctrl-C raise, also where a shell has started us with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupting(act):
    """Press Ctrl-C when `act`, in a thread, has ended; return its results."""
    results = []

    def run():
        try:
            results.append(act())
        finally:
            _thread.interrupt_main()

    threading.Thread(target=run).start()
    return results


def test_serve_prints_a_link_that_opens_until_ctrl_c(
    session, capsys, monkeypatch, ctrl_c
):
    links, opened = queue.Queue(), []
    monkeypatch.setattr(webbrowser, "open", lambda link: links.put(link))

    def visit():
        link = links.get(timeout=300)
        opened.append(link)
        address, _, token = link.partition("#token=")
        bare = urllib.request.urlopen(address)
        with bare:
            assert b"skmal annotate" in bare.read()
        request = urllib.request.Request(
            f"{address}api/progress", headers={"X-Skmal-Token": token}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    results = interrupting(visit)
    serve(session, port=0, by="Ann", open_browser=True)
    assert results[0]["by"] == "Ann"
    assert f"Open {opened[0]}\n" in capsys.readouterr().out
    assert opened[0].startswith("http://127.0.0.1:")
    assert len(opened[0].partition("=")[2]) >= 40


def test_other_machines_are_let_in_with_a_warning_only(session, monkeypatch):
    from waitress import server

    def taken(*_, **__):
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(server, "create_server", taken)
    with (
        pytest.warns(UserWarning, match="'0.0.0.0' lets other machines reach the page"),
        pytest.raises(OSError, match="port 5 .*in use.*; take another port"),
    ):
        serve(session, host="0.0.0.0", port=5)


def test_serve_takes_no_port_that_is_none(session):
    with pytest.raises(ValueError, match="from 0 to 65535, got 99999"):
        serve(session, port=99_999)


def test_serve_says_what_to_install(session, monkeypatch):
    monkeypatch.setitem(sys.modules, "waitress.server", None)
    with pytest.raises(ImportError, match=r"pip install skmal\[annotate\]"):
        serve(session)
