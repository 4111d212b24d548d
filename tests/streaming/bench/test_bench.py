"""Every benchmark runs, has figures and a floor beside them; one that needs a broker or a cluster says so when there is none."""

from __future__ import annotations

import importlib
import json
import time
from functools import partial
from itertools import count

import numpy as np
import pytest

from streaming.bench import cluster, pipeline
from streaming.bench import kafka as through_kafka
from streaming.cli import bench
from streaming.cli.app import run
from streaming.cli.bench import BENCHES, CLUSTER, DATA, LONG
from streaming.errors import Unavailable

NOWHERE = "127.0.0.1:1"
PROCESSES = (("ours", 1), ("echo", 2), ("mlserver, 0 workers", 0))


@pytest.fixture
def nowhere(monkeypatch):
    """No server answers, and the attempt takes no time."""
    monkeypatch.setenv("TOUCHLINE_KAFKA", f"kafka://{NOWHERE}")
    monkeypatch.setenv("TOUCHLINE_FLINK", f"http://{NOWHERE}")


def figures_and_floor(result):
    assert result["target"]
    for part in ("figures", "floor"):
        assert result[part]
        for name, value in result[part].items():
            assert isinstance(value, int | float), name
            # two ways may agree to the bit, and no hostile record may be left uncounted
            assert value > 0 or (value == 0 and name.endswith(("worst_difference", "not_counted"))), name


#: less of what takes long: here a benchmark has to work, not to be right to the microsecond
SHORT = {
    "window": {"minutes": 2.0}, "window-nfl": {"minutes": 2.0}, "replay": {"minutes": 2.0}, "xgoals": {"calls": 500},
    "lead-curve": {"calls": 500}, "attribution": {"calls": 100}, "endpoint": {"rounds": 1}, "relay": {"windows": 20},
    "cars": {"held_bytes": 40_000_000, "times": 8}, "hostile": {"records": 5_000}, "storm": {"events": 2_000},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BENCHES if name not in (*CLUSTER, *DATA)])
def test_benchmark_prints_its_figures_beside_their_floor(name):
    module, function = BENCHES[name]
    figures_and_floor(getattr(importlib.import_module(module), function)(**SHORT.get(name, {})))


