"""The whole suite in two sessions side by side: what needs the broker and the cluster, and the rest. ``make test`` runs it.

They are two and not many, so that the cluster is started once and measured times are not those of several on one machine.
Arguments go to both sessions; one that finds no test of its kind is no failure while the other finds some.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial

NOTHING_FOUND = 5


def main(arguments: list[str]) -> int:
    command = [sys.executable, "-m", "pytest", *arguments, "-m"]
    with tempfile.TemporaryFile("w+") as output:
        cluster = subprocess.Popen([*command, "cluster"], stdout=output, stderr=subprocess.STDOUT)
        # The rest has a lower priority: the faults of the other session must be over within seconds.
        rest = subprocess.run([*command, "not cluster"], check=False, preexec_fn=partial(os.nice, 5)).returncode
        other = cluster.wait()
        output.seek(0)
        print("--- broker and cluster ---", output.read(), sep="\n", flush=True)
    if rest == other == NOTHING_FOUND:
        return NOTHING_FOUND
    return max({rest, other} - {0, NOTHING_FOUND}, default=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
