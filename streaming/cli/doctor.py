"""``touchline doctor``: what is installed, what is missing, and the command that mends it."""

from __future__ import annotations

import importlib.util
import json
import shutil
import socket
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Annotated, Final

import typer

#: extra -> (modules that it brings, what it is for)
EXTRAS = {
    "train": (("xgboost", "sklearn"), "training models"),
    "providers": (("kloppy", "lxml"), "importing real games"),
    "analysis": (("duckdb", "pandas", "polars"), "looking into recordings"),
    "plots": (("matplotlib", "mplsoccer"), "plots"),
    "flink": (("pyflink",), "games on a Flink cluster"),
}

#: (what it is, is it there, what for or what was found, how to mend it)
Row = tuple[str, bool, str, str]

KAFKA: Final = "127.0.0.1:9092"
FLINK: Final = "127.0.0.1:8081"


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Check what is installed and reachable, and how to mend the rest.

    Example: touchline doctor
    """
    from models.home import ORIGINS
    from simulators.catalogue import simulators
    from streaming.errors import TouchlineError
    from streaming.factory import models_of, sport_named

    rows: list[Row] = []
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    rows.append(("Python 3.11", version == "3.11", version, "make setup PYTHON=/path/to/python3.11"))
    rows.append(packages_row())
    rows += plugin_rows()
    for name in simulators():
        try:
            for origin in ORIGINS:
                models_of(sport_named(name), origin=origin)
            rows.append((f"models of {name}", True, "shipped artefacts load", ""))
        except TouchlineError as error:
            rows.append((f"models of {name}", False, str(error), f"touchline models list {name}"))
    for extra, (modules, purpose) in EXTRAS.items():
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        rows.append((f"extra [{extra}]", not missing, purpose, f"uv pip install -c constraints.txt -e '.[{extra}]'"))
    browser = next((shutil.which(n) for n in ("chromium", "chromium-browser", "google-chrome") if shutil.which(n)), None)
    rows.append(("Chromium", browser is not None, "for the browser tests", "apt-get install chromium"))
    with socket.socket() as probe:
        probe.settimeout(1.0)
        busy = probe.connect_ex(("127.0.0.1", 8080)) == 0
    rows.append(("port 8080", not busy, "the pages' default port", "touchline demo --port 8082"))
    rows += [java_row(), jars_row(), kafka_row(), flink_row()]
    if as_json:
        print(json.dumps([dict(zip(("what", "ok", "about", "mend"), row)) for row in rows], indent=2))
        return
    for what, ok, about, mend in rows:
        print(f"{'ok     ' if ok else 'missing'}  {what:<20} {about}" + ("" if ok else f"\n         -> {mend}"))


def plugin_rows() -> list[Row]:
    """A row for each kind of plugin, with those of other packages; and one for each name that two packages declare."""
    from features.core.plugins import OWN_PACKAGE, PluginError
    from features.core.sport import SPORTS
    from models.specs import MODELS
    from simulators.catalogue import SIMULATORS
    from simulators.providers import PROVIDERS
    from streaming.sinks.base import SINKS
    from streaming.sources.base import SOURCES
    from streaming.web.graphics import GRAPHICS

    rows: list[Row] = []
    for group in (SPORTS, SIMULATORS, PROVIDERS, MODELS, SINKS, SOURCES, GRAPHICS):
        names = group.names()
        own = [name for name in names if OWN_PACKAGE in group.packages(name)]
        others = [f"{name} ({', '.join(group.packages(name))})" for name in names if name not in own]
        about = ", ".join([f"{len(own)} of {OWN_PACKAGE}", *others])
        rows.append((f"{group.noun}s", bool(own), about, "make setup (the metadata of the installation are older than setup.cfg)"))
        for name in names:
            try:
                group.find(name)
            except PluginError as error:
                what, _, mend = str(error).partition(": ")
                rows.append((f"{group.noun} {name}", False, what, mend))
    return rows


def packages_row() -> Row:
    """Packages of other distributions with the names of ours: the command goes first in its own process, a notebook does not."""
    home = Path(__file__).resolve().parents[2]
    elsewhere = [place for place in sys.path if Path(place).resolve() != home]
    for name in ("features", "models", "simulators", "streaming"):
        spec = PathFinder.find_spec(name, elsewhere)
        places = [] if spec is None else [spec.origin, *(spec.submodule_search_locations or ())]
        found = next((place for place in places if place), "")
        if found and not Path(found).resolve().is_relative_to(home / name):
            about = f"the package {name!r} at {found} hides Touchline's own from `import touchline`; this command is not affected"
            return (
                "packages",
                False,
                about,
                "install touchline in an environment of its own (python -m venv, pipx or uv tool install)",
            )
    return "packages", True, "import touchline finds its own packages", ""


def java_row() -> Row:
    from streaming.errors import Unavailable
    from streaming.flink.java import find_java

    try:
        java = find_java()
    except Unavailable as error:
        what, _, mend = str(error).partition(": ")
        return "Java", False, what, mend
    return "Java", True, f"{java.version}, {java.found}: for Kafka and Flink on this machine", ""


def jars_row() -> Row:
    from streaming.errors import Unavailable
    from streaming.runners.flink.jars import connector

    try:
        return "jars", True, f"{connector().name}: for games on a Flink cluster", ""
    except Unavailable:
        return "jars", False, "Kafka, and Flink's connector to it, are not fetched", "make jars"


def kafka_row() -> Row:
    from streaming.errors import TouchlineError
    from streaming.kafka.broker import admin
    from streaming.kafka.settings import parse

    host, port = KAFKA.split(":")
    with socket.socket() as probe:  # kafka-python would try for seconds where no broker listens
        probe.settimeout(1.0)
        there = probe.connect_ex((host, int(port))) == 0
    if not there:
        return "Kafka", False, f"no broker listens at {KAFKA}", "make up"
    try:
        with admin(parse(f"kafka://{KAFKA}")) as client:
            topics = [name for name in client.list_topics() if not name.startswith("__")]
    except TouchlineError as error:
        return "Kafka", False, str(error), "make down; make up"
    return "Kafka", True, f"answers at {KAFKA}, {len(topics)} topics", ""


def flink_row() -> Row:
    import urllib.request

    try:
        with urllib.request.urlopen(f"http://{FLINK}/overview", timeout=2.0) as answer:
            overview = json.load(answer)
        parts = [
            f"Flink {overview['flink-version']}",
            f"{overview['taskmanagers']} TaskManagers",
            f"{overview['slots-available']} slots free",
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return "Flink", False, f"no JobManager answers at {FLINK}", "make up"
    if not overview["taskmanagers"]:
        return "Flink", False, f"a JobManager answers at {FLINK} and has no TaskManager", "make up"
    return "Flink", True, f"answers at {FLINK}: {', '.join(parts)}", ""
