from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_registry(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands that register a model do it in a folder of the test's own."""
    root = tmp_path_factory.mktemp("registry")
    monkeypatch.setenv("TOUCHLINE_REGISTRY", str(root))
    monkeypatch.setenv("TOUCHLINE_TRACKING", "none")  # MLflow takes seconds to start, and has a test of its own
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return root
