"""What real Parleys spend at a vendor's, at once, as `parley usage` tells it; and the cap on it that they share.

The vendor is a server on this machine, behind a proxy by a name elsewhere: what stays on this machine costs nothing.
"""

import asyncio
import json
import ssl
from contextlib import asynccontextmanager
from itertools import islice

import pytest
import trustme

from support.editor import PARLEY, environment
from support.loopback import serving
from support.tunnel import tunnelling
from support.vendor_wires import ANTHROPIC, OUTPUT_TOKENS, PROMPT_TOKENS

HOST = "models.test"
MODEL = f"away/{ANTHROPIC.model}"
# For a thousand tokens a dollar in, and a hundred out.
COSTS = (PROMPT_TOKENS + OUTPUT_TOKENS * 100) / 1000


class Vendor:
    """Answers every question; the first that says "break" it breaks off, and those that say "wait" wait."""

    def __init__(self):
        self.asked = 0
        self.broken = False
        self.may_answer = asyncio.Event()

    async def __call__(self, exchange):
        if exchange.path.partition("?")[0] == ANTHROPIC.models_path:
            await exchange.answer(ANTHROPIC.listed)
            return
        self.asked += 1
        question = json.dumps(exchange.json["messages"])
        await exchange.start(headers={"Content-Type": "text/event-stream"})
        breaks = "break" in question and not self.broken
        for line in ANTHROPIC.text(["half"], finish=None if breaks else ANTHROPIC.stop):
            await exchange.send(line)
            if "wait" in question:
                await self.may_answer.wait()
        self.broken = self.broken or breaks
        await exchange.end()


@pytest.fixture
async def vendor(tmp_path):
    """The vendor, and `vendor.run`, which runs a Parley that can reach it."""
    authority, vendor = trustme.CA(), Vendor()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(tls)
    async with serving(vendor, tls) as server, tunnelling(server.url) as proxy:
        own = {"PARLEY_CONFIG": str(tmp_path / "config.yaml"), "HTTPS_PROXY": proxy.url, "ANTHROPIC_API_KEY": "sk-ant"}

        async def run(*arguments):
            child = await asyncio.create_subprocess_exec(
                *(PARLEY, *arguments),
                cwd=tmp_path,
                env=environment(tmp_path) | own,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            said, told = await child.communicate()
            return said.decode(), told.decode()

        vendor.run = run
        yield vendor


def _settings(tmp_path, more=""):
    away = f"providers: {{away: {{kind: anthropic, url: 'https://{HOST}', ca_bundle: {tmp_path / 'authority.pem'}}}}}\n"
    prices = f"prices: {{{MODEL}: {{input_usd: 1000, output_usd: 100000}}}}\n"
    (tmp_path / "config.yaml").write_text(away + prices + more, encoding="utf-8")


async def _asked(vendor, question):
    said, told = await vendor.run("ask", question, "--json", "--model", MODEL, "--max-tokens", "16")
    return json.loads(said) if said else told


async def _used(vendor, by):
    said, _ = await vendor.run("usage", "--by", by, "--json")
    return [
        (each["calls"], each["prompt_tokens"], each["output_tokens"], round(each["cost_usd"], 6), each["unpriced"])
        for each in json.loads(said)["totals"]
    ]


@asynccontextmanager
async def _asking(vendor, *questions):
    """Parleys that ask all at once."""
    async with asyncio.TaskGroup() as tasks:
        yield [tasks.create_task(_asked(vendor, question)) for question in questions]


async def test_what_several_parleys_spend_at_once_is_added_up(vendor, tmp_path):
    """Without any cap: each request and session by itself, and the day; as each of them told it, too."""
    _settings(tmp_path)
    async with _asking(vendor, *["hi"] * 4) as asking:
        pass
    assert [task.result()["cost_usd"] for task in asking] == pytest.approx([COSTS] * 4)
    one = (1, PROMPT_TOKENS, OUTPUT_TOKENS, COSTS, 0)
    together = (4, 4 * PROMPT_TOKENS, 4 * OUTPUT_TOKENS, round(4 * COSTS, 6), 0)
    assert [await _used(vendor, by) for by in ("request", "session", "day", "model")] == [
        [one] * 4,
        [one] * 4,
        [together],
        [together],
    ]


async def test_what_a_broken_answer_cost_is_unknown_and_not_nothing(vendor, tmp_path):
    """The prompt was counted when it began; how much was said of it, nobody told."""
    _settings(tmp_path)
    answer = await _asked(vendor, "break")
    assert (answer["answer"], len(answer["restarts"]), answer["cost_usd"]) == ("half", 1, None)
    assert await _used(vendor, "request") == [(2, 2 * PROMPT_TOKENS, OUTPUT_TOKENS, COSTS, 1)]


async def test_parleys_that_ask_at_once_share_the_cap_of_the_day(vendor, tmp_path):
    """The third and fourth would pass it at the worst: nothing of them is sent, and they say why and how to go on."""
    _settings(tmp_path, "budget: {day_usd: 4}\n")  # at the worst, each costs $1.62
    async with _asking(vendor, *["wait"] * 4) as asking:
        async with asyncio.timeout(120):
            told = [await each for each in islice(asyncio.as_completed(asking), 2)]
        vendor.may_answer.set()
    answered = [task.result() for task in asking if not isinstance(task.result(), str)]
    assert (vendor.asked, [each["answer"] for each in answered]) == (2, ["half", "half"])
    assert all(
        "of the day budget of $4.00 is spent or reserved; nothing was sent. Raise budget" in each for each in told
    )
    assert await _used(vendor, "day") == [(2, 2 * PROMPT_TOKENS, 2 * OUTPUT_TOKENS, round(2 * COSTS, 6), 0)]
