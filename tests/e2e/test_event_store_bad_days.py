"""What a person reads at the terminal when the store is missing, damaged, too new, or asked for what is not there.

One sentence or two, with the way out; no trace, no password. `docs/events.md` lists them.
"""

import json
import os
import shutil
import sqlite3
import subprocess

import pytest

from support.editor import PARLEY, environment
from support.event_stores import Outside, happened, sqlite_store


def parley(folder, *arguments, zone=None):
    done = subprocess.run(  # noqa: PLW1510 - each test looks at the exit code
        [PARLEY, "events", *arguments],
        env=environment(folder) | ({"TZ": zone} if zone else {}),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr + done.stdout
    return done


@pytest.fixture
async def folder(tmp_path):
    """A folder with a store of two aggregates in `events.db`, and a text in `text.db`."""
    async with sqlite_store(tmp_path, Outside()) as store:
        for aggregate in ("one", "other"):
            await store.append("plans", aggregate, [happened(text="x" * 300) for _ in range(60)], expected_sequence=0)
    (tmp_path / "text.db").write_text("a text, and no database, however long it is. " * 100)
    return tmp_path


def _changed(folder, name, statement):
    shutil.copy(folder / "events.db", folder / name)
    with sqlite3.connect(folder / name) as connection:
        connection.execute(statement)
    connection.close()


def _said(done):
    return " ".join(done.stderr.replace("│", " ").split())


ADDRESS = "postgresql://me:secret@127.0.0.1:1/none"
REFUSED = [
    (("list", "--store", "none.db"), "There is no event store at"),
    (("list", "--store", "text.db"), "text.db is no event store: it is another file"),
    (("verify", "--store", "text.db"), "bring a backup into a new one with `parley events import`"),
    (("list", "--store", "mysql://me:secret@here/d"), "a file or at a postgresql:// address; mysql:// is neither"),
    (("list", "--store", ADDRESS), "127.0.0.1:1/none does not answer"),
    (("list", "--store", "postgresql://me:sec/ret@here/d"), "is not one: its port is not a number"),
    (("export", "--salvage", "--store", ADDRESS), "Only a file can be salvaged. Restore a backup"),
    (("show", "plans", "--store", "events.db"), "must be STREAM/AGGREGATE"),
    (("show", "plans/zzz", "--store", "events.db"), "There is no plans/zzz. `parley events list` shows all"),
    (("show", "plan/one", "--store", "events.db"), "There is no plan/one. Did you mean plans/one?"),
    (("show", "plans/otter", "--store", "events.db"), "Did you mean plans/other?"),
    (
        ("show", "plans/o", "--store", "events.db"),
        "2 aggregates of plans begin with 'o', such as plans/one, plans/other. Write more",
    ),
    (("show", "plans/one", "--time", "noon", "--store", "events.db"), "'noon' is not a time such as"),
    (("show", "plans/one", "--to", "0", "--store", "events.db"), "greater than or equal to 1"),
    (("show", "plans/one", "--to", "9" * 20, "--store", "events.db"), "can neither hold such a value nor look for it"),
    (
        ("tail", "--after", "999", "--store", "events.db"),
        "--after 999 is beyond the last event, which is at position 120",
    ),
    (("fork", "plans/one", "other", "--at", "1", "--store", "events.db"), "There is a plans/other already. Give the"),
    (("fork", "plans/one", "new", "--at", "99", "--store", "events.db"), "has no event number 99 to fork at"),
    (("prune", "--older-than", "soon", "--store", "events.db"), "is not an age such as 12h, 30d or 8w"),
    (("prune", "--older-than", "999999d", "--store", "events.db"), "'999999d' lies before the year 1"),
    (("import", "text.db", "--store", "new.db"), "Line 1 is not JSON"),
    (("import", "events.db", "--store", "new.db"), "Line 1 is not JSON"),
    (("export", "--out", "text.db", "--store", "events.db"), "text.db is there already. Name a new file"),
    (("import", "lines.jsonl", "--store", "text.db/events.db"), "cannot be created or written (File exists)"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_what_cannot_be_done_is_said_in_a_sentence(folder, arguments, said):
    """One message with the way out; the exit code is not 0."""
    (folder / "lines.jsonl").write_text('{"kind":"parley-events","format":1}\n')
    done = parley(folder, *arguments)
    assert said in _said(done)
    assert done.returncode in (1, 2)


def test_who_has_no_store_yet_is_told_what_makes_one(tmp_path):
    """The first look is no error, whatever it asks for as a list; nothing is made by looking."""
    listed = parley(tmp_path, "list")
    assert (listed.returncode, listed.stdout.splitlines()[0], listed.stderr) == (
        0,
        "Nothing is kept here yet. Every refactoring is, by itself:",
        "",
    )
    assert parley(tmp_path, "list", "--json").stdout == ""
    assert "It is made when the first event is stored" in _said(parley(tmp_path, "stats"))
    assert not list(tmp_path.rglob("events.db"))


def test_a_truncated_store_is_refused_and_brought_into_a_new_one(folder):
    """By the two commands that the message names."""
    shutil.copy(folder / "events.db", folder / "cut.db")
    os.truncate(folder / "cut.db", (folder / "cut.db").stat().st_size * 2 // 3)
    refused = parley(folder, "list", "--store", "cut.db")
    assert refused.returncode == 1
    assert f"`parley events export --salvage --store {folder / 'cut.db'} > events.jsonl`" in refused.stderr
    saved = parley(folder, "export", "--salvage", "--store", "cut.db", "--out", "saved.jsonl")
    assert saved.returncode == 0
    assert saved.stderr.endswith(" events saved: all that can be read.\n")
    brought = parley(folder, "import", "saved.jsonl", "--store", "new.db")
    assert brought.stdout.split()[0] == saved.stderr.split()[0] != "0"
    assert "all is well" in parley(folder, "verify", "--store", "new.db").stdout


def test_a_damaged_store_does_not_verify(folder):
    """A page in the middle is not what it was: exit code 1, and the word."""
    with (folder / "events.db").open("r+b") as file:
        file.seek(4096 * 6)
        file.write(os.urandom(4096 * 6))
    done = parley(folder, "verify", "--store", "events.db")
    assert (done.returncode, done.stdout.split()[-1]) == (1, "DAMAGED.")


def test_a_newer_store_is_refused_and_left_as_it_is(folder):
    """By every command alike."""
    _changed(folder, "newer.db", "PRAGMA user_version = 99")
    before = (folder / "newer.db").read_bytes()
    for command in ("list", "stats", "verify", "export"):
        done = parley(folder, command, "--store", "newer.db")
        assert "was written by a newer Parley (schema 99; this one knows 1). Update Parley" in _said(done)
        assert done.returncode == 1
    assert (folder / "newer.db").read_bytes() == before


def test_events_that_are_not_known_are_shown_and_not_replayed(folder):
    """An unknown type or version of a refactoring: `show` has it as it is stored, `replay` says what it lacks."""
    _changed(folder, "strange.db", "UPDATE events SET stream_id = 'refactorings', event_version = 9 WHERE sequence < 3")
    strange = ("--store", "strange.db")
    assert len(parley(folder, "show", "refactorings/one", "--to", "2", "--json", *strange).stdout.splitlines()) == 2
    listed = parley(folder, "list", *strange).stdout.splitlines()
    assert sorted(line.rpartition("  ")[2] for line in listed) == [
        "has a Happened that this Parley does not know",
        "has a Happened that this Parley does not know",
        "plans/one",
        "plans/other",
    ]
    done = parley(folder, "replay", "refactorings/one", *strange)
    assert "(Happened, version 9, number 1 of refactorings/one) cannot be read" in _said(done)
    assert "Nothing was lost: update Parley, or look at it as it is stored" in _said(done)
    assert done.returncode == 1


def test_a_moment_before_everything_is_said(folder):
    """An empty answer would leave open whether the name was wrong."""
    done = parley(folder, "show", "plans/one", "--time", "2020-01-01", "--store", "events.db", zone="UTC")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "",
        "Nothing had happened to plans/one by then.\nIt began at 2026-11-21 09:45:00+00:00.\n",
    )


def test_who_watches_sees_whose_events_they_are(folder):
    """Position, aggregate and number, then what happened."""
    done = parley(folder, "tail", "--after", "59", "--count", "2", "--store", "events.db")
    assert [line.split()[:3] for line in done.stdout.splitlines()] == [
        ["60", "plans/one", "60"],
        ["61", "plans/other", "1"],
    ]


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("show", "plans/one"), 2),
        (("show", "plans/one", "--json"), 2),
        (("tail", "--after", "0"), 2),
        (("export",), 3),
        (("replay", "plans/one"), 0),
    ],
)
def test_an_event_that_is_damaged_is_named_with_the_way_out(folder, command, shown):
    """What comes before it is shown; it is no fault of Parley's, nor anything that an update would mend."""
    _changed(folder, "half.db", "UPDATE events SET data = '{\"te' WHERE position = 3")
    done = parley(folder, *command, "--store", "half.db")
    assert (done.returncode, len(done.stdout.splitlines())) == (1, shown)
    assert done.stderr.startswith("parley: The data of event 3 (Happened, number 3 of plans/one) is damaged: ")
    raw = parley(folder, "show", "plans/one", "--raw", "--store", "half.db")
    assert (raw.returncode, '      {"te\n' in raw.stdout) == (0, True)
    verified = parley(folder, "verify", "--store", "half.db")
    assert "the data of event 3 (plans/one number 3) is no whole JSON object" in verified.stdout
    saved = parley(folder, "export", "--salvage", "--store", "half.db")
    assert saved.stderr == "62 events saved; 57 events left out, because what comes before is lost.\n"


