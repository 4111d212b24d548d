"""Another version is deployed while requests come: every answer is that of the version that it names, and none is missing."""

from __future__ import annotations

import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest

from models.artefact import load
from models.registry.store import Store
from models.serving.deployed import DeploymentSync
from models.serving.loaded_models import LoadedModels
from models.serving.server import Server, in_thread
from tests.models.life_helpers import version_of
from tests.waiting import TIMEOUT_S

ASKERS, EACH = 3, 400


@pytest.mark.slow
def test_a_swap_under_load_drops_no_request_and_mixes_no_answer(tmp_path: Path) -> None:
    store = Store(tmp_path / "registry")
    shipped_version, other = load("xgoals"), version_of("xgoals", 0.5, tmp_path / "m")
    store.register(tmp_path / "m", "ann", "x")
    store.approve("xgoals", other.version, "bob", "x")
    models = {m.version: m for m in (shipped_version, other)}
    rows = np.random.default_rng(3).uniform(0, 1, (ASKERS * EACH, len(shipped_version.features)))
    answers: list[tuple[int, int, str, float]] = []
    seen_both = threading.Event()

    loaded = LoadedModels()
    deployed = DeploymentSync(loaded, store, ["xgoals"], every_s=0.01)
    with in_thread(Server(loaded, port=0)) as server:
        assert server.endpoint is not None
        deployed.start(server.endpoint._loop)
        assert loaded.models["xgoals"].version == shipped_version.version

        def ask(who: int) -> None:
            connection = HTTPConnection("127.0.0.1", server.port or 0, timeout=TIMEOUT_S)
            until_s = time.monotonic() + TIMEOUT_S
            n = 0
            while n < EACH or (not seen_both.is_set() and time.monotonic() < until_s):
                at = who * EACH + n % EACH
                body = ",".join(map(repr, rows[at].tolist()))
                connection.request("POST", "/models/xgoals/invoke", body, {"content-type": "text/csv", "accept": "text/csv"})
                response = connection.getresponse()
                text = response.read().decode()
                answers.append((at, response.status, response.headers["x-touchline-version"], float(text)))
                n += 1
            connection.close()

        askers = [threading.Thread(target=ask, args=(who,)) for who in range(ASKERS)]
        for asker in askers:
            asker.start()
        for version in (other.version, shipped_version.version, other.version, shipped_version.version):
            store.deploy("xgoals", version, "ann", "swap")
            until_s = time.monotonic() + TIMEOUT_S
            while loaded.models["xgoals"].version != version and time.monotonic() < until_s:
                time.sleep(0.002)
            assert loaded.models["xgoals"].version == version
            before, until_s = len(answers), time.monotonic() + TIMEOUT_S
            while len(answers) < before + 20 and time.monotonic() < until_s:
                time.sleep(0.002)
        seen_both.set()
        for asker in askers:
            asker.join()
        deployed.close()
    assert len(answers) >= ASKERS * EACH
    assert {status for _, status, _, _ in answers} == {200}
    assert {version for _, _, version, _ in answers} == set(models)
    expected = {version: model.predict(rows) for version, model in models.items()}
    for at, _, version, value in answers:
        assert value == expected[version][at]
