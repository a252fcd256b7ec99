"""A refactoring is kept as events, from the terminal and from an editor, and can be shown and replayed."""

import asyncio
import json
import sqlite3
import subprocess

import pytest

from support.editor import PARLEY, editing, environment

SOURCE = 'KEY = "sk-abcdefghijklmnopqrstuvwxyz123456"\n\n\ndef area(w, h):\n    x = w * h\n    return x\n'
RENAME = {"task_class": "rename", "json": {"x": "product"}}


def parley(tmp_path, *arguments, text=None):
    return subprocess.run(  # noqa: PLW1510 - each test looks at the exit code
        [PARLEY, *arguments],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        input=text,
        timeout=120,
    )


def listed(tmp_path):
    lines = parley(tmp_path, "events", "list", "--json").stdout.splitlines()
    return [json.loads(line) for line in lines]


def kinds(tmp_path):
    [only] = listed(tmp_path)
    shown = parley(tmp_path, "events", "show", f"refactorings/{only['aggregate_id'][:8]}", "--json").stdout
    return [json.loads(line)["event_type"] for line in shown.splitlines()]


@pytest.fixture
def refactored(tmp_path):
    """A file that was refactored at the terminal."""
    (tmp_path / "area.py").write_text(SOURCE)
    (tmp_path / "script.jsonl").write_text(json.dumps(RENAME) + "\n")
    script = ("--scripted", "script.jsonl")
    done = parley(tmp_path, "refactor", "area.py:4", "--as", "rename", "--write", *script)
    assert done.returncode == 0, done.stderr
    [only] = listed(tmp_path)
    return f"refactorings/{only['aggregate_id']}"


def test_a_refactoring_at_the_terminal_is_kept(tmp_path, refactored):
    """Asked, routed, answered, proposed, applied, in that order, under one correlation id."""
    assert kinds(tmp_path) == [
        "RefactoringAsked",
        "ModelAsked",
        "RouteChosen",
        "ModelAnswered",
        "RefactoringProposed",
        "RefactoringApplied",
    ]
    shown = parley(tmp_path, "events", "show", refactored, "--json").stdout.splitlines()
    name = refactored.partition("/")[2]
    assert {json.loads(line)["metadata"]["correlation_id"] for line in shown} == {name}


def test_a_refactoring_can_be_replayed_to_any_point(tmp_path, refactored):
    """The change is made again from what was kept; earlier points end earlier; secrets are masked."""
    whole = parley(tmp_path, "events", "replay", refactored)
    assert (whole.returncode, "+    product = w * h" in whole.stdout) == (0, True)
    assert "secrets in the text were masked" in whole.stdout
    early = parley(tmp_path, "events", "replay", refactored, "--to", "3").stdout
    assert early.splitlines()[4:6] == ["scripted/script: Answers come from script.jsonl.", "routed"]
    assert "product" not in early
    shown = parley(tmp_path, "events", "show", refactored, "--json").stdout.splitlines()
    third = json.loads(shown[2])["created_at"]
    assert whole.stdout.splitlines()[-1] == "1 call of models: tokens unknown, price unknown."
    then = json.loads(parley(tmp_path, "events", "replay", refactored, "--time", third, "--json").stdout)
    assert (then["status"], then["routes"][0]["why"]) == ("routed", "Answers come from script.jsonl.")
    told = json.loads(parley(tmp_path, "events", "replay", refactored, "--to", "5", "--json").stdout)
    assert (told["status"], told["same"], "+    product = w * h" in told["diff"]) == ("proposed", None, True)
    kept = parley(tmp_path, "events", "export").stdout
    assert "sk-abc" not in kept


def test_records_that_cannot_be_read_hinder_no_replay(tmp_path, refactored):
    """The events are whole; only what the calls of models cost is not known, and that is said."""
    [records] = tmp_path.rglob("calls.db")
    records.write_text("no database")
    whole = parley(tmp_path, "events", "replay", refactored)
    assert (whole.returncode, "+    product = w * h" in whole.stdout) == (0, True)
    assert whole.stderr.startswith(f"What its calls of models cost is not known: {records} is damaged")
    told = json.loads(parley(tmp_path, "events", "replay", refactored, "--json").stdout)
    assert (told["status"], told["calls"], told["cost_usd"]) == ("applied", None, None)


def test_a_replay_that_is_not_what_happened_has_an_exit_code(tmp_path):
    """Something changed the store: the text made again has another hash than was kept."""
    (tmp_path / "area.py").write_text(SOURCE.partition("\n\n\n")[2])
    (tmp_path / "script.jsonl").write_text(json.dumps(RENAME) + "\n")
    assert parley(tmp_path, "refactor", "area.py:1", "--as", "rename", "--scripted", "script.jsonl").returncode == 0
    [only] = listed(tmp_path)
    name = f"refactorings/{only['aggregate_id']}"
    sound = parley(tmp_path, "events", "replay", name)
    assert (sound.returncode, "the text has the hash that was kept" in sound.stdout) == (0, True)
    [store] = tmp_path.rglob("events.db")
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE events SET data = replace(data, 'product', 'sum')")
    connection.close()
    changed = parley(tmp_path, "events", "replay", name)
    assert (changed.returncode, "Not the same: the hash is sha256:" in changed.stdout) == (1, True)


