"""`parley events` as a person and a script meet it: pipes, Ctrl-C, full disks, times, JSON, and a bar."""

import asyncio
import errno
import json
import os
import resource
import signal
import sqlite3
import subprocess

import pytest

from support.editor import PARLEY, environment
from support.event_stores import Outside, eventually, happened, sqlite_store

STORE = ("--store", "events.db")
HEAD = '{"format":1,"kind":"parley-events"}\n'


def parley(folder, *arguments, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(  # noqa: PLW1510 - each test looks at the exit code
        [PARLEY, "events", *arguments],
        env=environment(folder) | {"TZ": "UTC"},
        cwd=folder,
        text=True,
        timeout=120,
        **options,
    )


def started(folder, *arguments, **options):
    """The command, running. Ctrl-C reaches it, whatever this process inherited."""
    return subprocess.Popen(
        [PARLEY, "events", *arguments],
        env=environment(folder),
        cwd=folder,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - one thread
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options,
    )


@pytest.fixture
async def folder(tmp_path):
    """A folder with a store of 3,000 events in `events.db`, the first a second apart."""
    async with sqlite_store(tmp_path, Outside()) as store:
        for number in range(100):
            await store.append("plans", "one", [happened(number=number)], expected_sequence=number)
        more = [happened(number=number, text="gr\u00fcn " * 20) for number in range(100, 3000)]
        await store.append("plans", "one", more, expected_sequence=100)
        await store.append("plans", "two", [happened()], expected_sequence=0)
    return tmp_path


@pytest.mark.parametrize(
    "command", [("export",), ("show", "plans/one"), ("show", "plans/one", "--json"), ("tail", "--after", "0")]
)
def test_a_reader_that_has_enough_is_no_fault(folder, command):
    """As with `| head -1`: the first line came whole, and nothing is said."""
    with started(folder, *command, *STORE) as running:
        assert running.stdout.readline().endswith("\n")
        running.stdout.close()
        assert (running.wait(timeout=60), running.stderr.read()) == (1, "")


def test_an_export_that_meets_a_fault_leaves_no_file(folder):
    """Neither half a file nor one beside it; the disk is named."""
    done = parley(
        folder,
        *("export", "--out", "lines.jsonl", *STORE),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    said = f"lines.jsonl cannot be written: {os.strerror(errno.EFBIG)}. Nothing was changed. Make room, or use another"
    assert (done.returncode, said in done.stderr) == (1, True)
    assert [path.name for path in folder.iterdir() if "lines" in path.name] == []


def test_an_export_into_a_file_is_what_goes_to_standard_output(folder):
    """Byte by byte, in UTF-8 whatever the place; - is standard output by name."""
    done = parley(folder, "export", "--out", "lines.jsonl", *STORE)
    assert (done.returncode, done.stderr) == (0, "Written: lines.jsonl (3,002 lines)\n")
    piped = subprocess.run(
        [PARLEY, "events", "export", "--out", "-", *STORE],
        env=environment(folder) | {"PYTHONIOENCODING": "latin-1"},
        cwd=folder,
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert (folder / "lines.jsonl").read_bytes() == piped.stdout
    assert piped.stdout.decode().count("\n") == 3002


def test_an_export_of_nothing_is_told(folder):
    """Such as of a stream whose name was mistyped."""
    done = parley(folder, "export", "--stream", "plan", *STORE)
    assert (done.returncode, done.stdout) == (0, HEAD)
    assert done.stderr == "There is nothing in plan: no event was written.\n"


@pytest.mark.parametrize("narrowed", [(), ("--stream", "none")])
def test_lines_that_standard_output_does_not_take_are_told(folder, narrowed):
    """A backup that is cut off must not look like one, also where all of it waited to be written."""
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = parley(folder, "export", *narrowed, *STORE, stdout=full)
    said = f"parley: The lines are cut off: standard output cannot be written ({os.strerror(errno.ENOSPC)}).\n"
    assert (done.returncode, done.stderr[: len(said)]) == (1, said)


JSON_COMMANDS = [
    ("list",),
    ("show", "plans/one"),
    ("replay", "plans/one"),
    ("tail", "--count", "1"),
    ("diff", "plans/one", "plans/two"),
    ("verify",),
    ("stats",),
    ("import", "lines.jsonl"),
]


@pytest.mark.parametrize("command", JSON_COMMANDS)
def test_json_says_what_goes_wrong_on_standard_error_only(folder, command):
    """A store that cannot be read: nothing on standard output that a program would take for an answer."""
    (folder / "lines.jsonl").write_text(HEAD)
    (folder / "text.db").write_text("a text, and no database, however long it is. " * 100)
    done = parley(folder, *command, "--json", "--store", "text.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("parley: ")
    assert done.stderr.count("\n") == 1


def test_what_verifies_and_what_is_imported_is_told_to_programs(folder):
    """As one object each."""
    assert json.loads(parley(folder, "verify", "--json", *STORE).stdout) == {
        "events": 3001,
        "aggregates": 2,
        "blobs": 0,
        "problems": [],
        "notes": [],
    }
    parley(folder, "export", "--out", "lines.jsonl", *STORE)
    told = json.loads(parley(folder, "import", "lines.jsonl", "--json", "--store", "new.db").stdout)
    assert told == {"events": 3001, "repeated": 0, "blobs": 0, "masked": 0}


def test_aggregates_of_two_streams_are_not_compared(folder):
    """They share no beginning."""
    line = parley(folder, "show", "plans/two", "--json", *STORE).stdout
    other = json.loads(line) | {"stream_id": "threads", "event_id": "other"}
    (folder / "lines.jsonl").write_text(HEAD + json.dumps(other) + "\n")
    parley(folder, "import", "lines.jsonl", *STORE)
    done = parley(folder, "diff", "plans/two", "threads/two", *STORE)
    assert (done.returncode, done.stdout) == (2, "")
    assert "plans/two and threads/two are of two streams; compare two of one" in " ".join(done.stderr.split())


def test_a_cursor_goes_on_where_it_was(folder):
    """Each call to it sees what came since, from the beginning on."""
    for expected in (["1", "2"], ["3", "4"]):
        seen = parley(folder, "tail", "--cursor", "mine", "--count", "2", *STORE).stdout.splitlines()
        assert [line.split()[0] for line in seen] == expected


@pytest.mark.parametrize(
    ("time", "last"),
    [
        ("2026-11-21T09:45:10", 11),
        ("2026-11-21T09:45:10.5", 11),
        ("2026-11-21T09:45", 60),
        ("2026-11-21 10:45+01:00", 60),
        ("2026-11-21", 3000),
    ],
)
def test_a_time_that_is_shown_brings_back_what_was_shown_with_it(folder, time, last):
    """The second, the minute or the day is meant to its end."""
    shown = parley(folder, "show", "plans/one", "--time", time, "--json", *STORE).stdout.splitlines()
    assert (len(shown), json.loads(shown[-1])["sequence"]) == (last, last)


def test_a_list_says_what_it_leaves_out(folder):
    """And how to see it; a stream that is not there is no empty store."""
    shown = parley(folder, "list", "--limit", "1", *STORE).stdout.splitlines()
    assert (shown[0], shown[1].split()[-1]) == ("… 1 older ones: --limit 0 lists all.", "plans/two")
    assert len(parley(folder, "list", "--limit", "0", *STORE).stdout.splitlines()) == 2
    other = parley(folder, "list", "--stream", "plan", *STORE)
    assert (other.stdout, other.stderr) == ("", "There is nothing in plan. There is: plans.\n")


def test_pruning_names_what_would_go_and_makes_no_store(folder):
    """A look changes nothing."""
    done = parley(folder, "prune", "--older-than", "0h", *STORE)
    assert [line.split()[-1] for line in done.stdout.splitlines()] == ["plans/one", "plans/two", "it."]
    for arguments in ((), ("--yes",)):
        done = parley(folder, "prune", "--older-than", "0h", *arguments, "--store", "none.db")
        assert (done.returncode, "There is no event store at" in done.stderr) == (1, True)
    assert not (folder / "none.db").exists()


@pytest.mark.parametrize("command", [("tail", "--after", "0"), ("tail", "--after", "0", "--json")])
def test_ctrl_c_ends_watching(folder, command):
    """Each line came when it happened; the exit code is that of Ctrl-C, and nothing is said."""
    with started(folder, *command, *STORE) as running:
        for _ in range(3001):
            running.stdout.readline()
        running.send_signal(signal.SIGINT)
        assert running.communicate(timeout=60) == ("", "")
        assert running.returncode == 130


async def test_an_import_that_is_killed_and_done_again_doubles_nothing(folder):
    """Killed by Ctrl-C, and then outright, while it stores; the third goes on where they stopped."""
    parley(folder, "export", "--out", "lines.jsonl", *STORE)
    first, *lines = (folder / "lines.jsonl").read_text().splitlines(keepends=True)
    for ending, said in ((signal.SIGINT, "What was brought in stays"), (signal.SIGKILL, "")):
        running = await asyncio.to_thread(started, folder, "import", "-", "--store", "new.db", stdin=subprocess.PIPE)
        with running:
            running.stdin.write(first + "".join(lines[:2500]))
            running.stdin.flush()
            await eventually(lambda: asyncio.to_thread(_begun, folder / "new.db"), "begun")
            running.send_signal(ending)
            _, told = running.communicate(timeout=60)
            assert (running.returncode, said in told) == (130 if ending == signal.SIGINT else -ending, True)
    stored = parley(folder, "import", "lines.jsonl", "--json", "--store", "new.db")
    told = json.loads(stored.stdout)
    assert (told["events"] + told["repeated"], told["repeated"] > 0) == (3001, True)
    new = parley(folder, "export", "--store", "new.db").stdout
    assert new == (folder / "lines.jsonl").read_text()
    assert parley(folder, "verify", "--store", "new.db").returncode == 0


async def test_ctrl_c_ends_an_import_that_waits_for_lines(folder):
    """At the first time, and though nothing more is written and nothing closed."""
    with started(folder, "import", "-", "--store", "new.db", stdin=subprocess.PIPE) as running:
        running.stdin.write(HEAD)
        running.stdin.flush()
        await eventually(lambda: asyncio.to_thread(_begun, folder / "new.db"), "no events")
        running.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(running.wait, timeout=60) == 130
        assert running.stderr.read().startswith("Stopped. What was brought in stays")


def _begun(path):
    if not path.exists():
        return "no store"
    connection = sqlite3.connect(path)
    try:
        return "begun" if connection.execute("SELECT count(*) FROM events").fetchone()[0] else "no events"
    except sqlite3.OperationalError:  # its tables are not made yet
        return "no tables"
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("command", "piped"),
    [
        (("import", "lines.jsonl", "--store", "new.db"), ""),
        (("verify", *STORE), ""),
        (("export", "--out", "more.jsonl", *STORE), "Written: more.jsonl (3,002 lines)\n"),
        (("export", *STORE), ""),
        (("export", "--salvage", *STORE), "3,001 events saved: all that can be read.\n"),
    ],
)
def test_work_on_a_whole_store_shows_how_far_it_is_in_a_terminal_only(folder, command, piped):
    """Events, their speed, and how much is done; nothing of it for programs."""
    parley(folder, "export", "--out", "lines.jsonl", *STORE)
    done, seen = in_terminal(folder, *command)
    assert (done.returncode, "3,000 events" in seen) == (0, True)
    (folder / "more.jsonl").unlink(missing_ok=True)
    assert parley(folder, *command).stderr == piped
    if command[0] != "export":
        assert in_terminal(folder, *command, "--json")[1] == ""


def in_terminal(folder, *command):
    """The command once it is done, and what a person saw of it on standard error."""
    ours, theirs = os.openpty()
    done = parley(folder, *command, stderr=theirs)
    os.write(theirs, b"\0")
    os.close(theirs)
    seen = os.read(ours, 100_000).decode().rstrip("\0")
    os.close(ours)
    return done, seen


@pytest.mark.parametrize("salvage", [(), ("--salvage",)])
def test_ctrl_c_ends_an_export_that_nobody_reads(folder, salvage):
    """As with a pager that shows the first page: at the first time, with a word that the lines are no backup."""
    with started(folder, "export", *salvage, *STORE) as running:
        assert running.stdout.readline() == HEAD
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=60) == 130
        assert running.stderr.read() == "Stopped: the lines are cut off.\n"
