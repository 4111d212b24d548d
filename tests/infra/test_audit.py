"""``make audit``: each check finds what it is for, and an audit that cannot be made does not pass."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from infra import audit

HASH = "--hash=sha256:" + 64 * "a"


def test_every_pin_of_the_project_has_hashes_and_is_what_is_installed():
    pinned = audit.pins(audit.CONSTRAINTS.read_text("utf-8"))
    assert len(pinned) > 200
    assert audit.check_pins(pinned, audit.installed()) == []


def test_pin_without_hash_or_of_another_version_is_found():
    pinned = audit.pins(f"# a comment\nfull==1.0 \\\n    {HASH} \\\n    {HASH}\nbare==2.0\nUnder_Score==3 {HASH}\n")
    assert pinned == {"full": ("1.0", 2), "bare": ("2.0", 0), "under-score": ("3", 1)}
    found = audit.check_pins(pinned, {"full": "1.1", "stray": "5", "pip": "9"})
    assert found == ["bare==2.0 has no hash", "full 1.1 is installed where 1.0 is pinned", "stray 5 is installed and not pinned"]


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("BSD License", True),
        ("Apache-2.0 OR GPL-3.0", True),
        ("GPL-3.0", False),
        ("GNU Lesser General Public License v2 or later (LGPLv2+)", False),
        ("AGPL-3.0-only", False),
        ("UNKNOWN", False),
        ("Commercial", False),
    ],
)
def test_licence_that_reaches_further_is_found(licence, allowed):
    found = audit.check_licences([{"Name": "some", "Version": "1", "License": licence}])
    assert (found == []) is allowed


@pytest.mark.slow
def test_licences_of_everything_installed_are_decided():
    assert audit.check_licences(audit.licences()) == []


@pytest.mark.slow
def test_bill_of_materials_is_valid_and_has_every_package(tmp_path):
    path = tmp_path / "sbom.json"
    count = audit.write_sbom(path)
    document = json.loads(path.read_text())
    names = {audit.normal(component["name"]) for component in document["components"]}
    assert len(document["components"]) == count
    assert document["bomFormat"] == "CycloneDX"
    assert {"numpy", "kafka-python", "msgspec"} <= names
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(path.read_text()) is None


def test_jars_are_in_the_bill_of_materials(tmp_path):
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "kafka-clients-4.2.1.jar").touch()
    (found,) = audit.jars(tmp_path)
    assert (found["name"], found["version"]) == ("kafka-clients", "4.2.1")


def test_known_vulnerability_is_found_and_an_unknown_package_is_no_pass():
    clean = {"name": "a", "version": "1", "vulns": []}
    assert audit.judge([clean]) == []
    assert audit.judge([clean, {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1"}]}]) == ["b 2: PYSEC-1"]
    with pytest.raises(audit.NotChecked, match="does not know 1 of 2 packages"):
        audit.judge([clean, {"name": "c", "skip_reason": "not found"}])
    with pytest.raises(audit.NotChecked):
        audit.judge([])


@pytest.mark.slow
def test_audit_that_cannot_reach_its_service_does_not_pass(tmp_path):
    """With every way out of the machine closed."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.audit", "--sbom", str(tmp_path / "sbom.json")],
        capture_output=True, text=True, check=False, cwd=audit.ROOT,
        env={"PATH": "/usr/bin:/bin", "https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "vulnerabilities: NOT checked" in done.stdout
