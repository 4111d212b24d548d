"""The Kubernetes manifests: valid, closed, and of commands and options that the program has."""

from __future__ import annotations

import copy
import importlib.metadata
import warnings
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml

from streaming.cli.app import app
from tests.paths import ROOT

FOLDER = ROOT / "infra" / "kubernetes"
KUBERNETES = "1.37"
CRD = "META-INF/fabric8/flinkdeployments.flink.apache.org-v1.yml"


def resources(kustomization: str) -> list[dict[str, Any]]:
    """Every resource of a folder's kustomization, those of other folders left out."""
    listed = yaml.safe_load((FOLDER / kustomization / "kustomization.yaml").read_text())["resources"]
    files = [FOLDER / kustomization / name for name in listed if name.endswith(".yaml")]
    return [document for file in files for document in yaml.safe_load_all(file.read_text())]


ALL = [*resources("base"), *resources("flink")]
DEPLOYMENTS = {d["metadata"]["name"]: d for d in ALL if d["kind"] == "Deployment"}


def validate(document: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the resolver that the package uses
        import kubernetes_validate

        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    return found


def test_every_file_is_in_a_kustomization():
    for folder in ("base", "flink"):
        listed = yaml.safe_load((FOLDER / folder / "kustomization.yaml").read_text())["resources"]
        files = {path.name for path in (FOLDER / folder).glob("*.yaml")} - {"kustomization.yaml"}
        assert files == {name for name in listed if name.endswith(".yaml")}
    assert {"gateway", "operator", "endpoint", "job"} == set(DEPLOYMENTS)


@pytest.mark.parametrize("document", ALL, ids=lambda d: f"{d['kind']}-{d['metadata']['name']}")
def test_resource_is_valid_under_its_schema(document):
    if not document["apiVersion"].startswith("flink"):
        validate(document)


def test_resource_with_an_unknown_or_wrong_field_is_found():
    for break_it in ({"replicsa": 2}, {"replicas": "two"}):
        broken = copy.deepcopy(DEPLOYMENTS["gateway"])
        broken["spec"].update(break_it)
        with pytest.raises(Exception, match="replic"):
            validate(broken)


@pytest.mark.cluster
def test_flink_deployment_is_valid_under_the_definition_of_flinks_operator():
    (jar,) = sorted((ROOT / "infra" / ".jars" / "kubernetes").glob("*.jar")) or pytest.skip("the jars are not fetched: make jars")
    with zipfile.ZipFile(jar) as inside:
        definition = yaml.load(inside.read(CRD), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    (version,) = definition["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    (document,) = [d for d in ALL if d["kind"] == "FlinkDeployment"]
    # The newest definition that Maven Central serves is older than Flink 2: its list of versions, and that alone, is left out.
    assert schema["properties"]["spec"]["properties"]["flinkVersion"].pop("enum")[-1] == "v1_20"
    flink = importlib.metadata.version("apache-flink")
    assert document["spec"]["flinkVersion"] == "v" + "_".join(flink.split(".")[:2])
    _close(schema["properties"]["spec"])
    jsonschema.validate(document, schema)
    broken = copy.deepcopy(document)
    broken["spec"]["taskManger"] = {}
    with pytest.raises(jsonschema.ValidationError, match="taskManger"):
        jsonschema.validate(broken, schema)


def _close(schema: dict[str, Any]) -> None:
    """Refuse what the schema does not name, as a cluster does that prunes nothing."""
    if "properties" in schema and "additionalProperties" not in schema:
        schema["additionalProperties"] = False
        for inner in schema["properties"].values():
            _close(inner)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_deployment_is_closed_and_says_how_it_is(name):
    pod = DEPLOYMENTS[name]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    found = container(DEPLOYMENTS[name])
    assert found["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"requests", "limits"} == set(found["resources"])
    if name != "job":  # it only hands jobs over
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(found)
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in found["volumeMounts"]} == volumes


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_commands_exist_in_the_program(name):
    command = container(DEPLOYMENTS[name])["args"]
    assert command[0] == "touchline"
    given = ["kafka://kafka:9092" if word == "$(KAFKA)" else word for word in command]
    existing = {"/etc/touchline/kafka/kafka.toml", "/etc/touchline/tokens/tokens.json"}
    given = [str(Path(__file__)) if word in existing else word for word in given]
    group: Any = typer.main.get_command(app)
    found = group.get_command(None, given[1])
    assert found is not None
    found.make_context(given[1], given[2:])


def test_images_are_of_this_version_and_run_by_the_images_user():
    version = importlib.metadata.version("touchline")
    for folder in ("base", "flink"):
        for image in yaml.safe_load((FOLDER / folder / "kustomization.yaml").read_text())["images"]:
            assert image["newTag"] == version
    (flink,) = [d for d in ALL if d["kind"] == "FlinkDeployment"]
    assert flink["spec"]["image"] == f"touchline-flink:{version}"
    assert "useradd --uid 10001" in (ROOT / "infra" / "Dockerfile").read_text()
    users = {d["spec"]["template"]["spec"]["securityContext"]["runAsUser"] for d in DEPLOYMENTS.values()}
    assert users == {10001}


def test_services_and_policies_find_their_pods():
    labels = [d["spec"]["template"]["metadata"]["labels"] for d in DEPLOYMENTS.values()]
    for document in ALL:
        if document["kind"] == "Service":
            selector = document["spec"]["selector"]
        elif document["kind"] == "PodDisruptionBudget":
            selector = document["spec"]["selector"]["matchLabels"]
        else:
            continue
        assert any(selector.items() <= found.items() for found in labels), document["metadata"]["name"]
    policies = [d for d in ALL if d["kind"] == "NetworkPolicy"]
    assert any(policy["spec"]["podSelector"] == {} and "ingress" not in policy["spec"] for policy in policies), "closed by default"


def test_patches_name_existing_resources():
    patches = yaml.safe_load((FOLDER / "flink" / "kustomization.yaml").read_text())["patches"]
    there = {(d["kind"], d["metadata"]["name"]) for d in resources("base")}
    assert patches
    for patch in patches:
        assert (patch["target"]["kind"], patch["target"]["name"]) in there


def test_no_container_is_started_again_because_the_broker_is_away():
    """``/health`` of a gateway is 503 then, and another start would not bring the broker back."""
    found = container(DEPLOYMENTS["gateway"])
    probes = {name: probe["httpGet"]["path"] for name, probe in found.items() if name.endswith("Probe")}
    assert probes == {"startupProbe": "/live", "livenessProbe": "/live", "readinessProbe": "/ready"}
