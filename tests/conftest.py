"""What every test may use."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.paths import DATA

pytest_plugins = ["tests.real_cluster"]

settings.register_profile("touchline", deadline=None, print_blob=True)
settings.load_profile("touchline")


def real_folder() -> Path:
    return DATA


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where CI says ``CI=true``, a test that needs the browser, the broker or the cluster and skips is a failure: there they
    belong to the machine, and a suite that quietly lost one would stay green. The same goes for real games when their folder
    is there."""
    report = yield
    if not report.skipped or hasattr(report, "wasxfail") or os.environ.get("CI", "").lower() != "true":
        return report
    must = any(item.get_closest_marker(name) for name in ("browser", "cluster"))
    if must or (item.get_closest_marker("real") and real_folder().is_dir()):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must not skip where CI=true: {reason}"
    return report


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real games; skips with the reason where it is absent."""
    folder = real_folder()
    if not folder.is_dir():
        pytest.skip(f"the real games are not at {folder} (set TOUCHLINE_DATA)")
    return folder
