"""Ten refactorings in ten documents at once, and one model that answers one after the other: a real server process."""

import json

from support.editor import editing
from support.one_at_a_time import one_at_a_time

SOURCE = "def area_{n}(w, h):\n    x = w * h\n    return x\n"
RENAMED = "def area_{n}(w, h):\n    product = w * h\n    return product\n"
ANSWER = json.dumps({"x": "product"})
COUNT = 10


async def asked_for_all(editor, tmp_path, server):
    """Ten documents, a refactoring of each, one after the other; their URIs and the requests' ids."""
    uris = [editor.open(tmp_path / f"{n}.py", SOURCE.format(n=n)) for n in range(COUNT)]
    ids = []
    for number, uri in enumerate(uris):
        accepted = await editor.execute("parley.refactor", editor.argument(uri, 4, 4, task="rename"))
        ids.append(accepted["id"])
        if number == 0:
            await server.until(lambda server: server.asked == [0])
        else:
            await waits_at(editor, accepted["id"], number)
    return uris, ids


async def waits_at(editor, request_id, position):
    """Wait until a request hears of its position in line."""
    await editor.hears(lambda: (request_id, position) in positions(editor))


def positions(editor):
    return [(told["id"], told["position"]) for method, told in editor.told if method == "parley/waiting"]


def ends(editor):
    """The ids and outcomes, in the order in which they came."""
    return [(told["id"], told["outcome"]) for method, told in editor.told if method == "parley/finished"]


async def test_ten_refactorings_at_once_are_answered_one_after_the_other_and_all_end(tmp_path):
    """First asked, first served; nobody is forgotten, and nothing but what was asked for changes."""
    async with one_at_a_time(ANSWER) as (server, variables), editing(tmp_path, None, variables=variables) as editor:
        uris, ids = await asked_for_all(editor, tmp_path, server)
        for number in range(COUNT):
            server.let(number)
            await editor.hears(lambda wanted=number + 1: len(ends(editor)) == wanted)
        assert ends(editor) == [(request_id, "applied") for request_id in ids]
        assert (server.asked, server.most) == (list(range(COUNT)), 1)
        assert [editor.buffers[uri].text for uri in uris] == [RENAMED.format(n=n) for n in range(COUNT)]


async def test_a_cancelled_refactoring_frees_its_place_at_once(tmp_path):
    """The one that is answered, and one that waits: those behind it move up."""
    async with one_at_a_time(ANSWER) as (server, variables), editing(tmp_path, None, variables=variables) as editor:
        _, ids = await asked_for_all(editor, tmp_path, server)
        await editor.execute("parley.cancel", {"id": ids[4]})
        await waits_at(editor, ids[5], 4)
        await editor.execute("parley.cancel", {"id": ids[0]})
        await server.until(lambda server: server.asked == [0, 1])
        await waits_at(editor, ids[5], 3)
        server.let(*range(COUNT))
        await editor.hears(lambda: len(ends(editor)) == COUNT)
        assert (server.gone, server.most) == ([0], 1)
        assert server.asked == [0, 1, 2, 3, 5, 6, 7, 8, 9]
        assert dict(ends(editor)) == {each: "cancelled" if each in (ids[0], ids[4]) else "applied" for each in ids}


async def test_a_person_sees_their_position_in_the_progress(tmp_path):
    """In words."""
    async with one_at_a_time(ANSWER) as (server, variables), editing(tmp_path, None, variables=variables) as editor:
        _, ids = await asked_for_all(editor, tmp_path, server)
        server.let(*range(COUNT))
        await editor.hears(lambda: len(ends(editor)) == COUNT)
        assert "waiting, 3rd in line" in editor.progress(ids[3])
        assert "waiting, next in line" in editor.progress(ids[1])
