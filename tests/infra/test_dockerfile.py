"""The images: linted, and run by a user without rights."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.paths import ROOT

DOCKERFILE = ROOT / "infra" / "Dockerfile"


def lint(path: Path) -> list[str]:
    command = [str(Path(sys.executable).with_name("hadolint")), "--format", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [f"{row['line']}: {row['code']}" for row in json.loads(done.stdout)]


def test_hadolint_finds_nothing(tmp_path):
    assert lint(DOCKERFILE) == []
    broken = tmp_path / "Dockerfile"
    broken.write_text("FROM python\nRUN apt-get install curl\n")
    assert lint(broken), "it does look"


def test_every_image_ends_as_a_user_without_rights():
    stages = re.split(r"^FROM ", DOCKERFILE.read_text(), flags=re.MULTILINE)[1:]
    users = {
        match[1]: re.findall(r"^USER (\S+)", stage, re.MULTILINE) for stage in stages if (match := re.match(r"\S+ AS (\S+)", stage))
    }
    assert users["core"][-1] == users["flink"][-1] == "10001:10001"
    assert users["endpoint"] == [], "it is made from core"
    assert "FROM core AS endpoint" in DOCKERFILE.read_text()
