"""The containers: valid, pinned, on loopback, and of the very versions and settings that are tested without containers."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import Any

import pytest
import typer
import yaml

from infra import container
from infra.local import broker
from streaming.cli.app import app
from streaming.errors import BadInput, Unavailable
from streaming.flink.java import find_java
from tests.paths import ROOT

INFRA = ROOT / "infra"
COMPOSE: dict[str, Any] = yaml.safe_load((INFRA / "compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
COMMANDS = {name: service["command"] for name, service in SERVICES.items() if "command" in service}


def pin(package: str) -> str:
    """The version of a package in constraints.txt."""
    lines = (INFRA.parent / "constraints.txt").read_text().splitlines()
    return next(line.split("==")[1].split()[0] for line in lines if line.startswith(f"{package}=="))


def pom(name: str) -> str:
    found = ET.parse(INFRA / "pom.xml").find(f"{{*}}properties/{{*}}{name}")
    assert found is not None
    assert found.text
    return found.text


@pytest.mark.slow
def test_compose_file_is_valid_under_the_specification(tmp_path):
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, str(INFRA / "compose.yml")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    broken = tmp_path / "compose.yml"
    broken.write_text("services: {kafka: {image: a, prots: []}}\n")
    assert subprocess.run([*check, str(broken)], capture_output=True, check=False).returncode == 1, "it does look"


def test_every_image_is_pinned_to_a_full_version():
    dockerfile = (INFRA / "Dockerfile").read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", dockerfile, re.MULTILINE))
    built = [image for image in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) if image not in stages]
    images = [service["image"] for service in SERVICES.values()]
    assert built
    for image in [*built, *images]:
        assert re.search(r":v?\d+\.\d+\.\d+", image), f"{image} may be another tomorrow"


def test_every_port_is_bound_to_loopback():
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(ports) >= 4
    for port in ports:
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)
    assert not any(service.get("network_mode") or service.get("privileged") for service in SERVICES.values())


def test_containers_of_ours_are_closed():
    """Read-only, without capabilities, as a user of their own; what they write to is a tmpfs or a volume."""
    ours = {name: service for name, service in SERVICES.items() if service["image"].startswith("touchline")}
    assert len(ours) >= 5
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", (INFRA / "Dockerfile").read_text(), re.MULTILINE))
    for service in ours.values():
        assert service["read_only"] is True
        assert service["tmpfs"] == ["/tmp"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["build"]["target"] in stages


def test_image_versions_are_those_tested_without_containers():
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{pom('kafka.version')}"
    # A connector is built for a minor version of Flink, which its own version ends with.
    assert pom("flink.connector.version").split("-")[1] == ".".join(pin("apache-flink").split(".")[:2])
    version = importlib.metadata.version("touchline")
    assert SERVICES["jobmanager"]["image"] == f"touchline-flink:{version}"
    assert SERVICES["operator"]["image"] == SERVICES["gateway"]["image"] == f"touchline:{version}"
    dockerfile = (INFRA / "Dockerfile").read_text()
    assert "-c constraints.txt -e '.[flink]'" in dockerfile
    makefile = (INFRA.parent / "Makefile").read_text()
    uv = re.search(r"UV_VERSION := (\S+)", makefile)
    assert uv
    assert f"uv=={uv.group(1)} " in dockerfile


def test_compose_broker_has_the_settings_of_the_local_one():
    given = SERVICES["kafka"]["environment"]
    settings = {key.removeprefix("KAFKA_").replace("_", ".").lower(): str(value) for key, value in given.items()}
    local = {key: str(value) for key, value in broker.SETTINGS.items()}
    ours = {"inter.broker.listener.name", "listener.security.protocol.map"}  # there is one listener more
    assert {key: settings.get(key) for key in local if key not in ours} == {k: v for k, v in local.items() if k not in ours}
    assert set(settings) - set(local) == {"listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs", "heap.opts"}


@pytest.mark.parametrize("name", COMMANDS)
def test_compose_commands_exist_in_the_program(name):
    """Parsed, not run: so that a renamed option is found without Docker."""
    command = COMMANDS[name]
    if command[:3] == ["python", "-m", "infra.container"]:
        command = command[4:] if command[3] == "client" else []
    if command:
        assert command[0] == "touchline"
        group: Any = typer.main.get_command(app)
        found = group.get_command(None, command[1])
        assert found is not None
        found.make_context(command[1], list(command[2:]))


def test_prometheus_scrapes_existing_services():
    config = yaml.safe_load((INFRA / "prometheus.yml").read_text())
    jobs = config["scrape_configs"]
    targets = [target for job in jobs for static in job.get("static_configs", ()) for target in static["targets"]]
    found = [dns for job in jobs for dns in job.get("dns_sd_configs", ())]
    targets += [f"{name}:{dns['port']}" for dns in found for name in dns["names"]]
    aliases = {alias for s in SERVICES.values() for alias in s.get("networks", {}).get("default", {}).get("aliases", ())}
    for target in targets:
        host, port = target.split(":")
        assert host in SERVICES.keys() | aliases
        assert int(port) in (8080, 9100, container.METRICS_PORT)


@pytest.mark.parametrize(
    ("arguments", "given", "says"),
    [
        ([], {}, "unknown part"),
        (["taskmanager"], {}, "unknown part"),
        (["client"], {}, "unknown part"),
        (["jobmanager"], {"SLOTS": "none"}, "SLOTS is a number"),
        (["jobmanager"], {"MODE": "fast"}, "MODE is process or thread"),
    ],
)
def test_container_with_a_bad_setting_ends_with_one_sentence(tmp_path, arguments, given, says):
    with pytest.raises(BadInput, match=says):
        container.part(arguments, given, tmp_path)


def test_task_manager_of_a_container_finds_its_job_manager(tmp_path):
    try:
        command, environment = container.part(["taskmanager-1"], {"JOBMANAGER": "there", "SLOTS": "3"}, tmp_path)
    except Unavailable as error:
        pytest.skip(str(error))
    config = yaml.safe_load((tmp_path / "conf" / "config.yaml").read_text())
    assert config["jobmanager.rpc.address"] == config["rest.address"] == "there"
    assert config["taskmanager.numberOfTaskSlots"] == 3
    assert config["execution.checkpointing.dir"] == "file:///checkpoints"
    assert config["execution.checkpointing.externalized-checkpoint-retention"] == "RETAIN_ON_CANCELLATION"
    assert not any(config[key] for key in ("web.submit.enable", "rest.flamegraph.enabled", "rest.profiling.enabled"))
    assert config["web.access-control-allow-origin"] == "http://127.0.0.1:8081"
    assert (command[0], command[-1]) == (str(find_java().path), "taskmanager.resource-id=taskmanager-1")
    assert environment["FLINK_CONF_DIR"] == str(tmp_path / "conf")
