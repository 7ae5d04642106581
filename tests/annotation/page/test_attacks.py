"""What is sent by hand, past every browser: refused, and others are served meanwhile.

Tokens, hosts, origins, paths, bombs and wrong JSON are in test_app; scripts in texts,
names and ids in test_browser.
"""

import http.client
import json
import socket
import threading
from types import SimpleNamespace
from urllib.parse import urlsplit

import numpy as np
import pytest
from pages import served

from skmal.annotation import serve
from skmal.annotation.page import _queue

pytest.importorskip("flask")
pytest.importorskip("waitress")

BIG = 100_000_000


@pytest.fixture(scope="module")
def server(session):
    """Return where a server listens, and its token."""
    with served(session) as link:
        link = urlsplit(link)
        yield (link.hostname, link.port), link.fragment.partition("=")[2]


def request(where, token, method, path, body=None):
    """Return status and JSON of an answer."""
    connection = http.client.HTTPConnection(*where, timeout=60)
    headers = {"X-Skmal-Token": token, "Content-Type": "application/json"}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content)


def sent(where, *parts):
    """Return the first line of what comes back for bytes."""
    with socket.create_connection(where, timeout=60) as line:
        for part in parts:
            line.sendall(part)
        return line.makefile("rb").readline()


def head(token, *lines):
    first = "POST /api/skip HTTP/1.1", "Host: 127.0.0.1", f"X-Skmal-Token: {token}"
    return "\r\n".join([*first, *lines, "", ""]).encode()


def is_served(where, token):
    return request(where, token, "GET", "/api/progress")[0] == 200


def test_a_huge_body_is_refused_before_it_is_sent(server):
    where, token = server
    json_type = "Content-Type: application/json"
    assert b" 413 " in sent(where, head(token, json_type, f"Content-Length: {BIG}"))
    for wrong in ("-1", "1e3", "0x10", ""):
        answer = sent(where, head(token, json_type, f"Content-Length: {wrong}"))
        assert b" 400 " in answer or b" 413 " in answer or b" 500 " not in answer
    assert is_served(where, token)


def test_a_huge_body_in_chunks_is_refused(server):
    where, token = server
    start = head(token, "Content-Type: application/json", "Transfer-Encoding: chunked")
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    assert b" 413 " in sent(where, start + chunk)
    smuggled = head(token, "Transfer-Encoding: gzip, chunked")
    assert b" 501 " in sent(where, smuggled)
    assert is_served(where, token)