def test_a_fork_is_compared_with_its_parent(tmp_path, refactored):
    """What they share, and what each has of its own."""
    forked = parley(tmp_path, "events", "fork", refactored, "again", "--at", "4")
    assert forked.returncode == 0, forked.stderr
    compared = parley(tmp_path, "events", "diff", refactored, "refactorings/again").stdout
    assert compared.splitlines()[:3] == [f"--- {refactored}", "+++ refactorings/again", "  4 events shared"]
    assert [line[0] for line in compared.splitlines()[3:]] == ["-", "-", "+"]
    lines = parley(tmp_path, "events", "diff", refactored, "refactorings/again", "--json").stdout.splitlines()
    first, *events = map(json.loads, lines)
    assert first == {"kind": "difference", "left": refactored, "right": "refactorings/again", "shared": 4}
    assert [(each["side"], each["event_type"]) for each in events] == [
        ("left", "RefactoringProposed"),
        ("left", "RefactoringApplied"),
        ("right", "Forked"),
    ]
    shown = parley(tmp_path, "events", "show", "refactorings/again").stdout.splitlines()
    assert [line for line in shown if line.endswith(":")] == [f"{refactored}:", "refactorings/again:"]


def test_events_move_to_another_store(tmp_path, refactored):
    """Export and import, twice; both stores verify, and the second has the same events."""
    lines = parley(tmp_path, "events", "export").stdout
    other = ("--store", "other.db")
    assert parley(tmp_path, "events", "import", "-", *other, text=lines).stdout.startswith("6 events and 2 blobs; 0")
    assert parley(tmp_path, "events", "import", "-", *other, text=lines).stdout.startswith("0 events and 0 blobs; 6")
    assert parley(tmp_path, "events", "export", *other).stdout == lines
    for store in ((), other):
        verified = parley(tmp_path, "events", "verify", *store)
        assert (verified.returncode, verified.stdout) == (0, "6 events of 1 aggregate, 2 blobs: all is well.\n")
    size = json.loads(parley(tmp_path, "events", "stats", "--json", *other).stdout)
    assert (size["events"], size["aggregates"]) == (6, 1)


def test_a_watcher_sees_what_another_process_stores(tmp_path, refactored):
    """`tail` follows the store, whichever process writes it, and remembers how far it came."""
    with subprocess.Popen(
        [PARLEY, "events", "tail", "--cursor", "me", "--count", "12", "--json"],
        env=environment(tmp_path),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as watcher:
        first = [json.loads(watcher.stdout.readline())["position"] for _ in range(6)]
        (tmp_path / "area.py").write_text(SOURCE)
        script = ("--scripted", "script.jsonl")
        assert parley(tmp_path, "refactor", "area.py:4", "--as", "rename", *script).returncode == 0
        then = [json.loads(line)["position"] for line in watcher.stdout]
    assert (first + then, watcher.returncode) == (list(range(1, 13)), 0)
    assert json.loads(parley(tmp_path, "events", "stats", "--json").stdout)["cursors"] == {"me": 12}


def test_what_is_old_is_removed_on_demand(tmp_path, refactored):
    """First it is only said; with --yes it goes."""
    said = parley(tmp_path, "events", "prune", "--older-than", "0h").stdout
    assert said.endswith(f"  {refactored}\n1 aggregate and 0 blobs would be removed. Add --yes to do it.\n")
    parley(tmp_path, "events", "prune", "--older-than", "0h", "--yes", "--vacuum")
    assert listed(tmp_path) == []
    assert "all is well" in parley(tmp_path, "events", "verify").stdout


async def test_an_edit_in_the_editor_is_kept_with_its_undoing(tmp_path):
    """Applied when the editor's text shows it, undone when the text is what it was."""
    async with editing(tmp_path, [RENAME]) as editor:
        uri = editor.open(tmp_path / "area.py", SOURCE)
        at = SOURCE.index("area")
        await editor.execute("parley.refactor", editor.argument(uri, at, at, task="rename"))
        finished = await editor.until("parley/finished")
        assert finished["outcome"] == "applied"
        await _until(tmp_path, "RefactoringApplied")
        text = editor.buffers[uri].text
        editor.type(uri, 0, len(text), SOURCE)
        assert await _until(tmp_path, "RefactoringUndone") == [
            "RefactoringAsked",
            "ModelAsked",
            "RouteChosen",
            "ModelAnswered",
            "RefactoringProposed",
            "RefactoringApplied",
            "RefactoringUndone",
        ]


async def _until(tmp_path, kind):
    async with asyncio.timeout(60):
        while True:
            found = await asyncio.to_thread(kinds, tmp_path)
            if found[-1] == kind:
                return found


def test_a_store_that_cannot_be_written_does_not_stand_in_the_way(tmp_path):
    """The refactoring happens all the same."""
    (tmp_path / "area.py").write_text(SOURCE)
    (tmp_path / "script.jsonl").write_text(json.dumps(RENAME) + "\n")
    (tmp_path / "broken.db").write_bytes(b"this is no database, and long enough to be taken for one" * 100)
    done = subprocess.run(  # noqa: PLW1510 - looked at below
        [PARLEY, "refactor", "area.py:4", "--as", "rename", "--write", "--scripted", "script.jsonl"],
        env={**environment(tmp_path), "PARLEY_EVENTS": "broken.db"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, "product" in (tmp_path / "area.py").read_text()) == (0, True), done.stderr
