"""What an origin (scheme, host and port) tells: whether what is sent there stays on this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(origin: str) -> bool:
    """Whether requests to `origin` stay on this machine; "" is an engine of our own that is not started yet."""
    if not origin:
        return True
    host = urlsplit(origin).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
