"""The server: a printed link, until Ctrl-C; and whom it lets in."""

import _thread
import json
import os
import queue
import signal
import sys
import threading
import urllib.request
import webbrowser
from contextlib import contextmanager

import pytest
from pages import end_pause

from skmal.annotation import serve
from skmal.annotation.page import _ending
from skmal.annotation.page._hosts import check_allowed
from skmal.annotation.page._token import kept_token, token_path

pytest.importorskip("flask")
pytest.importorskip("waitress")


@pytest.fixture
def ctrl_c():
    """Let Ctrl-C raise, also where a shell has started us with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def links(monkeypatch):
    """Return the queue of links that a server would open."""
    links = queue.Queue()
    monkeypatch.setattr(webbrowser, "open", links.put)
    return links


@contextmanager
def interrupting(act, number=signal.SIGINT):
    """Press Ctrl-C when `act`, in a thread, has ended; give its results."""
    results = []

    def run():
        try:
            results.append(act())
        finally:
            if number is not None:
                _thread.interrupt_main(number)

    thread = threading.Thread(target=run)
    thread.start()
    yield results
    thread.join(60)
    assert not thread.is_alive()


def test_serve_prints_a_link_that_opens_until_ctrl_c(session, capsys, links, ctrl_c):
    opened = []

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

    with interrupting(visit) as results:
        serve(session, port=0, by="Ann", open_browser=True)
    assert results[0]["by"] == "Ann"
    assert f"Open {opened[0]}\n" in capsys.readouterr().out
    assert opened[0].startswith("http://127.0.0.1:")
    assert len(opened[0].partition("=")[2]) >= 40


def asked(link, path, body=None):
    """Return what the server of a link answers."""
    address, _, token = link.partition("#token=")
    headers = {"X-Skmal-Token": token, "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}api/{path}", data, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_as_ctrl_c_does(session, links, name):
    """And then a closing terminal may say so again, while a script exports."""
    number = getattr(signal, name, None)
    if number is None:
        pytest.skip(f"there is no {name} here")
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with interrupting(lambda: asked(links.get(), "progress"), number) as results:
            serve(session, port=0, open_browser=True)
        assert results[0]["ends"]
        left = signal.SIG_IGN if name == "SIGHUP" else signal.SIG_DFL
        assert signal.getsignal(number) is left
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_it_ends_in_silence_while_a_browser_is_slow_to_open(
    session, monkeypatch, ctrl_c, name
):
    """From the printed link on, Ctrl-C ends it, whether it serves yet or not."""
    number = getattr(signal, name)
    before = signal.signal(number, signal.getsignal(number))
    if name == "SIGTERM":
        signal.signal(number, signal.SIG_DFL)
    links = []

    def slow(link):
        links.append(link)
        signal.raise_signal(number)

    monkeypatch.setattr(webbrowser, "open", slow)
    try:
        serve(session, port=0, open_browser=True)
    finally:
        signal.signal(number, before)
    with pytest.raises(OSError, match="refused"):
        asked(links[0], "progress")
    assert not any("waitress" in thread.name for thread in threading.enumerate())


def test_what_others_do_about_signals_stays(session, links, ctrl_c):
    number = signal.SIGTERM
    before = signal.signal(number, signal.SIG_IGN)  # as nohup does it with SIGHUP

    def look():
        asked(links.get(), "progress")
        return signal.getsignal(number)

    try:
        with interrupting(look) as during:
            serve(session, port=0, open_browser=True)
        assert during == [signal.SIG_IGN] == [signal.getsignal(number)]
    finally:
        signal.signal(number, before)


def test_the_button_ends_it_and_says_what_was_made(session, links, monkeypatch):
    monkeypatch.setattr(_ending, "PAUSE", 600)

    def press():
        link = links.get()
        made = [asked(link, "finish", {})["made"] for _ in range(2)]  # twice by chance
        end_pause()
        return made

    with interrupting(press, number=None) as said:
        serve(session, port=0, open_browser=True, finish=lambda: ["a table", "go on"])
    assert said == [[["a table", "go on"]] * 2]
    with interrupting(press, number=None) as said:
        serve(session, port=0, open_browser=True)
    assert said == [[[f"All answers are in {session.path}."]] * 2]


def test_a_server_that_wakes_early_is_not_written_to_after_its_end(monkeypatch):
    from waitress import trigger, wasyncore

    channels = {}
    monkeypatch.setattr(_ending, "PAUSE", 600)
    timer = _ending.closing_soon(channels)
    own = trigger.trigger(channels)
    pull = own._physical_pull

    def pull_twice():
        pull()  # as any thread may that has made an answer
        server.join(0.1)  # and that could be its end
        pull()

    monkeypatch.setattr(own, "_physical_pull", pull_twice)
    server = threading.Thread(target=wasyncore.loop, kwargs={"map": channels})
    server.start()
    timer.function()
    server.join(60)
    assert not server.is_alive()


def test_an_open_tab_goes_on_with_the_next_server(session, links, ctrl_c, capsys):
    opened = []

    def visit():
        opened.append(links.get())
        asked(opened[-1], "progress")

    for _ in range(2):
        with interrupting(visit):
            serve(session, port=0, open_browser=True, allow_hosts=["A.example"])
    first, second = (link.partition("#")[2] for link in opened)
    assert first == second
    assert f"https://a.example/#{first}" in capsys.readouterr().out


def test_the_token_is_for_its_user_alone(tmp_path):
    journal = tmp_path / "s.skmal"
    token, path = kept_token(journal), token_path(journal)
    assert kept_token(journal) == token == path.read_text()
    assert kept_token(tmp_path / "other") != token
    tokens = {token}
    for spoilt in ("", token[:-1], token + "x", "é" * 43):
        path.write_text(spoilt, encoding="utf-8")
        tokens.add(kept_token(journal))
        assert path.read_text() == kept_token(journal)
    assert len(tokens) == 5
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o640)  # somebody else may have seen it
        assert kept_token(journal) not in tokens
        assert path.stat().st_mode & 0o777 == 0o600


def test_hosts_to_allow_are_names(session):
    names = ["Annotate.Example.org", "a", "bücher.example.", "192.168.0.7"]
    allowed = check_allowed(names)
    assert allowed[:2] == ("annotate.example.org", "a")
    assert allowed[2:] == ("xn--bcher-kva.example", "192.168.0.7")
    for name in ("", "*", "https://a.example", "a.example:80", "a/b", "a..b", "-a"):
        with pytest.raises(ValueError, match=r"is no host name to allow; give the"):
            serve(session, allow_hosts=[name])
    with pytest.raises(ValueError, match="must be a list of names, got the text"):
        serve(session, allow_hosts="a.example")


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
