"""Flink's REST interface, as much of it as a job's life needs: what is there, how a job is doing, how it ends. Only the standard
library is needed."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

from streaming.errors import BadInput, Unavailable

#: states that a job does not leave
ENDED: Final = ("FINISHED", "CANCELED", "FAILED")
#: what the metric of a sink's committer for refused commits ends with
FAILED_COMMITS: Final = "Committer.failedCommittables"
#: longest answer that is read, bytes
MAX_BYTES: Final = 8 << 20


class Refused(Unavailable):
    """The cluster answers with a refusal of HTTP status ``status``: a job that is gone (404), one without checkpoints, a cluster
    that is choosing its leader (503)."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class JobEntry(NamedTuple):
    """A job as the cluster lists it. ``ended_s`` is the Unix time of its end, None while it has none."""

    id: str
    name: str
    state: str
    started_s: float
    ended_s: float | None
    running_s: float

    @property
    def over(self) -> bool:
        return self.state in ENDED


class Rest:
    """The JobManager at ``url`` (http://host:port). With one sentence: ``Unavailable`` when it does not answer, or is none;
    ``Refused`` when it answers that it will not."""

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 8081  # raises where it is no number
        except ValueError:
            host = None
        if host is None or parts.scheme not in ("http", "https") or parts.username is not None:
            raise BadInput(f"{url!r} is not the address of a Flink cluster: give http://host:port")
        self.url, self.host, self.port, self.timeout_s = url.rstrip("/"), host, port, timeout_s
        # No proxy: a cluster is near, and a proxy would answer in its place.
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def get(self, path: str) -> Any:
        return self._ask(urllib.request.Request(self.url + path))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        data = json.dumps(body).encode()
        return self._ask(urllib.request.Request(self.url + path, data, {"content-type": "application/json"}, method="POST"))

    def _ask(self, request: urllib.request.Request) -> Any:
        try:
            with self._open(request, timeout=self.timeout_s) as answer:
                return json.loads(answer.read(MAX_BYTES) or b"{}")
        except urllib.error.HTTPError as error:
            raise Refused(f"the Flink cluster at {self.url} refused {request.selector}: {_reason(error)}", error.code) from None
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "reason", error)
            why = getattr(why, "strerror", None) or why
            raise Unavailable(f"no Flink cluster answers at {self.url}: {why} (make up starts one on this machine)") from None
        except (ValueError, RecursionError) as error:
            raise self.not_flink(error) from None

    def not_flink(self, error: Exception) -> Unavailable:
        """What to raise when an answer is not one of Flink's."""
        return Unavailable(f"what answers at {self.url} is not a Flink cluster ({type(error).__name__}: {error})")

    # -- a job's life ----------------------------------------------------------------------------------------------

    def slots(self) -> int:
        """How many slots are free."""
        return int(self.get("/overview")["slots-available"])

    def jobs(self) -> list[JobEntry]:
        """Every job that the cluster knows, in no order; ended ones are forgotten after an hour."""
        found = self.get("/jobs/overview")["jobs"]
        return [
            JobEntry(
                id=str(job["jid"]),
                name=str(job["name"]),
                state=str(job["state"]),
                started_s=job["start-time"] / 1000,
                ended_s=job["end-time"] / 1000 if job.get("end-time", -1) > 0 else None,
                running_s=job["duration"] / 1000,
            )
            for job in found
        ]

    def settings(self) -> dict[str, str]:
        """The settings of the JobManager, secrets masked by Flink."""
        return {str(entry["key"]): str(entry["value"]) for entry in self.get("/jobmanager/config")}

    def state(self, job: str) -> str:
        return str(self.get(f"/jobs/{job}")["state"])

    def refused_commits(self, job: str) -> int:
        """Transactions whose commit the broker refused since the job last started, as its sink counts them: it logs a line each and
        goes on. One that goes on from a checkpoint commits that one's transactions again, which a broker refuses, too, when they
        were committed before: whether anything is lost, only the broker knows."""
        refused = 0
        for vertex in self.get(f"/jobs/{job}")["vertices"]:
            path = f"/jobs/{job}/vertices/{vertex['id']}/subtasks/metrics"
            names = [metric["id"] for metric in self.get(path) if metric["id"].endswith(FAILED_COMMITS)]
            if names:
                refused += sum(int(float(m["sum"])) for m in self.get(f"{path}?get={quote(','.join(names))}&agg=sum"))
        return refused

    def restores(self, job: str) -> int:
        """How often a job has gone on from a checkpoint or savepoint since it was submitted. Known at once, where measures such as
        its restarts are some seconds old."""
        return int(self.get(f"/jobs/{job}/checkpoints")["counts"]["restored"])

    def newest_checkpoint(self, job: str) -> int:
        """Number of the newest complete checkpoint of a job, 0 before the first."""
        latest = self.get(f"/jobs/{job}/checkpoints")["latest"]["completed"]
        return int(latest["id"]) if latest else 0

    def running(self, job: str) -> bool:
        """Whether every task of the job runs: its workers have started, and records are taken."""
        found = self.get(f"/jobs/{job}")
        return found["state"] == "RUNNING" and all(v["status"] == "RUNNING" for v in found["vertices"])

    def cause(self, job: str) -> str:
        """Why a job failed, the innermost reason in one line."""
        entries = self.get(f"/jobs/{job}/exceptions").get("exceptionHistory", {}).get("entries", [])
        lines = [line for entry in entries[:1] for line in entry["stacktrace"].splitlines() if line and not line[0].isspace()]
        causes = [line for line in lines if not line.startswith("...")]
        return causes[-1].removeprefix("Caused by: ")[:300] if causes else "Flink gives no reason"

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
                raise Unavailable(f"the savepoint failed: {cause[0] if cause else 'Flink gives no reason'}")
            time.sleep(0.3)
        raise Unavailable(f"the job took more than {patience_s:.0f} s to stop with a savepoint")

    def cancel(self, job: str) -> None:
        """End the job at once; its checkpoints stay."""
        self._ask(urllib.request.Request(f"{self.url}/jobs/{job}?mode=cancel", method="PATCH"))


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        errors = json.loads(error.read())["errors"]
        return str(errors[-1]).splitlines()[0][:300]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return f"status {error.code}"
