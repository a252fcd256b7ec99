"""Which addresses the language server listens on."""

import pytest

from parley_server.lsp.tcp import Address, AddressError, address_of


@pytest.mark.parametrize(
    ("given", "address", "written"),
    [
        ("4711", Address(host="127.0.0.1", port=4711), "127.0.0.1:4711"),
        ("0", Address(host="127.0.0.1", port=0), "127.0.0.1:0"),
        (":4711", Address(host="127.0.0.1", port=4711), "127.0.0.1:4711"),
        ("localhost:4711", Address(host="127.0.0.1", port=4711), "127.0.0.1:4711"),
        ("127.9.9.9:4711", Address(host="127.9.9.9", port=4711), "127.9.9.9:4711"),
        ("[::1]:4711", Address(host="::1", port=4711), "[::1]:4711"),
    ],
)
def test_loopback_addresses_are_read_as_they_are_written(given, address, written):
    """And told so."""
    assert (address_of(given), str(address)) == (address, written)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "[::]", "example.org", "localhost.evil.example", "*"])
def test_what_other_machines_can_reach_is_refused_with_the_way_out(host):
    """A name is not looked up: what it means can change."""
    with pytest.raises(AddressError, match="is not this machine alone") as caught:
        address_of(f"{host}:4711")
    assert str(caught.value).endswith(
        "Name 127.0.0.1, localhost or [::1]; from another machine, come by a tunnel such as ssh -L."
    )


@pytest.mark.parametrize("given", ["", "localhost", "localhost:", "65536", "-1", "47 11", "four", "٤٧١١", "::1"])
def test_what_names_no_port_is_refused_with_an_example(given):
    """Too high, none, or no number. An IPv6 address without brackets is no host and a port of 1."""
    with pytest.raises(AddressError):
        address_of(given)