@pytest.mark.parametrize(
    "command",
    [("list",), ("fork", "plans/one", "new", "--at", "1"), ("import", "text.db"), ("export", "--salvage"), ("verify",)],
)
def test_a_folder_in_place_of_a_file_is_told(folder, command):
    """With what was meant, perhaps; nothing is made in it."""
    (folder / "here").mkdir()
    done = parley(folder, *command, "--store", "here")
    here = folder / "here"
    said = f"parley: {here} is a folder. Name a file in it, such as {here / 'events.db'}.\n"
    assert (done.returncode, done.stderr, [*here.iterdir()]) == (1, said, [])


def test_a_position_that_cannot_be_there_makes_no_store(folder):
    """Watching from the beginning, or from now on, would."""
    done = parley(folder, "tail", "--after", "5", "--store", "none.db")
    assert (done.returncode, "There is no event store at" in done.stderr) == (1, True)
    assert not (folder / "none.db").exists()


def test_saving_a_store_that_is_whole_leaves_nothing_out(folder):
    """Nothing is said to be lost."""
    assert (
        parley(folder, "export", "--salvage", "--store", "events.db").stderr
        == "120 events saved: all that can be read.\n"
    )


def test_pruning_says_when_there_is_nothing(folder):
    """And else how much would go."""
    assert (
        parley(folder, "prune", "--older-than", "400d", "--store", "events.db").stdout
        == "Nothing is older than 400d.\n"
    )
    told = json.loads(parley(folder, "stats", "--json", "--store", "events.db").stdout)
    assert (told["events"], told["aggregates"]) == (120, 2)
