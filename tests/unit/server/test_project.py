"""A workspace's own settings, and the trust without which they are not read."""

import json
import os
import re
from datetime import UTC, datetime

import pytest

from parley_server.config_text import ConfigError, Entry
from parley_server.project import FILE_NAME, LARGEST_BYTES, has_settings, read_project, trust_project, workspace_of
from parley_server.trust import Trusted, TrustStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    return TrustStore(root=tmp_path / "data" / "trust")


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_a_file_that_is_not_trusted_is_told_and_not_read(root, store):
    """Not even for its mistakes."""
    (root / FILE_NAME).write_text("timeouts: [\n")
    found = read_project(root, store)
    assert (found.standing, found.entries, found.is_trusted) == ("untrusted", (), False)
    assert found.problems == (
        (
            f"{root / FILE_NAME} is not read, since you have not trusted this workspace. "
            f"Look at it, then: parley trust add {root}"
        ),
    )


def test_a_trusted_file_is_read_with_its_lines(root, store):
    """And what does not count is told, with its line."""
    (root / FILE_NAME).write_text("version: 1\ntimeouts:\n  idle_s: 9\nollama:\n  url: http://evil.example\n")
    found = trust_project(root, store, NOON)
    assert found.entries == (Entry(path=("timeouts", "idle_s"), value=9, where=f"{root / FILE_NAME}, line 3"),)
    assert found.problems[0].startswith(f"{root / FILE_NAME}, line 5: 'ollama.url' cannot be set there")
    assert read_project(root, store) == found


def test_a_file_that_changed_since_is_not_read(root, store):
    """Trust is of its bytes: a pull may bring others."""
    (root / FILE_NAME).write_text("timeouts: {idle_s: 9}\n")
    trust_project(root, store, NOON)
    (root / FILE_NAME).write_text("timeouts: {idle_s: 1}\n")
    found = read_project(root, store)
    assert (found.standing, found.entries) == ("changed", ())
    assert "changed after you trusted it" in found.problems[0]


def test_a_file_that_appears_later_is_not_read(root, store):
    """Trusting a workspace without one says nothing of what comes."""
    assert trust_project(root, store, NOON).standing == "absent"
    (root / FILE_NAME).write_text("timeouts: {idle_s: 1}\n")
    assert read_project(root, store).standing == "changed"


def test_trust_can_be_taken_away(root, store):
    """At once."""
    trust_project(root, store, NOON)
    assert (store.forget(root), store.forget(root)) == (True, False)
    assert read_project(root, store).is_trusted is False


def test_trust_is_of_the_real_folder(root, store, tmp_path):
    """A link to it is the same; the same name elsewhere is not."""
    (tmp_path / "link").symlink_to(root)
    trust_project(tmp_path / "link", store, NOON)
    assert [each.folder for each in store.all()] == [root]
    root.rename(tmp_path / "moved")
    assert read_project(tmp_path / "moved", store).is_trusted is False


def test_records_of_trust_are_private(root, store):
    """Nobody else of this machine can trust for the person."""
    trust_project(root, store, NOON)
    (record,) = store.root.iterdir()
    assert (store.root.stat().st_mode & 0o777, record.stat().st_mode & 0o777) == (0o700, 0o600)


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff", b"[]", b'{"format": 2}'])
def test_a_damaged_record_trusts_nothing(root, store, damage):
    """Doubt is no trust."""
    trust_project(root, store, NOON)
    (record,) = store.root.iterdir()
    record.write_bytes(damage)
    assert (store.find(root), store.all()) == (None, ())


def test_a_record_of_another_folder_trusts_nothing(root, store):
    """A file's name alone is no proof."""
    trust_project(root, store, NOON)
    (record,) = store.root.iterdir()
    record.write_text(json.dumps(json.loads(record.read_text()) | {"folder": "/elsewhere"}))
    assert store.find(root) is None


def _link(path, root):
    (root / "real.yaml").write_text("timeouts: {idle_s: 9}\n")
    path.symlink_to(root / "real.yaml")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (_link, "is a link"),
        (lambda path, _: path.mkdir(), "is no plain file"),
        (lambda path, _: os.mkfifo(path), "is no plain file"),
        (lambda path, _: path.write_bytes(b"#" * (LARGEST_BYTES + 1)), "is larger than 16 KiB"),
        (lambda path, _: path.symlink_to("/nowhere"), "is a link"),
    ],
)
def test_what_is_no_plain_small_file_is_not_read(root, store, make, problem):
    """No link is followed, nothing waits for a pipe."""
    store.trust(Trusted(folder=root, at=NOON, file_sha256=None))
    make(root / FILE_NAME, root)
    found = read_project(root, store)
    assert (found.standing, found.entries) == ("unusable", ())
    assert problem in found.problems[0]
    with pytest.raises(ConfigError, match=problem):
        trust_project(root, store, NOON)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("timeouts: &t {idle_s: 9}\nx: *t\n", r"line 2: \*t repeats what stands elsewhere"),
        ("a: &a [x]\nb: &b [*a, *a]\n", r"line 2: \*a repeats"),
        ("timeouts: " + "[" * 5000, "line 1: this is nested deeper"),
        ("timeouts: !!python/object/apply:os.system [ls]\n", "is no plain value; take the tag away"),
        ("timeouts: {idle_s: 2026-99-99}\n", "cannot be read as settings"),
        ("- x\n", "settings are lines like"),
    ],
)
def test_yaml_that_grows_or_runs_is_refused(root, store, text, problem):
    """Before it is loaded."""
    (root / FILE_NAME).write_text(text)
    found = trust_project(root, store, NOON)
    assert (found.standing, found.entries) == ("unusable", ())

    assert re.search(problem, found.problems[0])


def test_a_workspace_begins_at_its_settings_or_its_repository(tmp_path):
    """The nearest of them; else where one stands."""
    inner = tmp_path / "repository" / "package" / "module"
    inner.mkdir(parents=True)
    alone = tmp_path / "alone"
    alone.mkdir()
    (tmp_path / "repository" / ".git").mkdir()
    assert (workspace_of(inner), workspace_of(alone)) == (tmp_path / "repository", alone)
    assert not has_settings(inner)
    (inner.parent / FILE_NAME).touch()
    assert workspace_of(inner) == inner.parent
    assert has_settings(inner)
