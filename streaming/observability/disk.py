"""How much room the folders of a process have."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class DiskCollector(Collector):
    """Free and whole bytes of the disks under ``folders``; of one that cannot be read there is no sample."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = list(dict.fromkeys(folders))

    def collect(self) -> Iterator[Metric]:
        free = GaugeMetricFamily("touchline_disk_free_bytes", "Free bytes of the disk that a folder is on.", labels=("folder",))
        size = GaugeMetricFamily("touchline_disk_size_bytes", "Size of the disk that a folder is on.", labels=("folder",))
        for folder in self.folders:
            try:
                usage = shutil.disk_usage(folder)
            except OSError:
                continue
            free.add_metric((str(folder),), float(usage.free))
            size.add_metric((str(folder),), float(usage.total))
        yield from (free, size)