@pytest.mark.slow
def test_bench_command_runs_a_benchmark_by_name(capsys):
    assert run(["bench", "codec", "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert result["name"] == "codec"
    figures_and_floor(result)


#: times of a machine on which everything takes next to nothing
QUICK_S = 2.5e-8


@pytest.fixture
def quick(monkeypatch):
    """Clocks by which each stretch takes some nanoseconds, whatever it really takes."""
    ticks = count(1)
    for name, unit in (("perf_counter", 1.0), ("process_time", 1.0), ("perf_counter_ns", 1e9)):
        monkeypatch.setattr(time, name, lambda unit=unit: next(ticks) * QUICK_S * unit)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["codec", "window", "replay", "kinematics", "xgoals", "lead-curve", "attribution"])
def test_figures_of_an_infinitely_fast_machine_are_not_rounded_to_zero(name, quick):
    module, function = BENCHES[name]
    small = {"window": {"minutes": 1.0}, "replay": {"minutes": 1.0}, "xgoals": {"calls": 60}, "lead-curve": {"calls": 60}}
    figures_and_floor(getattr(importlib.import_module(module), function)(**(small | {"attribution": {"calls": 60}}).get(name, {})))


def test_endpoint_latencies_and_ratios_are_not_rounded_to_zero():
    from streaming.bench.endpoint import add_figures
    from streaming.bench.http_load import Target
    from streaming.bench.kafka import at

    assert at([0.004, 0.004], 50) == 0.004
    targets = [Target(name, 1, b"", pid=pid, cpu_us=0.004, rates=[4e8], took_ns=[np.array([2, 3])]) for name, pid in PROCESSES]
    figures: dict[str, float] = {}
    floor: dict[str, float] = {}
    add_figures(targets, "1_row", 0.05, figures, floor)
    figures_and_floor({"target": "none", "figures": figures, "floor": floor})
    assert figures["times_faster_than_mlserver_1_row_p50"] == 1.0


# -- on real games -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.real
def test_nfl_speed_agrees_with_the_official_column(real_data, capsys):
    assert run(["bench", "ngs-speed", "--data", str(real_data / "nfl_ngs_highlights"), "--json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    figures_and_floor(result)
    assert result["n"] > 1_100_000
    assert result["rmse"] <= 0.149 < result["floor"]["difference_0.2s_rmse"]
    assert result["mae"] < result["rmse"]


def test_benchmark_of_real_games_without_their_folder_is_refused(tmp_path, capsys):
    assert run(["bench", "ngs-speed"]) == 2
    assert "ngs-speed needs --data FOLDER" in capsys.readouterr().err
    assert run(["bench", "ngs-speed", "--data", str(tmp_path)]) == 2
    assert "no tracking.parquet" in capsys.readouterr().err


# -- on a cluster ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def short_floor(monkeypatch):
    """The relay beside it runs for three seconds, not for eight."""
    monkeypatch.setattr(through_kafka, "floor", partial(through_kafka.floor, seconds=3.0))


@pytest.mark.slow
@pytest.mark.cluster
def test_broker_benchmark_measures_latency_and_throughput(broker, short_floor, monkeypatch):
    monkeypatch.setenv("TOUCHLINE_KAFKA", f"kafka://{broker.bootstrap}")
    result = cluster.kafka(seconds=6.0)
    figures_and_floor(result)
    assert result["figures"]["games"] == 10
    assert result["figures"]["committed_p50_us"] > result["figures"]["p50_us"]


@pytest.mark.slow
@pytest.mark.cluster
def test_soak_on_a_broker_reports_its_quarters(broker, short_floor, monkeypatch):
    monkeypatch.setenv("TOUCHLINE_KAFKA", f"kafka://{broker.bootstrap}")
    result = cluster.soak(minutes=0.5, every_s=3.5, kill_every_s=6.0)
    assert 6 <= len(result["spans"]) <= 10
    figures = result["figures"]
    assert figures["spans"] == len(result["spans"]) - 2
    assert figures["messages"] == sum(span["messages"] for span in result["spans"][2:]) > 0
    assert 0 < figures["first_p50_us"] <= figures["first_p99_us"] <= figures["worst_us"]
    assert 50 < figures["first_resident_mb"] < 4000
    assert abs(figures["growth_percent"]) < 100
    assert figures["kills"] >= 1
    assert figures["finals"] > 10_000
    assert (figures["lost"], figures["doubled"], figures["in_excess"]) == (0, 0, 0)
    assert result["floor"]["relay_p50_us"] > 0


def test_soak_is_judged_by_its_quarters():
    from streaming.bench.soak import Span, judged

    filling = [Span(10_000_000, 5, 900, 9.0, 90.0, 9e6)] * 2
    flat = [Span(100_000_000, 5, 900, 1.0, 2.0, 3.0)] * 3
    grown = [Span(150_000_000, 5, 900, 1.5, 4.0, 8.0)]
    figures = judged([*filling, *flat, *grown])
    assert (figures["growth_percent"], figures["first_p99_us"], figures["last_p99_us"]) == (50.0, 2.0, 4.0)
    assert (figures["worst_us"], figures["messages"]) == (8.0, 20)
    with pytest.raises(Unavailable, match="a soak of 3 spans is too short"):
        judged([*filling, *grown])


@pytest.mark.slow
@pytest.mark.cluster
def test_flink_scaling_benchmark_measures_and_draws_a_point(broker, flink, tmp_path):
    from streaming.bench.flink import curve, keep

    rows = curve(f"kafka://{broker.bootstrap}", flink.rest, cluster.one_game(6.0), "thread", 1, counts=(2,), warm_s=2.0)
    (row,) = rows
    assert (row["games"], row["slots"], row["profile"]) == (2, 1, "thread")
    assert 0 < row["messages"] <= 1.1 * row["windows_sent"]
    assert 0 < row["p50_us"] <= row["p99_us"]
    assert all(row["cpu_s_per_game_s"][part] > 0 for part in ("broker", "taskmanager", "reader"))
    drawing, figures = keep(rows, tmp_path)
    assert json.loads(figures.read_text()) == rows
    assert drawing.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", CLUSTER)
def test_broker_benchmark_by_name_without_a_broker_is_refused_with_the_remedy(name, nowhere, capsys):
    assert run(["bench", name]) == 2
    (sentence,) = capsys.readouterr().err.strip().splitlines()
    assert sentence.startswith("touchline: no broker answers")
    assert "make up" in sentence


def test_run_of_all_skips_benchmarks_without_their_broker_and_long_ones(nowhere, monkeypatch, capsys):
    monkeypatch.setattr(
        pipeline, "codec", lambda: {"what": "a stand-in", "figures": {"us": 1}, "floor": {"us": 1}, "target": "none"}
    )
    monkeypatch.setattr(bench, "BENCHES", {name: BENCHES[name] for name in ("codec", *CLUSTER)})
    assert run(["bench", "--json"]) == 0
    results = {result["name"]: result for result in json.loads(capsys.readouterr().out)}
    assert list(results) == ["codec", "kafka", "flink"]
    assert not set(results) & set(LONG)
    assert "skipped" not in results["codec"]
    assert "make up" in results["kafka"]["skipped"]
    assert run(["bench"]) == 0
    assert "kafka: skipped: no broker answers" in capsys.readouterr().out
