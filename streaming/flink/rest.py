"""Flink's REST interface, as much of it as a job's life needs: what is there, how a job is doing, how it ends."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any, Final
from urllib.parse import urlsplit

from streaming.errors import BadInput, Unavailable

#: states that a job does not leave
ENDED: Final = ("FINISHED", "CANCELED", "FAILED")


class Rest:
    """The JobManager at ``url`` (http://host:port). ``Unavailable`` with one sentence when it does not answer."""

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(f"{url!r} is not the address of a Flink cluster: give http://host:8081")
        self.url, self.timeout_s = f"{parts.scheme}://{parts.netloc}", timeout_s
        try:
            self.host, self.port = parts.hostname, parts.port or 8081
        except ValueError:
            raise BadInput(f"{url!r} is not the address of a Flink cluster: give http://host:8081") from None

    def get(self, path: str) -> Any:
        return self._ask(urllib.request.Request(self.url + path))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        data = json.dumps(body).encode()
        return self._ask(urllib.request.Request(self.url + path, data, {"content-type": "application/json"}, method="POST"))

    def _ask(self, request: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise Unavailable(f"the Flink cluster at {self.url} refused {request.selector}: {_reason(error)}") from None
        except (OSError, ValueError) as error:
            why = getattr(error, "reason", error)
            raise Unavailable(f"no Flink cluster answers at {self.url} ({why}): make up starts one on this machine") from None

    # -- a job's life ----------------------------------------------------------------------------------------------

    def slots(self) -> int:
        """How many slots are free."""
        return int(self.get("/overview")["slots-available"])

    def state(self, job: str) -> str:
        return str(self.get(f"/jobs/{job}")["state"])

    def running(self, job: str) -> bool:
        """Whether every task of the job runs: its workers have started, and records are taken."""
        found = self.get(f"/jobs/{job}")
        return found["state"] == "RUNNING" and all(v["status"] == "RUNNING" for v in found["vertices"])

    def cause(self, job: str) -> str:
        """Why a job failed, the innermost reason in one line."""
        entries = self.get(f"/jobs/{job}/exceptions").get("exceptionHistory", {}).get("entries", [])
        lines = [line for entry in entries[:1] for line in entry["stacktrace"].splitlines() if line and not line[0].isspace()]
        told = [line for line in lines if not line.startswith("...")]
        return told[-1].removeprefix("Caused by: ")[:300] if told else "it does not say why"

    def wait_running(self, job: str, patience_s: float = 120.0) -> None:
        """Until its tasks run; ``Unavailable`` with the reason when it fails or takes too long."""
        until = time.monotonic() + patience_s
        while not self.running(job):
            state = self.state(job)
            if state in ENDED:
                raise Unavailable(f"the job ended as {state.lower()} before it ran: {self.cause(job)}")
            if time.monotonic() > until:
                raise Unavailable(f"the job is not running after {patience_s:.0f} s: {self.cause(job)}")
            time.sleep(0.5)

    def stop(self, job: str, folder: str = "", patience_s: float = 120.0) -> str:
        """End the job with a savepoint (in ``folder``, or where the cluster keeps them); the savepoint's path."""
        body: dict[str, Any] = {"drain": False}
        if folder:
            body["targetDirectory"] = folder
        trigger = self.post(f"/jobs/{job}/stop", body)["request-id"]
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            found = self.get(f"/jobs/{job}/savepoints/{trigger}")
            if found["status"]["id"] == "COMPLETED":
                operation = found["operation"]
                if "location" in operation:
                    return str(operation["location"])
                cause = operation.get("failure-cause", {}).get("stack-trace", "").splitlines()
                raise Unavailable(f"the savepoint failed: {cause[0] if cause else 'Flink does not say why'}")
            time.sleep(0.3)
        raise Unavailable(f"the job took more than {patience_s:.0f} s to stop with a savepoint")

    def cancel(self, job: str) -> None:
        """End the job at once; its checkpoints stay."""
        self._ask(urllib.request.Request(f"{self.url}/jobs/{job}?mode=cancel", method="PATCH"))


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        told = json.loads(error.read())["errors"]
        return str(told[-1]).splitlines()[0][:300]
    except (ValueError, KeyError, IndexError):
        return f"status {error.code}"
