"""A job on two slots is stopped with a savepoint; a newer version of the program, with a step and a stat more, goes on from there
on four: every stat that both versions know is the same to the byte, and the new one begins."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.cluster import Cluster
from tests import real_cluster
from tests.conformance.test_runners import UPGRADED, committed, expected, finished, thirds

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SPORT = UPGRADED
NEWER = '''"""What a newer version has and the older one had not."""

from features.core.sport import Signal, Stat, Step


def _rush(f):
    f["rush_mps"][f.lo : f.hi] = 2.0 * f["speed"][f.lo : f.hi]


STEPS = (Step("newer.rush", _rush, writes=(Signal("rush_mps", "m/s", ("N",)),)),)
SIGNALS = STEPS[0].writes
STATS = (
    Stat("soccer.player.rush", "km/h", "Twice the speed.", per="player", compute=lambda f, ends: f["rush_mps"][ends]),
)
'''


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The program a version later, in a folder of its own."""
    for package in ("features", "models", "streaming", "simulators"):
        shutil.copytree(real_cluster.ROOT / package, tmp_path / package, symlinks=True)
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / ".jars").symlink_to(real_cluster.ROOT / "infra" / ".jars")
    soccer = tmp_path / "features" / "soccer"
    (soccer / "newer.py").write_text(NEWER)
    init = (soccer / "__init__.py").read_text()
    changed = init.replace("    momentum,\n", "    momentum,\n    newer,\n", 1)
    changed = changed.replace("control, momentum,\n", "control, momentum, newer,\n", 1)
    assert changed.count("newer") == 2
    (soccer / "__init__.py").write_text(changed)
    return tmp_path


@pytest.fixture
def four_slots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from real_cluster.started(tmp_path_factory.mktemp("four-slots"), only="flink", task_managers=2, slots=2)


def test_newer_version_goes_on_from_a_savepoint_with_twice_the_slots(broker: Cluster, four_slots: Cluster, newer: Path):
    address, group = real_cluster.address_of(broker), "upgrade"
    real_cluster.recreate_topics(address, SPORT)
    first, second, third = thirds(SPORT)
    with real_cluster.start_job(address, SPORT, four_slots, "process", "--group", group, "--parallelism", "2") as one:
        real_cluster.produce(address, SPORT, first)
        finished(address, SPORT, group)
        real_cluster.produce(address, SPORT, second[: len(second) // 2])
        code, output = one.stop()
        assert code == 0, output
    savepoint = output.split("--savepoint ")[1].strip()
    with real_cluster.start_job(
        address, SPORT, four_slots, "process", "--group", group, "--parallelism", "4", "--savepoint", savepoint, checkout=newer
    ) as two:
        real_cluster.produce(address, SPORT, [*second[len(second) // 2 :], *third])
        finished(address, SPORT, group)
        code, output = two.stop()
        assert code == 0, output
    finals, dead_letters = committed(address, SPORT)
    wanted, wanted_letters = expected(SPORT)
    fresh = {key for key in finals if "/soccer.player.rush/" in key[0]}
    assert len(fresh) > 1_000, "the stats that the newer version adds are published"
    found = {key: raw for key, raw in finals.items() if key not in fresh}
    odd = [key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key)]
    assert not odd, f"{len(odd)} of {len(wanted)} differ, such as {wanted.get(odd[0])!r} and {found.get(odd[0])!r}"
    assert dead_letters == wanted_letters
