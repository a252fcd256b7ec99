"""What an origin tells of where a request goes."""

import pytest

from parley_providers.origins import is_loopback


@pytest.mark.parametrize(
    "origin", ["", "http://127.0.0.1:8080", "http://localhost:11434", "http://[::1]:80", "http://127.9.9.9"]
)
def test_this_machine_is_loopback(origin):
    """Loopback addresses, localhost and an engine that is not started yet stay on this machine."""
    assert is_loopback(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "https://api.example.com",
        "http://192.168.1.2:11434",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "nonsense",
    ],
)
def test_everything_else_is_remote(origin):
    """A name that merely begins like a loopback address is somebody else's machine."""
    assert not is_loopback(origin)