def test_huge_heads_and_what_is_no_http_are_refused(server):
    where, token = server
    assert b" 431 " in sent(where, head(token, f"X-Long: {'x' * 300_000}"))
    for junk in (b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET / HTTP/9\r\n\r\n"):
        answer = sent(where, junk)
        assert b" 200 " not in answer
        assert b" 500 " not in answer
    assert is_served(where, token)


def test_many_slow_senders_keep_nobody_waiting(server):
    where, token = server
    start = head(token, "Content-Type: application/json", "Content-Length: 1000")
    slow = [socket.create_connection(where, timeout=60) for _ in range(60)]
    try:
        for line in slow:
            line.sendall(start + b"{")
        assert is_served(where, token)
        for line in slow:
            line.sendall(b" ")
        assert is_served(where, token)
    finally:
        for line in slow:
            line.close()


def test_more_clients_than_a_small_server_takes_keep_nobody_waiting(server):
    """By default 500 may be connected; `benchmarks/page_attack.py` has the times."""
    where, token = server
    start = head(token, "Content-Type: application/json", "Content-Length: 1000")
    lines = [socket.create_connection(where, timeout=60) for _ in range(200)]
    try:
        for i, line in enumerate(lines):
            line.sendall(start + b"{" if i % 2 else b"GET / HT")
        assert is_served(where, token)
        statuses = []
        threads = [
            threading.Thread(
                target=lambda: statuses.append(
                    request(where, "wrong", "GET", "/api/question")[0]
                )
            )
            for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        assert is_served(where, token)
        for thread in threads:
            thread.join()
        assert statuses == [401] * 20
    finally:
        for line in lines:
            line.close()


def test_whoever_has_no_token_waits_and_keeps_nobody_waiting(monkeypatch, caplog):
    slept, served, done = [], [], threading.Event()

    class Channel:
        def __init__(self, **headers):
            self.requests = [SimpleNamespace(headers=headers)]

        def service(self):
            served.append(channels.index(self))
            if len(served) == 1:
                raise OverflowError("one that fails stops nobody")
            if len(served) == n_strange:
                done.set()

    monkeypatch.setattr(
        _queue, "time", SimpleNamespace(monotonic=lambda: 1.0, sleep=slept.append)
    )
    queue = _queue.TokenFirst("token")
    sent = {"X_SKMAL_TOKEN": "wröng"}, {"X_SKMAL_TOKEN": "token"}, {}
    channels = [Channel(**sent[i % 3]) for i in range(3 * _queue.BURST)]
    n_strange = 2 * _queue.BURST
    for channel in channels:
        queue.append(channel)
    assert len(queue) == _queue.BURST
    of_page = [channels.index(queue.popleft()) for _ in range(_queue.BURST)]
    assert of_page == [i for i in range(len(channels)) if i % 3 == 1]
    assert not queue
    assert done.wait(60)
    queue.close()
    assert served == [i for i in range(len(channels)) if i % 3 != 1]
    assert "one that fails" in caplog.text
    # The first need not wait; of the others each waits a bit longer.
    assert slept[: _queue.BURST] == pytest.approx([0.0] * _queue.BURST, abs=1e-9)
    waits = np.arange(1, n_strange - _queue.BURST + 1) / _queue.RATE
    np.testing.assert_allclose(slept[_queue.BURST :], waits)


@pytest.mark.parametrize("token", ["wrong", "", "t\xf6k"])
def test_without_the_token_all_is_refused_early(server, token):
    where, _ = server
    for path in ("/api/progress", "/api/no-such-thing"):
        status, sent = request(where, token.encode("latin-1"), "GET", path)
        assert status == 401
        assert sent["error"].startswith("the token is missing or wrong")
    connection = http.client.HTTPConnection(*where, timeout=60)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.status == 200
    assert b"<html" in answer.read()
    connection.close()


def test_limits_are_options(session):
    with served(session, connections=3, idle=1, max_body=2000) as link:
        link = urlsplit(link)
        where, token = (link.hostname, link.port), link.fragment.partition("=")[2]
        json_type = "Content-Type: application/json"
        answer = sent(where, head(token, json_type, "Content-Length: 2001"))
        assert b" 413 " in answer
        silent = [socket.create_connection(where, timeout=60) for _ in range(4)]
        try:
            # All are taken, until those that say nothing have been closed.
            assert is_served(where, token)
            assert silent[0].recv(1) == b""
        finally:
            for line in silent:
                line.close()
    for name, value in (("connections", 0), ("idle", 0), ("max_body", 10)):
        with pytest.raises(ValueError, match=name):
            serve(session, port=0, **{name: value})


def test_an_answer_sent_again_is_refused(server, session):
    """And nothing counts twice; what is undone in the end leaves no trace."""
    where, token = server
    question = request(where, token, "GET", "/api/question")[1]["question"]
    body = json.dumps({"question": question["id"], "partner": None})
    threads, statuses = [], []
    for _ in range(6):
        threads.append(
            threading.Thread(
                target=lambda: statuses.append(
                    request(where, token, "POST", "/api/answer", body)[0]
                )
            )
        )
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 5
    assert session.progress.n_answers == 1
    assert request(where, token, "POST", "/api/undo", "{}")[1]["undone"]
    assert request(where, token, "POST", "/api/undo", "{}")[1]["undone"] is False
