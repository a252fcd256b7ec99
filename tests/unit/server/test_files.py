"""Files are replaced whole or not at all."""

import pytest

from parley_server.files import LARGEST_FILE_BYTES, FileError, create_text, read_text, replace_text


def test_line_ends_and_a_byte_order_mark_stay(tmp_path):
    """What is read is what is there, byte by byte."""
    file = tmp_path / "a"
    file.write_bytes("\ufeffa\r\nb\rc\n".encode())
    replace_text(str(file), read_text(str(file)), read_text(str(file)) + "d\r\n")
    assert file.read_bytes() == "\ufeffa\r\nb\rc\nd\r\n".encode()


def test_a_file_that_changed_meanwhile_stays(tmp_path):
    """The person's own text goes before ours."""
    file = tmp_path / "a"
    file.write_text("theirs")
    with pytest.raises(FileError, match="changed meanwhile, so nothing was written"):
        replace_text(str(file), "before", "after")
    assert file.read_text() == "theirs"


def test_a_write_that_fails_leaves_the_file_and_no_rubbish(tmp_path):
    """A text that cannot be encoded is found out before the file is touched."""
    file = tmp_path / "a"
    file.write_text("x")
    with pytest.raises(UnicodeEncodeError):
        replace_text(str(file), "x", "\ud800")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert file.read_text() == "x"


def test_a_new_file_never_overwrites(tmp_path):
    """Folders above it are made; an existing file stays."""
    create_text(str(tmp_path / "tests" / "t.py"), "one")
    with pytest.raises(FileError, match="exists already; it was not overwritten"):
        create_text(str(tmp_path / "tests" / "t.py"), "two")
    assert (tmp_path / "tests" / "t.py").read_text() == "one"


def test_a_huge_file_is_refused_with_its_size(tmp_path):
    """The limit is named, and nothing is read."""
    file = tmp_path / "a"
    with file.open("wb") as sparse:
        sparse.truncate(LARGEST_FILE_BYTES + 1)
    with pytest.raises(FileError, match=r"has 8,000,001 bytes; Parley reads files up to 8,000,000 bytes"):
        read_text(str(file))
