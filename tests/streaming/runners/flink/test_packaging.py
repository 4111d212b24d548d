"""The folder that a job takes to the workers is an installed package to them: its plugins are found, and other packages'."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from features.core.plugins import PluginGroup
from models.artefact import shipped
from streaming.runners.flink.packaging import stage
from tests.plugin_packages import write_metadata

GROUPS = ("touchline.sports", "touchline.simulators", "touchline.models", "touchline.sinks")
#: without site-packages (-S): whatever this finds comes from the staged folder or from the other one on the path
LOOK = f"""
import json
from importlib.metadata import version
import features.core.plugins as plugins
names = {{group: plugins.PluginGroup(group, "plugin").names() for group in {GROUPS!r}}}
print(json.dumps([plugins.__file__, version("touchline"), names]))
"""


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stage(tmp_path_factory.mktemp("job"))


def test_worker_finds_plugins_of_the_packaged_program_and_of_other_packages(staged: Path, tmp_path: Path) -> None:
    write_metadata(tmp_path, "toy-sport", {"touchline.sports": ["toy = toy_sport:TOY"]})
    path = os.pathsep.join([str(staged), str(tmp_path)])
    ran = subprocess.run(
        [sys.executable, "-S", "-c", LOOK], cwd=tmp_path, env={"PYTHONPATH": path}, text=True, capture_output=True, check=True
    )
    where, found, names = json.loads(ran.stdout)
    assert Path(where).is_relative_to(staged)
    assert found == version("touchline")
    here = {group: PluginGroup(group, "plugin").names() for group in GROUPS}
    assert names == here | {"touchline.sports": sorted([*here["touchline.sports"], "toy"])}
    assert all((staged / "models" / "artefacts" / "simulated" / name / "card.json").is_file() for name in shipped())


def test_folder_of_a_package_is_named_by_its_content(staged: Path, tmp_path: Path) -> None:
    assert stage(tmp_path).name == staged.name
    assert staged.name.startswith("touchline-")
