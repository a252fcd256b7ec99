"""Bytes become messages, however they are cut, and rubbish never stops what follows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_server.lsp.frames import FrameError, Frames


def framed(body, header=b"Content-Length: %d\r\n\r\n"):
    return header % len(body) + body


def cut(data, sizes):
    for size in sizes:
        yield data[:size]
        data = data[size:]
    yield data


def read(chunks):
    frames = Frames()
    return [found for chunk in chunks for found in frames.feed(chunk)]


@given(bodies=st.lists(st.binary(max_size=40), max_size=5), sizes=st.lists(st.integers(0, 30), max_size=20))
def test_bodies_come_out_whole_however_the_bytes_are_cut(bodies, sizes):
    """A pipe delivers any number of bytes at a time."""
    data = b"".join(map(framed, bodies))
    assert read(cut(data, sizes)) == bodies


@given(rubbish=st.binary(max_size=200).filter(lambda data: b"ontent" not in data.lower()))
def test_a_message_after_rubbish_is_read(rubbish):
    """One bad sender of bytes costs one error, not the session."""
    found = read([rubbish + b"\r\n\r\n", framed(b"first"), framed(b"second")])
    assert found[-1] == b"second"
    assert all(isinstance(each, FrameError) for each in found if each not in (b"first", b"second"))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"Content-Length: x%%d\r\n\r\n", "a Content-Length of 'x%d'"),
        (b"Content-Length: -1\r\n\r\n", "a Content-Length of '-1'"),
        (b"Content-Length: 99999999999\r\n\r\n", "a Content-Length of '99999999999'"),
        (b"Content-Type: text\r\n\r\n", "a header without Content-Length"),
        (b"nonsense\r\n\r\n", "a header line without a colon: 'nonsense'"),
        (b"Content-Length: 4\r\nContent-Type: x; charset=latin-1\r\n\r\n", "a charset other than UTF-8"),
        (b"X: " + b"y" * 9000 + b"\r\n\r\n", "a header that is too long"),
    ],
)
def test_a_bad_header_is_named_and_skipped(header, reason):
    """The next message is read as if nothing had been."""
    found = read([header.replace(b"%%", b"%"), framed(b"good")])
    assert [type(each) for each in found] == [FrameError, bytes]
    assert reason in found[0].reason
    assert found[1] == b"good"


def test_a_header_that_never_ends_is_given_up():
    """Memory does not grow with what is no message."""
    frames = Frames()
    errors = [found for _ in range(50) for found in frames.feed(b"z" * 1000)]
    assert errors
    assert list(frames.feed(b"\r\n\r\n" + framed(b"good")))[-1] == b"good"


@pytest.mark.parametrize(
    "header", [b"content-length:%d\n\n", b"Content-Type: a; charset=utf8\r\nContent-Length:  %d\r\n\r\n"]
)
def test_headers_of_other_spellings_are_read(header):
    """Names have no case, and a bare newline ends a line too."""
    assert read([framed(b"body", header)]) == [b"body"]
