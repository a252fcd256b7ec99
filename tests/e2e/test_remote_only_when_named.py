"""Nothing goes to a vendor before the person named it and said when: shown by a proxy that sees every attempt.

Each command is a real process whose only way out is that proxy, with keys for every vendor in its environment.
"""

import asyncio
import json

import pytest

from support.editor import PARLEY, environment
from support.loopback import serving

KEYS = {"ANTHROPIC_API_KEY": "sk-ant-1", "OPENAI_API_KEY": "sk-2", "GEMINI_API_KEY": "g-3"}
CANDIDATES = "candidates: [ollama/qwen2.5-coder:1.5b, anthropic/claude-sonnet-4-5]\n"
NAMED = "providers: {anthropic: {kind: anthropic}}\n"
GONE = "ollama: {url: 'http://127.0.0.1:1'}\n"


@pytest.fixture
async def run(tmp_path):
    """Runs `parley` with a settings file; `run.reached` are the hosts that it tried to reach by then."""
    reached = []

    async def proxy(exchange):
        reached.append(exchange.path)
        await exchange.answer("No way out.", 403)

    async with serving(proxy) as server:
        ways_out = {"HTTPS_PROXY": server.url, "HTTP_PROXY": server.url, "https_proxy": server.url}

        async def run_parley(*arguments, config="", **variables):
            own = {"PARLEY_CONFIG": str(tmp_path / "config.yaml"), **variables}
            (tmp_path / "config.yaml").write_text(config + GONE)
            child = await asyncio.create_subprocess_exec(
                *(PARLEY, *arguments),
                cwd=tmp_path,
                env=environment(tmp_path) | KEYS | ways_out | own,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            said, _ = await child.communicate()
            return said.decode()

        run_parley.reached = reached
        yield run_parley


async def test_keys_in_the_environment_enable_nothing_and_doctor_says_so(run):
    """Whatever is asked, by whatever name; nobody is reached."""
    said = [await run("ask", "hi"), await run("ask", "hi", "--model", "anthropic/claude-sonnet-4-5")]
    found = json.loads(await run("doctor", "--json"))["findings"]
    told = [each["found"] for each in found if "is not named" in each["found"]]
    assert "There is no model to ask" in said[0]
    assert "anthropic is not named in your settings, so it is never asked" in said[1]
    assert told == [
        f"{variable} is set, but {vendor} is not named in the settings, so it is never asked"
        for vendor, variable in zip(("anthropic", "openai", "gemini"), KEYS, strict=True)
    ]
    assert run.reached == []


@pytest.mark.parametrize(
    ("policy", "reached"), [("", []), ("remote: never\n", []), ("remote: fallback\n", ["api.anthropic.com:443"])]
)
async def test_a_fallback_away_from_this_machine_needs_the_policys_word(run, policy, reached):
    """Named, with a key, and a candidate: only then is it asked, and what was tried is told."""
    said = await run("ask", "hi", "--explain", config=NAMED + CANDIDATES + policy)
    assert sorted(set(run.reached)) == reached
    assert ("If that fails, anthropic/claude-sonnet-4-5: " in said) == bool(reached)
    assert "ollama/qwen2.5-coder:1.5b" in said


async def test_a_vendor_whose_library_is_missing_is_told_with_the_command_that_installs_it(run, tmp_path):
    """By doctor and by whoever asks; each vendor has a command of its own, and nobody is reached."""
    for package in ("anthropic", "openai", "google"):  # found before the real ones, and empty
        (tmp_path / "without" / package).mkdir(parents=True)
        (tmp_path / "without" / package / "__init__.py").write_text(f"raise ImportError('no {package} here')\n")
    config = "providers: {anthropic: {kind: anthropic}, openai: {kind: openai}, gemini: {kind: gemini}}\n"
    without = {"PYTHONPATH": str(tmp_path / "without")}
    found = json.loads(await run("doctor", "--json", config=config, **without))["findings"]
    asked = await run("ask", "hi", "--model", "anthropic/claude-sonnet-4-5", config=config, **without)
    told = {each["name"]: each["found"] for each in found if "not installed (" in each["found"]}
    assert {name: text.partition("Install it: ")[2] for name, text in told.items()} == {
        "Anthropic": "pip install 'parley-ls[anthropic]'",
        "Openai": "pip install 'parley-ls[openai]'",
        "Gemini": "pip install 'parley-ls[gemini]'",
    }
    assert "Install it: pip install 'parley-ls[anthropic]'" in asked
    assert run.reached == []
