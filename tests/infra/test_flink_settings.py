"""What Flink's Python workers would load before our code is closed to other users."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from infra.local import flink
from streaming.errors import Unavailable


def test_folder_of_staged_pickles_is_made_and_closed(tmp_path: Path) -> None:
    folder = tmp_path / "staged"
    flink.close_staged(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o777)
    flink.close_staged(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_pickle_that_workers_would_load_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pickled_main_session").write_bytes(b"")
    with pytest.raises(Unavailable, match=r"pickled_main_session would be run by Flink's Python workers: remove it"):
        flink.close_staged(tmp_path)


@pytest.mark.parametrize("kind", ["link", "file", "of another"])
def test_folder_that_is_not_ours_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    folder = tmp_path / "staged"
    if kind == "link":
        folder.symlink_to(tmp_path)
    elif kind == "file":
        folder.write_text("")
    else:
        folder.mkdir()
        monkeypatch.setattr("os.geteuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(Unavailable, match="is not a folder of this user"):
        flink.close_staged(folder)


def test_beam_looks_for_its_pickle_where_the_guard_is() -> None:
    """PyFlink starts a worker with /tmp as the folder that Beam adds this name to."""
    names = pytest.importorskip("apache_beam.runners.internal.names")
    assert names.PICKLED_MAIN_SESSION_FILE == flink._SESSION
    boot = flink.distribution() / "fn_execution" / "beam" / "beam_boot.py"
    assert '"--semi_persist_dir", default="/tmp"' in boot.read_text()
    assert Path("/tmp/staged") == flink.STAGED
