"""`parley models list`: what servers and vendors have, and what is known of it."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from parley_server.cli.root import app
from support.loopback import serving

SETTINGS = """
providers:
  lab:
    kind: openai-compatible
    url: {near}/v1
  router:
    kind: openai-compatible
    url: {far}/v1
facts:
  router/gpt-4o-mini: {{quality: 7}}
  lab/big: {{window_tokens: 9000}}
prices:
  router/secret-model: {{input_usd: 1.5, output_usd: 2}}
"""
LISTED = {
    "data": [
        {"id": "gpt-4o-mini", "context_length": 128000},
        {"id": "secret-model"},
        {"id": "no-price-70b", "context_length": 4096},
    ]
}


@pytest.fixture
def run(tmp_path):
    environment = {
        "PARLEY_CONFIG": str(tmp_path / "config.yaml"),
        "PARLEY_MODELS_DIR": str(tmp_path / "models"),
        "PARLEY_DATA_DIR": str(tmp_path / "data"),
        "PARLEY_OLLAMA_URL": "http://127.0.0.1:9",
        "PARLEY_MODEL": "",
        "COLUMNS": "160",
        "TERM": "dumb",
        "NO_PROXY": "*",
    }

    async def run_list(*arguments, listed=LISTED):
        async def far(exchange):
            await exchange.answer(listed)

        async def near(exchange):
            await exchange.answer({"data": [{"id": "big", "max_model_len": 32768}]})

        async with serving(far) as vendor, serving(near) as server:
            # By this address it is not known to be this machine: what holds of it holds of a vendor.
            settings = SETTINGS.format(near=server.url, far=vendor.url.replace("127.0.0.1", "0.0.0.0"))
            (tmp_path / "config.yaml").write_text(settings)
            runner = CliRunner(env=environment)
            result = await asyncio.to_thread(runner.invoke, app, ["models", "list", *arguments])
        assert result.exit_code == 0, result.output
        return result.output, len(vendor.exchanges)

    return run_list


def _cells(output, name):
    (line,) = [line for line in output.splitlines() if f" {name} " in line]
    return [cell.strip() for cell in line.removeprefix("*").split("  ") if cell.strip()]


async def test_a_servers_model_is_told_with_its_window_and_corrections(run):
    """What the person knows better goes before what the server tells, and is named so."""
    output, asked = await run()
    assert _cells(output, "lab/big") == ["lab/big", "–", "9,000", "free", "–", "just now, corrected", "here"]
    assert asked == 0
    assert "router/" not in output


async def test_vendors_are_asked_when_the_person_wants_it(run):
    """Window, price and tier where they are known, and who says so; unknown is not zero."""
    output, _ = await run("--remote")
    assert _cells(output, "router/gpt-4o-mini")[2:5] == ["128,000", "$0.15 / $0.60", "7 by your settings"]
    assert _cells(output, "router/secret-model")[2:5] == ["–", "$1.50 / $2.00", "–"]
    assert _cells(output, "router/no-price-70b")[2:5] == ["4,096", "unknown", "4 by its weights"]


async def test_the_json_has_the_same_facts(run):
    """And when they were told."""
    output, _ = await run("--remote", "--json")
    served = {each["id"]: each for each in json.loads(output)["served"]}
    mine = served["router/gpt-4o-mini"]
    assert mine["told_at"].startswith("20")
    assert {name: mine[name] for name in ("window_tokens", "tier", "tier_by", "input_usd_per_million")} == {
        "window_tokens": 128_000,
        "tier": 7,
        "tier_by": "your settings",
        "input_usd_per_million": 0.15,
    }
    assert (served["lab/big"]["input_usd_per_million"], served["lab/big"]["corrected_by_you"]) == (0.0, True)


async def test_a_vendor_that_cannot_be_asked_is_named(run):
    """The others are shown all the same."""
    output, _ = await run("--remote", listed="<html>")
    assert "router at http://0.0.0.0" in output
    assert "lab/big" in output
