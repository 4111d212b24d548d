"""Compiled code must not outlive the sources that it was made from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from features.core import compiled
from features.soccer import control
from tests.paths import ROOT


def test_a_change_behind_two_imports_changes_the_fingerprint(tmp_path: Path):
    files = {
        "game/__init__.py": "",
        "game/top.py": "import math\nfrom game.middle import (\n    one,\n    two,\n)\n",
        "game/middle.py": "from game import bottom  # a module\nfrom numpy import array\n",
        "game/bottom.py": "K = 1\n",
        "game/stranger.py": "K = 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def now() -> bytes:
        compiled.stamp.cache_clear()
        return compiled.stamp(tmp_path / "game/top.py", tmp_path)

    before = now()
    (tmp_path / "game/stranger.py").write_text("K = 2\n")
    assert now() == before
    (tmp_path / "game/bottom.py").write_text("K = 2\n")
    assert now() != before


def test_a_kernel_is_cached_under_that_fingerprint():
    locator = control.shares._cache._impl.locator
    assert isinstance(locator, compiled.SourcesLocator)
    assert locator.get_source_stamp() == compiled.stamp(Path(control.__file__).resolve(), compiled._ROOT)


SOURCE = """
from features.core.compiled import kernel

@kernel
def double(x):
    return x + x

@kernel
def never(x):
    return x
"""
CALLS = "import rare; rare.double(1); rare.double(1.5)"
LOADS = "import rare; from features.core.compiled import load_all; print(load_all(), load_all(), len(rare.double.signatures), "
LOADS += "sum(rare.double.stats.cache_hits.values()), sum(rare.double.stats.cache_misses.values()), len(rare.never.signatures))"


def test_what_was_ever_compiled_is_loaded_without_a_call(tmp_path: Path):
    """In a process of its own: for both types, from the cache and not anew; of what was never called there is nothing to load."""
    (tmp_path / "rare.py").write_text(SOURCE)
    root = ROOT
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{root}"}
    said = ""
    for program in (CALLS, LOADS):
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
        said = done.stdout
    assert said.split() == ["2", "0", "2", "2", "0", "0"]
