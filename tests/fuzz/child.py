"""The process in which a target is fuzzed: it instruments what it imports, and never returns. ``python -m tests.fuzz`` starts it.

An error that is not a declared refusal is kept with its input, once for each place where it arises, and fuzzing goes on. What ends
the process (a hang, too much memory, a fault in compiled code) is found by libFuzzer or by the process that started this one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

#: packages whose bytecode is instrumented, except for modules with compiled kernels, which numba could not compile then
INSTRUMENTED: Final = ("simulators", "streaming", "models", "kloppy")
_KERNELS: Final = ("features.core.compiled", "import numba", "from numba")
#: an execution that takes longer is a hang, s
LONGEST_S: Final = 5
#: how often statistics are written, s
_EVERY_S: Final = 1.0


class Counts:
    """Executions so far, CPU time and the most memory, in a file that outlives the process."""

    def __init__(self, path: Path) -> None:
        self._path, self._next_s = path, 0.0
        self.executions = 0
        self.findings: dict[str, int] = {}

    def add(self) -> None:
        self.executions += 1
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + _EVERY_S
            self.write()

    def write(self) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        values = {
            "executions": self.executions,
            "cpu_s": round(used.ru_utime + used.ru_stime, 2),
            "peak_rss_mb": used.ru_maxrss >> 10,
            "findings": self.findings,
        }
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(values))
        fresh.replace(self._path)


def main(names: list[str], counts: Path, crashes: Path, seconds: float, flags: list[str]) -> None:
    """Fuzz the targets ``names`` for ``seconds``, of which the start takes some; of several, the first byte of an input chooses
    one."""
    until_s = time.monotonic() + seconds
    import atheris

    with atheris.instrument_imports(include=list(INSTRUMENTED), exclude=_with_kernels()):
        from tests.fuzz.target import MOST_BYTES, signature
        from tests.fuzz.targets import every

        chosen = [every()[name] for name in names]
        for target in chosen:  # what is imported only when it is used
            for seed in target.seeds():
                with contextlib.suppress(Exception):
                    target.run(seed)
    warnings.simplefilter("ignore")
    kept = Counts(counts)
    several = len(chosen) > 1

    def split(data: bytes) -> tuple[Any, bytes]:
        if not several:
            return chosen[0], data
        return chosen[data[0] % len(chosen) if data else 0], data[1:]

    def once(data: bytes) -> None:
        target, body = split(data)
        try:
            target.run(body)
        except target.refusals:
            pass
        except Exception as error:  # noqa: BLE001 (what else may happen is what is looked for)
            found = f"{target.name}: {signature(error)}"
            kept.findings[found] = kept.findings.get(found, 0) + 1
            if kept.findings[found] == 1:
                _keep(crashes, target.name, body, error)
        kept.add()

    def changed(data: bytes, most: int, seed: int) -> bytes:
        rng = Random(seed)
        target, body = split(data)
        head = data[:1] if several else b""
        if several and rng.random() < 0.3:
            target = rng.choice(chosen)
            head = bytes([chosen.index(target)])
            body = rng.choice(list(target.seeds()))
        if target.mutate is not None and rng.random() < 0.7:
            with contextlib.suppress(Exception):  # a change that fails is none
                body = target.mutate(rng, body)
        else:
            body = atheris.Mutate(body, max(most - len(head), 1))
        return head + body if len(body) < MOST_BYTES else head + body[:MOST_BYTES]

    left_s = max(1, round(until_s - time.monotonic()))
    atheris.Setup([sys.argv[0], f"-max_total_time={left_s}", *flags], once, custom_mutator=changed)
    atheris.Fuzz()


def _with_kernels() -> list[str]:
    """Modules that hold compiled functions."""
    root = Path(__file__).parents[2]
    paths = [path for package in INSTRUMENTED for path in (root / package).rglob("*.py")]
    return [
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for path in paths
        if any(word in path.read_text("utf-8") for word in _KERNELS)
    ]


def _keep(crashes: Path, name: str, body: bytes, error: BaseException) -> None:
    folder = crashes / name
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha1(body, usedforsecurity=False).hexdigest()[:16]
    (folder / f"crash-{digest}").write_bytes(body)
    (folder / f"crash-{digest}.txt").write_text("".join(traceback.format_exception(error))[-8000:])


def limited(memory_mb: int) -> Callable[[], None]:
    """What a child does before it begins: no more address space, and no core files."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))

    return limit


if __name__ == "__main__":
    main(sys.argv[1].split(","), Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]), sys.argv[5:])
