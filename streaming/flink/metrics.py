"""Flink's own measurements, from its REST interface: how busy each subtask is, what holds it up, and how the JVMs of the
TaskManagers do. Names and units on ``/metrics`` are ours, the quantities Flink's."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from streaming.flink.rest import Refused, Rest


class Quantity(NamedTuple):
    """Flink's name of it, the name on ``/metrics``, what it is, and the factor to that name's unit."""

    flink: str
    name: str
    help: str
    factor: float = 1.0


TASK: Final = (
    Quantity("busyTimeMsPerSecond", "touchline_flink_task_busy_ratio", "Share of the time a subtask works.", 1e-3),
    Quantity(
        "backPressuredTimeMsPerSecond", "touchline_flink_task_backpressured_ratio", "Share of time it waits for its output.", 1e-3
    ),
    Quantity("numRecordsInPerSecond", "touchline_flink_task_records_in_per_second", "Records that a subtask takes."),
    Quantity("numRecordsOutPerSecond", "touchline_flink_task_records_out_per_second", "Records that a subtask gives."),
)  # fmt: skip
MANAGER: Final = (
    Quantity("Status.JVM.CPU.Load", "touchline_flink_taskmanager_cpu_ratio", "CPU of a TaskManager's JVM, share of the machine."),
    Quantity("Status.JVM.Memory.Heap.Used", "touchline_flink_taskmanager_heap_used_bytes", "Heap in use."),
    Quantity("Status.JVM.Memory.Heap.Max", "touchline_flink_taskmanager_heap_max_bytes", "Heap that it may have."),
    Quantity(
        "Status.JVM.GarbageCollector.All.TimeMsPerSecond", "touchline_flink_taskmanager_gc_ratio", "Share spent on garbage.", 1e-3
    ),
)  # fmt: skip


class Measure(msgspec.Struct, frozen=True):
    """A value of the quantity ``name`` at ``place``: (job's name, its id, task, subtask), or (TaskManager,)."""

    name: str
    place: tuple[str, ...]
    value: float


def of_job(rest: Rest, ident: str, job: str) -> list[Measure]:
    """Every subtask of a job; nothing of a job that has just gone."""
    found = []
    try:
        for vertex in rest.get(f"/jobs/{ident}")["vertices"]:
            wanted = [f"{n}.{q.flink}" for n in range(int(vertex["parallelism"])) for q in TASK]
            values = rest.get(f"/jobs/{ident}/vertices/{vertex['id']}/metrics?get={','.join(wanted)}")
            for metric in values:
                subtask, _, name = metric["id"].partition(".")
                found += _measured(TASK, name, (job, ident, str(vertex["name"]), subtask), metric["value"])
    except Refused:
        return []
    return found


def of_managers(rest: Rest) -> list[Measure]:
    """Every TaskManager; nothing of one that has just gone."""
    found = []
    for manager in rest.get("/taskmanagers")["taskmanagers"]:
        try:
            values = rest.get(f"/taskmanagers/{manager['id']}/metrics?get={','.join(q.flink for q in MANAGER)}")
        except Refused:
            continue
        for metric in values:
            found += _measured(MANAGER, metric["id"], (str(manager["id"]),), metric["value"])
    return found


def _measured(quantities: tuple[Quantity, ...], name: str, place: tuple[str, ...], value: Any) -> list[Measure]:
    """Flink reports NaN before the first measurement."""
    number = float(value)
    return [Measure(q.name, place, number * q.factor) for q in quantities if q.flink == name and number == number]
