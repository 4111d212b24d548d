"""A part of a Flink cluster as the one process of a container, with the settings of the local cluster but for addresses.

    python -m infra.container jobmanager
    python -m infra.container taskmanager-0
    python -m infra.container client touchline run --runner flink ...

``JOBMANAGER`` names the JobManager's host, ``SLOTS`` the slots of a TaskManager, ``MODE`` how Python is run: process or thread.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from infra.local.flink import Flink
from streaming.errors import BadInput, TouchlineError
from streaming.flink.java import find_java

REST_PORT: Final = 8081
RPC_PORT: Final = 6123
METRICS_PORT: Final = 9249
FOLDER: Final = Path("/tmp/flink")

#: Between containers every address is another host's, so each part listens to all of its own network and to nothing beyond it:
#: what of that the machine sees is in compose.yml. Checkpoints are on the volume that all share.
SETTINGS: Final[Mapping[str, Any]] = {
    "jobmanager.bind-host": "0.0.0.0",
    "taskmanager.bind-host": "0.0.0.0",
    "rest.bind-address": "0.0.0.0",
    "execution.checkpointing.dir": "file:///checkpoints",
    "execution.checkpointing.savepoint-dir": "file:///checkpoints/savepoints",
    "metrics.reporters": "prometheus",
    "metrics.reporter.prometheus.factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
    "metrics.reporter.prometheus.port": METRICS_PORT,
}


def part(arguments: list[str], options: Mapping[str, str], folder: Path = FOLDER) -> tuple[list[str], dict[str, str]]:
    """The command and the environment of a part, once its settings are written."""
    role = arguments[0] if arguments else ""
    if not (role == "jobmanager" or re.fullmatch(r"taskmanager-\d+", role) or (role == "client" and len(arguments) > 1)):
        raise BadInput("unknown part: give jobmanager, taskmanager-NUMBER, or client and a command")
    job_manager = options.get("JOBMANAGER", "jobmanager")
    slots, mode = options.get("SLOTS", "2"), options.get("MODE", "process")
    if not slots.isdigit() or int(slots) < 1:
        raise BadInput(f"SLOTS is a number of one or more, not {slots}")
    if mode not in ("process", "thread"):
        raise BadInput(f"MODE is process or thread, not {mode}")
    settings = {
        **SETTINGS,
        "jobmanager.rpc.address": job_manager,
        "rest.address": job_manager,
        "taskmanager.host": socket.gethostname(),
    }
    cluster = Flink(folder, find_java(), REST_PORT, RPC_PORT, int(slots), mode, settings)
    cluster.prepare()
    if role == "jobmanager":
        command = cluster.job_manager()
    elif role == "client":
        command = [shutil.which(arguments[1]) or arguments[1], *arguments[2:]]
    else:
        command = cluster.task_manager(role)
    return command, cluster.environment()


if __name__ == "__main__":
    try:
        command, environment = part(sys.argv[1:], os.environ)
    except TouchlineError as error:
        sys.exit(f"container: {error}")
    os.execve(command[0], command, environment)  # so that the container's signals reach Java
