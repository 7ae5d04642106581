"""What a server listens on, and by which names it may be reached."""

from ipaddress import ip_address
from socket import gethostname
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches a server that listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_own_name(host_header: str, host: str) -> bool:
    """Say whether a Host header names the server that listens on `host`.

    A page of another site that lets its name point here (DNS rebinding) sends its own
    name. Where not only this machine is served, it may be reached by any address.
    """
    try:
        name = urlsplit(f"//{host_header}").hostname or ""
    except ValueError:
        return False
    if is_loopback(name):
        return True
    if is_loopback(host):
        return False
    try:
        ip_address(name)
    except ValueError:
        return name in (host.lower(), gethostname().lower())
    return True


def reachable(host: str) -> str:
    """Return a name for the link; no browser opens 0.0.0.0."""
    if host in ("0.0.0.0", "::"):
        return gethostname()
    return f"[{host}]" if ":" in host else host
