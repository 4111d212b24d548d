"""A wheel, built and installed beside packages with the names of ours: nothing is overwritten, and both work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import touchline
from tests.paths import ROOT

pytestmark = pytest.mark.slow

SOURCES = ("setup.py", "setup.cfg", "pyproject.toml", "touchline.py", "README.md", "LICENSE", "NOTICE")
BUILD = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run([*map(str, words)], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this tree, built without a network."""
    if tuple(map(int, version("setuptools").split(".")[:2])) < (70, 1):
        pytest.skip(f"setuptools {version('setuptools')} builds no wheel by itself: it comes with touchline[dev]")
    folder = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        shutil.copy(ROOT / name, folder)
    for name in touchline.PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    done = run(sys.executable, "-c", BUILD, folder, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel, the packages that it needs, and two that are called as ours are."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=True)
    packages = home / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    for name in ("models", "streaming"):
        (packages / name).mkdir()
        (packages / name / "__init__.py").write_text(f"WHOSE = 'another {name}'\n")
    (packages / "needed.pth").write_text("".join(f"{place}\n" for place in sys.path if place.endswith("site-packages")))
    done = run(home / "bin" / "pip", "install", "--no-deps", "--no-index", "--quiet", wheel, cwd=home)
    assert done.returncode == 0, done.stderr
    return home / "bin"


def test_wheel_has_one_module_and_one_folder_of_its_own_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"touchline.py", "touchline"}


def test_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in touchline.PACKAGES:
        paths = [p for p in (ROOT / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
        missing = [str(p) for p in paths if f"touchline/{p.relative_to(ROOT)}" not in names and p.suffix not in (".nbi", ".nbc")]
        assert not missing


def test_command_of_the_wheel_works_beside_packages_of_the_same_names(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "touchline", "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Usage: touchline" in done.stdout
    listed = run(installed / "touchline", "catalogue", "soccer", "--json", cwd=tmp_path)
    assert "soccer.shot.xgoals" in {row["id"] for row in json.loads(listed.stdout)}
    module = run(installed / "python", "-m", "touchline", "catalogue", "nfl", "--json", cwd=tmp_path)
    assert module.returncode == 0, module.stderr


def test_wheel_leaves_other_packages_of_the_same_names_alone(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "python", "-c", "import touchline, models; print(models.WHOSE)", cwd=tmp_path)
    assert done.stdout.strip() == "another models", done.stderr


def test_module_refuses_other_packages_of_the_same_names_and_works_without_them(installed: Path, tmp_path: Path) -> None:
    program = "import touchline; print(touchline.load_model('xgoals').name, touchline.load_sport('soccer').name)"
    refused = run(installed / "python", "-c", program, cwd=tmp_path)
    assert refused.returncode == 1
    assert "touchline.PackageCollision: the package 'models' at " in refused.stderr
    packages = next(installed.parent.glob("lib/python3*/site-packages"))
    for name in ("models", "streaming"):
        shutil.move(packages / name, tmp_path / f"{name}-away")
    try:
        done = run(installed / "python", "-c", program, cwd=tmp_path)
    finally:
        for name in ("models", "streaming"):
            shutil.move(tmp_path / f"{name}-away", packages / name)
    assert done.stdout.split() == ["xgoals", "soccer"], done.stderr
