"""What a server listens on, and by which names it may be reached."""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from socket import gethostname
from urllib.parse import urlsplit

NAME = re.compile("[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches a server that listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_allowed(names: Iterable[str]) -> tuple[str, ...]:
    """Return names as browsers write them, or raise where one is no host name."""
    if isinstance(names, str):
        raise ValueError(
            f"allow_hosts must be a list of names, got the text {names!r}; put it in a "
            "list"
        )
    return tuple(map(_check_name, names))


def _check_name(name: str) -> str:
    try:
        written = name.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError:
        written = ""
    if not NAME.fullmatch(written):
        raise ValueError(
            f"{name!r} is no host name to allow; give the bare name in the "
            "address that people open, such as annotate.example.org, without "
            "https://, port or path"
        )
    return written


def name_in(netloc: str) -> str:
    """Return the name in what stands before the path of an address; "" for none."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").removesuffix(".")
    except ValueError:
        return ""


def is_own_name(host_header: str, host: str, allowed: Iterable[str] = ()) -> bool:
    """Say whether a Host header names the server that listens on `host`.

    A page of another site that lets its name point here (DNS rebinding) sends its own
    name. Where not only this machine is served, it may be reached by any address.
    """
    name = name_in(host_header)
    if is_loopback(name) or name in allowed:
        return True
    if is_loopback(host):
        return False
    try:
        ip_address(name)
    except ValueError:
        return name in (host.lower(), gethostname().lower())
    return True


def is_own_origin(origin: str, host_header: str, allowed: Iterable[str] = ()) -> bool:
    """Say whether a page from there is ours; proxies may have changed the Host."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    is_allowed = parts.scheme in ("http", "https") and name_in(parts.netloc) in allowed
    return parts.netloc == host_header or is_allowed


def reachable(host: str) -> str:
    """Return a name for the link; no browser opens 0.0.0.0."""
    if host in ("0.0.0.0", "::"):
        return gethostname()
    return f"[{host}]" if ":" in host else host
