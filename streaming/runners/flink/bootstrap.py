"""What reaches a worker first: it makes way for this job's own version of the program, and only then brings it in.

It travels by value, since by name it would be looked up in the version that the interpreter has at that moment. Where Python runs
inside the TaskManager, one interpreter sees one job after the other: what it imported for the last one, from a folder that is
gone by now, would be used for the next. And ``print`` has to be the built-in one: Flink's worker puts a function of its own in
its place that is not found where it claims to be defined, on which the import of numba fails.
"""

from __future__ import annotations

import builtins
import importlib
import os
import sys
from collections.abc import Iterable
from typing import Any

from pyflink.common import Row
from pyflink.datastream import KeyedProcessFunction, RuntimeContext

from streaming.runners.flink.packaging import PACKAGES


class Bootstrap(KeyedProcessFunction):  # type: ignore[misc]
    """``load(*arguments)`` of the module ``module``, found in the folder called ``folder`` on the workers' path, makes the function
    that does the work."""

    def __init__(self, folder: str, module: str, load: str, *arguments: Any) -> None:
        self.folder, self.module, self.load, self.arguments = folder, module, load, arguments
        self.packages = PACKAGES

    def open(self, runtime_context: RuntimeContext) -> None:
        owner = sys.modules.get(builtins.print.__module__)
        if owner is not None and getattr(owner, "print", None) is not builtins.print:
            owner.print = builtins.print  # type: ignore[attr-defined]
        found = [path for path in sys.path if os.path.basename(path) == self.folder and os.path.isdir(path)]
        if not found:
            raise RuntimeError(f"the job's code, {self.folder}, is not on this worker's path")
        code = found[-1]
        here = os.path.join(code, "")
        loaded = sys.modules.get(self.packages[0])
        if loaded is not None and not str(loaded.__file__).startswith(here):
            for name in [name for name in sys.modules if name.split(".")[0] in self.packages]:
                del sys.modules[name]
        sys.path[:] = [code, *(path for path in sys.path if os.path.basename(path) != self.folder)]
        importlib.invalidate_caches()
        self.function = getattr(importlib.import_module(self.module), self.load)(*self.arguments)
        self.function.open(runtime_context)

    def process_element(self, value: Row, ctx: KeyedProcessFunction.Context) -> Iterable[Row]:
        return self.function.process_element(value, ctx)  # type: ignore[no-any-return]

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterable[Row]:
        return self.function.on_timer(timestamp, ctx)  # type: ignore[no-any-return]

    def close(self) -> None:
        function = getattr(self, "function", None)
        if function is not None:
            function.close()
