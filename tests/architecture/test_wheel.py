"""The built wheel: what a user installs, no more and no less."""

import os
import subprocess
import sys
import zipfile
from importlib.metadata import PathDistribution

import pytest

from support.house import ROOT, packages


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def metadata(unpacked):
    (folder,) = unpacked.glob("*.dist-info")
    return PathDistribution(folder)


def test_it_holds_only_parley_packages_and_its_metadata(unpacked):
    """Nothing else lands in site-packages: no `tests`, no `server`, no `profiling` that would shadow another."""
    names = {path.name for path in unpacked.iterdir()}
    assert names == {package.name for package in packages()} | {
        name for name in names if name.startswith("parley_ls-") and name.endswith(".dist-info")
    }
    assert all(package.name.startswith("parley_") for package in packages())


def test_it_holds_every_file_of_the_packages(unpacked):
    """Data files such as the catalog of models are not forgotten, caches are not packed."""
    sources = {
        path.relative_to(package.parent)
        for package in packages()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {path.relative_to(unpacked) for path in unpacked.rglob("*") if path.is_file()}
    assert sorted(sources ^ {path for path in packed if not path.parts[0].endswith(".dist-info")}) == []


def test_it_carries_its_licence(unpacked, metadata):
    """The licence by name and in full."""
    assert metadata.metadata["License-Expression"] == "Apache-2.0"
    (licence,) = unpacked.glob("*.dist-info/licenses/LICENSE")
    assert "Apache License" in licence.read_text(encoding="utf-8")


def test_it_is_typed(unpacked):
    """Each package tells type checkers to read it."""
    assert all((unpacked / package.name / "py.typed").exists() for package in packages())


def test_it_installs_one_command(metadata):
    """`parley`, and nothing that could hide another tool."""
    assert [(each.name, each.value) for each in metadata.entry_points] == [("parley", "parley_server.cli:main")]


def test_its_command_runs_from_the_wheel_alone(unpacked, tmp_path):
    """`parley --version` from the unpacked wheel, not from the sources."""
    code = "import parley_server, sys; from parley_server.cli import main; print(parley_server.__file__); main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, "--version"],
        env=os.environ | {"PYTHONPATH": str(unpacked)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    where, version = ended.stdout.splitlines()
    assert where.startswith(str(unpacked))
    assert version.startswith("parley ")
