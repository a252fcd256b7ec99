"""Files are replaced whole or not at all."""

import os

import pytest

from parley_server.files import LARGEST_FILE_BYTES, FileError, create_text, new_file, read_text, replace_text


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


def test_a_name_may_be_as_long_as_the_system_lets_it(tmp_path):
    """What is written beside it until it is whole has a name of its own."""
    file = tmp_path / ("\N{GRINNING FACE}" * 63 + "abc")
    create_text(str(file), "one")
    replace_text(str(file), "one", "two")
    assert file.read_text() == "two"


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


def test_a_new_file_that_cannot_be_written_leaves_nothing(tmp_path):
    """Neither half a file nor an empty one."""
    with pytest.raises(UnicodeEncodeError):
        create_text(str(tmp_path / "t.py"), "\ud800")
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_has_the_mode_of_the_person_s_own(tmp_path):
    """As if an editor had made it."""
    (tmp_path / "own").touch()
    create_text(str(tmp_path / "t.py"), "x\r\n")
    assert (tmp_path / "t.py").stat().st_mode == (tmp_path / "own").stat().st_mode
    assert (tmp_path / "t.py").read_bytes() == b"x\r\n"


def test_a_link_that_leads_nowhere_is_no_place_for_a_new_file(tmp_path):
    """What it points to is not made."""
    (tmp_path / "t.py").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileError, match="exists already"):
        create_text(str(tmp_path / "t.py"), "x")
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_no_plain_file_is_not_read(tmp_path):
    """A pipe would be waited for, a device has no end."""
    os.mkfifo(tmp_path / "pipe")
    for path in (str(tmp_path / "pipe"), "/dev/zero", str(tmp_path)):
        with pytest.raises(FileError, match="is no plain file"):
            read_text(path)


def test_a_new_file_gets_its_name_when_it_is_whole(tmp_path):
    """Before, nobody sees it; what goes wrong in between leaves nothing, neither there nor beside it."""
    goal = tmp_path / "lines"
    with new_file(str(goal)) as file:
        file.write(b"one\n")
        assert not goal.exists()
    assert goal.read_bytes() == b"one\n"
    with pytest.raises(FileError, match="Nothing was changed"):
        _write(tmp_path / "other", (tmp_path / "none").read_bytes)
    assert list(tmp_path.iterdir()) == [goal]


def test_a_new_file_takes_no_name_that_another_took_meanwhile(tmp_path):
    """What the other wrote stays."""
    goal = tmp_path / "lines"
    with pytest.raises(FileError, match="lines exists already; it was not overwritten"):
        _write(goal, lambda: goal.write_bytes(b"other"))
    assert (goal.read_bytes(), list(tmp_path.iterdir())) == (b"other", [goal])


def _write(goal, meanwhile):
    with new_file(str(goal)) as file:
        file.write(b"mine")
        meanwhile()
