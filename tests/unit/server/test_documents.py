"""Documents stay what the editor has, change by change."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley_server.lsp.documents import Change, DocumentError, Documents
from parley_server.lsp.positions import LineColumn, PositionEncoding
from support.editor import lines_of, position_at, units
from support.virtual_time import played

URI = "file:///a.py"
TEXTS = st.text(st.sampled_from("ab\n\r\t\f\u2028é中😋"), max_size=25)


def documents(text="", encoding=PositionEncoding.UTF_16):
    made = Documents(lambda uri: uri.removeprefix("file://"))
    made.encoding = encoding
    made.open(uri=URI, language="python", version=1, text=text)
    return made


@settings(max_examples=200)
@given(
    text=TEXTS,
    encoding=st.sampled_from(PositionEncoding),
    edits=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), TEXTS), max_size=6),
)
def test_any_sequence_of_changes_gives_the_editors_text(text, encoding, edits):
    """Incremental changes at positions that an editor counted lead to the text that the editor has."""
    made = documents(text, encoding)
    for version, (one, other, new_text) in enumerate(edits, start=2):
        start, end = sorted((round(one * len(text)), round(other * len(text))))
        start, end = (at - 1 if text[at - 1 : at + 1] == "\r\n" and at else at for at in (start, end))
        ends = [position_at(text, at, encoding) for at in (start, end)]
        made.change(URI, version, [Change(text=new_text, start=_at(ends[0]), end=_at(ends[1]))])
        text = text[:start] + new_text + text[end:]
        assert made.get(URI).text == text
        assert made.get(URI).version == version


def _at(position):
    return LineColumn(position.line, position.character)


def test_halves_of_a_character_that_arrive_apart_are_joined():
    """Two surrogates typed one after the other count as the one character that they are."""
    made = documents("\ud83d")
    made.change(URI, 2, [Change(text="\ude0b!", start=LineColumn(0, 1), end=LineColumn(0, 1))])
    assert made.get(URI).text == "😋!"


def test_a_change_without_a_range_replaces_everything():
    """A client may send the whole text although it was offered ranges."""
    made = documents("old")
    made.change(URI, 2, [Change(text="new\r\n")])
    assert made.get(URI).snapshot().text == "new\r\n"


def test_a_change_of_what_is_not_open_is_refused():
    """There is no text that it could apply to."""
    made = documents()
    made.close(URI)
    with pytest.raises(DocumentError, match=r"is not open"):
        made.change(URI, 2, [Change(text="x")])


def test_escaped_uris_name_the_same_document():
    """Clients escape differently in different messages."""
    made = Documents(lambda _: None)
    made.open(uri="file:///c%3A/a%20b.py", language="python", version=1, text="x")
    assert made.get("file:///c:/a b.py").text == "x"


async def test_a_file_that_is_not_open_is_read_from_disk_with_its_line_ends(tmp_path):
    """The disk is the truth for what no editor holds."""
    (tmp_path / "a.py").write_bytes(b"x\r\ny\n")
    document = await Documents(lambda uri: uri).read(str(tmp_path / "a.py"))
    assert (document.text, document.version) == ("x\r\ny\n", None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be read: No such file"), (b"\xff\x00", "not UTF-8 text \\(byte 0 is 0xff\\)")],
)
async def test_what_is_no_text_file_is_refused_with_the_reason(tmp_path, content, reason):
    """The message names the file and what is wrong with it."""
    if content is not None:
        (tmp_path / "a.py").write_bytes(content)
    with pytest.raises(DocumentError, match=reason):
        await Documents(lambda uri: uri).read(str(tmp_path / "a.py"))


async def test_a_text_that_was_right_for_a_moment_was_seen():
    """A person who types on at once does not hide that the edit arrived."""
    made = documents("a")
    async with asyncio.TaskGroup() as group:
        seen = group.create_task(made.becomes(URI, lambda text: text == "ab", within_s=60))
        await asyncio.sleep(0)
        made.change(URI, 2, [Change(text="ab")])
        made.change(URI, 3, [Change(text="abc")])
    assert seen.result()


async def test_a_text_that_never_comes_is_given_up():
    """Waiting ends."""
    assert not await documents("a").becomes(URI, lambda text: text == "b", within_s=0)


def test_a_text_that_comes_in_the_moment_in_which_time_is_over_was_seen():
    """Both happen in one turn of the loop, the text first."""

    async def became():
        made = documents("a")
        moment = asyncio.get_running_loop().time() + 1 - 1e-10
        asyncio.get_running_loop().call_at(moment, made.change, URI, 2, [Change(text="ab")])
        return await made.becomes(URI, lambda text: text == "ab", within_s=1)

    assert played(became())[0]


def test_the_oracle_counts_units():
    """The test's own measure, checked once by hand."""
    assert [units("a😋", encoding) for encoding in PositionEncoding] == [5, 3, 2]
    assert lines_of("a\r\nb\rc\n") == ["a\r\n", "b\r", "c\n", ""]
