"""Looking at the machine."""

from dataclasses import replace
from pathlib import Path

import pytest

from parley_profiling.stores import CallStore
from parley_providers.clock import SYSTEM_CLOCK
from parley_server.checkup.findings import Verdict
from parley_server.checkup.system import database, folder, installation, memory, workspace
from parley_server.project import Project
from support.records import WARM


def test_the_installation_names_python_parley_and_the_terminal():
    """What a bug report needs."""
    found = installation({"TERM": "xterm", "TERM_PROGRAM": "WezTerm", "ANTHROPIC_API_KEY": "sk-ant-secret"})
    assert [each.name for each in found] == ["Parley", "Python", "Terminal"]
    assert found[2].found.startswith("WezTerm, ")
    assert "sk-ant-secret" not in repr(found)


@pytest.mark.parametrize(("available", "verdict"), [(4 * 10**9, Verdict.OK), (10**9, Verdict.WARNING)])
def test_memory_is_compared_with_what_the_model_needs(available, verdict):
    """Too little is a warning with the way out."""
    found = memory(available, needed_bytes=2 * 10**9)
    assert (found.verdict, found.fix is None) == (verdict, verdict is Verdict.OK)


def test_a_folder_that_does_not_exist_yet_can_be_made(tmp_path):
    """Looking makes nothing."""
    wanted = tmp_path / "a" / "b"
    assert folder("Models", wanted, "PARLEY_MODELS_DIR").verdict is Verdict.OK
    assert not wanted.parent.exists()


def test_a_file_in_the_folders_place_is_a_problem(tmp_path):
    """The message names what is in the way and the variable that leads elsewhere."""
    (tmp_path / "a").touch()
    found = folder("Models", tmp_path / "a" / "b", "PARLEY_MODELS_DIR")
    assert (found.verdict, found.fix) == (
        Verdict.PROBLEM,
        f"Make {tmp_path / 'a'} writable, or name another folder in PARLEY_MODELS_DIR.",
    )


def test_a_disk_without_room_is_a_warning(tmp_path):
    """No disk holds 10^18 bytes more."""
    found = folder("Models", tmp_path, "PARLEY_MODELS_DIR", wanted_bytes=10**18)
    assert (found.verdict, "a download needs 1000000000.0 GB" in found.found) == (Verdict.WARNING, True)


def test_the_database_is_checked_and_counted(tmp_path):
    """Absent is well, healthy is counted, damaged says what will happen."""
    path = tmp_path / "calls.db"
    assert database(path).found == f"none yet; the first call of a model begins {path}"
    store = CallStore(path, clock=SYSTEM_CLOCK)
    store.observe(WARM)
    store.observe(replace(WARM, record_id="r2"))
    store.close(timeout_s=30)
    assert (database(path).verdict, database(path).found) == (Verdict.OK, f"2 healthy in {path}")
    path.write_bytes(b"not a database" * 100)
    assert database(path).verdict is Verdict.WARNING
    assert "moves it aside and begins a new one" in database(path).found


@pytest.mark.parametrize(
    ("standing", "problems", "verdict", "found"),
    [
        ("absent", (), Verdict.OK, "/w is not trusted, without settings of its own"),
        ("untrusted", ("It is not read.",), Verdict.ABSENT, "It is not read."),
        ("changed", ("It changed.",), Verdict.ABSENT, "It changed."),
        ("trusted", (), Verdict.OK, "/w is trusted, its settings are read"),
        ("trusted", ("One.", "Two."), Verdict.WARNING, "One. Two."),
        ("unusable", ("It is a link.",), Verdict.WARNING, "It is a link."),
    ],
)
def test_the_workspaces_trust_and_settings_are_told(standing, problems, verdict, found):
    """With what to do about it."""
    project = Project(folder=Path("/w"), standing=standing, problems=problems, is_trusted=standing == "trusted")
    told = workspace(project)
    assert (told.verdict, told.found) == (verdict, found)
    assert (told.fix is None) == (verdict is Verdict.OK)
    assert told.fix is None or told.fix.endswith("parley trust add /w")
