"""How many contract cases and faults each adapter stands, from a run of both; and what faults cost 10,000 requests.

Nothing here is timed. A case is one test of the contract suite for one adapter; a fault is one row of the table of
`support.faults` for one wire, told by the adapter, and handled by a chain over it.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from benchmarks.figures import Figure, Table, at_least, at_most
from support.chain_world import storm
from support.faults import FAULTS
from support.faulty_wires import FAULTY_WIRES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from benchmarks.figures import Context

SUITES = Path(__file__).parents[1] / "contract" / "providers"
_KINDS = {
    "test_providers": "cases",
    "test_schema_answers": "cases",
    "test_faults": "faults",
    "test_networks": "networks",
    "test_vendor_stand_in": "others",
    "test_aimock_stand_in": "others",
}
STAGES = ("scripted", "ollama", "llama_server", "embedded", "anthropic", "openai", "gemini", "compatible")


async def figures(context: Context) -> AsyncGenerator[Figure | Table, None]:
    """Every case and every fault as promised, for every adapter; no request of 10,000 lost or doubled."""
    context.say("the contract suite, and the faults of every wire")
    report = context.scratch / "report.xml"
    await _run(report)
    names = _names(report)
    yield _passed("providers.contract-cases.passed", names["cases"])
    yield _passed("providers.faults.as-the-table-says", names["faults"])
    yield _passed("providers.stand-ins-of-others.passed", names["others"])
    yield Figure(name="providers.faults.rows", ours=len(FAULTS), unit="", detail={"wires": len(FAULTY_WIRES)})
    columns = ("adapter", "passed", "failed")
    wires = [wire.name for wire in FAULTY_WIRES]
    yield Table(name="contract cases", columns=columns, rows=_rows(names["cases"], STAGES))
    yield Table(name="faults", columns=columns, rows=_rows(names["faults"], wires))
    yield Table(name="proxies and certificates", columns=columns, rows=_rows(names["networks"], wires))
    yield Table(name="stand-ins of others", columns=columns, rows=_rows(names["others"], STAGES))
    requests = context.samples(10_000, quick=1_000)
    context.say(f"{requests:,} requests under faults")
    async for figure in _storm(requests):
        yield figure


async def _storm(requests: int) -> AsyncGenerator[Figure, None]:
    world = await asyncio.to_thread(storm, requests, random.Random(5))
    await asyncio.to_thread(world.finish)
    ended = sum(task.done() for task in world.tasks.values())
    told = {"requests": requests, "calls": len(world.records), "fault_share": world.fault_share}
    yield Figure(name="providers.storm.lost", ours=requests - ended, unit="", goal=at_most(0), detail=told)
    doubled = len(world.answered) - len(set(world.answered))
    yield Figure(name="providers.storm.doubled", ours=doubled, unit="", goal=at_most(0), detail=told)
    # One that is not as predicted ends the storm with an error.
    yield Figure(name="providers.storm.breaker-states-as-predicted", ours=world.checked, unit="", detail=told)


async def _run(report: Path) -> None:
    """Both suites by a process of their own, as `nox -s contract` runs them."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", str(SUITES)]
    running = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, cwd=SUITES.parents[2], stdin=asyncio.subprocess.DEVNULL
    )
    await running.wait()


def _names(report: Path) -> dict[str, list[tuple[str, bool]]]:
    """Each test's name and whether it passed, by what it counts as."""
    found: dict[str, list[tuple[str, bool]]] = {kind: [] for kind in _KINDS.values()}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it just now
        suite = case.get("classname", "").rpartition(".")[2]
        kind = _KINDS.get(suite)
        if kind is not None:
            failed = case.find("failure") is not None or case.find("error") is not None
            found[kind].append((case.get("name", ""), not failed))
    return found


def _passed(name: str, cases: list[tuple[str, bool]]) -> Figure:
    passed = sum(good for _, good in cases)
    share = at_least(1.0, of="ratio")
    return Figure(name=name, ours=passed, unit="", goal=share, baseline=len(cases), baseline_name="that ran")


def _rows(cases: list[tuple[str, bool]], adapters: list[str] | tuple[str, ...]) -> tuple[tuple[str, int, int], ...]:
    counted = Counter((_adapter(name, adapters), good) for name, good in cases)
    return tuple((each, counted[each, True], counted[each, False]) for each in adapters)


def _adapter(name: str, adapters: list[str] | tuple[str, ...]) -> str:
    """Whose case it is: the longest adapter's name that stands in the case's parameters."""
    parameters = name.partition("[")[2].removesuffix("]")
    said = [each for each in adapters if parameters == each or parameters.endswith(f"-{each}")]
    begun = [each for each in adapters if parameters.startswith(f"{each}-")]
    return max([*said, *begun], key=len, default="")
