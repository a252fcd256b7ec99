"""Which vendors' libraries a real Parley loads when it asks one of them: that one's, and no other."""

import asyncio
import sys

import pytest

from support.editor import environment
from support.faulty_wires import FAULTY_WIRES, answering
from support.loopback import serving

SDKS = {"anthropic": "anthropic", "openai": "openai", "google.genai": "gemini"}
KINDS = {"llama.cpp": "llama-server"}
# Its adapter speaks the wire by itself.
WITHOUT = {"openai-compatible": set(), "llama.cpp": set(), "ollama": set()}


@pytest.mark.parametrize("wire", FAULTY_WIRES, ids=lambda wire: wire.name)
async def test_asking_one_vendor_loads_no_others_library(wire, tmp_path):
    """With every vendor named and its key at hand; the answer came, so that what was needed was loaded."""
    async with serving(answering(wire)) as server:
        url = server.url + getattr(wire, "base_path", "")
        asked = f"asked: {{kind: {KINDS.get(wire.name, wire.name)}, url: '{url}', key_variable: KEY}}"
        named = "anthropic: {kind: anthropic}, openai: {kind: openai}, gemini: {kind: gemini}"
        (tmp_path / "config.yaml").write_text(f"providers: {{{asked}, {named}}}\n", encoding="utf-8")
        keys = {"KEY": "k", "ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "o", "GEMINI_API_KEY": "g"}
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-X", "importtime", "-m", "parley_server.cli", "ask", "hi"),
            *("--model", f"asked/{wire.model}"),
            env=environment(tmp_path) | keys | {"PARLEY_CONFIG": str(tmp_path / "config.yaml")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, told = await child.communicate()
    loaded = {line.rpartition("|")[2].strip() for line in told.decode().splitlines()}
    found = {vendor for module, vendor in SDKS.items() if any(name.startswith(f"{module}.") for name in loaded)}
    assert (said.decode(), found) == ("Hello\n", WITHOUT.get(wire.name, {wire.name}))
