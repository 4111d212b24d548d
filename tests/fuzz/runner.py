"""Run targets in processes of their own, again and again until their time is over, and write down what each did."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from tests.fuzz.child import LONGEST_S, limited
from tests.fuzz.targets import every
from tests.waiting import contention

#: memory of a process: what libFuzzer calls too much, for one target and for all of them with all that they import, and what the
#: system gives it at all
RSS_MB: Final = 1500
TOGETHER_RSS_MB: Final = 3000
ADDRESS_MB: Final = 12_000
CORPUS: Final = Path(__file__).parent / "corpus"
_COVERAGE: Final = re.compile(rb"cov: (\d+) ft: (\d+) corp: (\d+)")
#: what libFuzzer calls the input that ended the process
_ENDED: Final = ("crash-", "timeout-", "oom-", "leak-")
#: what a process may take to end once its time is over, on a core of its own
_TO_END_S: Final = 30
#: processes that end at once, in a row, before a target is given up
_AT_ONCE: Final = 3


@dataclass
class Result:
    """What was done for one target in one run. ``coverage`` counts the branches that its corpus reaches."""

    target: str
    executions: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    coverage: int = 0
    new_coverage: int = 0
    corpus: int = 0
    peak_rss_mb: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    #: inputs that ended the process, by what happened: a hang, too much memory, a fault
    ended: list[str] = field(default_factory=list)
    at: str = ""

    @property
    def clean(self) -> bool:
        return not self.findings and not self.ended


def run(names: Sequence[str], seconds: float, work: Path, *, together: bool = False, seed: int = 0) -> list[Result]:
    """Fuzz for ``seconds``, shared among the targets, or all of them in one process; results are appended to
    ``work/statistics.jsonl`` too. The corpus in ``work`` grows and is used again."""
    groups = [list(names)] if together else [[name] for name in names]
    results = []
    for group in groups:
        result = _run(group, seconds / len(groups), work, seed)
        results.append(result)
        work.mkdir(parents=True, exist_ok=True)
        with (work / "statistics.jsonl").open("a") as file:
            file.write(json.dumps(asdict(result)) + "\n")
        print(line(result), flush=True)
    return results


def line(result: Result) -> str:
    found = "nothing" if result.clean else "; ".join([*result.findings, *result.ended])
    return (
        f"{result.target}: {result.executions:,} executions in {result.cpu_s:.0f} s of CPU, {result.new_coverage} new branches "
        f"({result.coverage}), {result.peak_rss_mb} MB; found {found}"
    )


def table(work: Path) -> str:
    """What all runs did for each target: a table in Markdown, from ``work/statistics.jsonl``."""
    rows: dict[str, list[Result]] = {}
    for text in (work / "statistics.jsonl").read_text().splitlines():
        result = Result(**json.loads(text))
        rows.setdefault(result.target, []).append(result)
    lines = ["| target | executions | CPU s | branches | peak MB | runs with findings |", "| --- | --- | --- | --- | --- | --- |"]
    for name, runs in rows.items():
        lines.append(
            f"| {name} | {sum(one.executions for one in runs):,} | {sum(one.cpu_s for one in runs):,.0f} | "
            f"{max(one.coverage for one in runs):,} | {max(one.peak_rss_mb for one in runs):,} | "
            f"{sum(not one.clean for one in runs)} of {len(runs)} |"
        )
    whole = [one for runs in rows.values() for one in runs]
    lines.append(f"| all | {sum(one.executions for one in whole):,} | {sum(one.cpu_s for one in whole):,.0f} | | | |")
    return "\n".join(lines)


def _run(group: list[str], seconds: float, work: Path, seed: int) -> Result:
    name = group[0] if len(group) == 1 else "together"
    corpus, crashes = work / "corpus" / name, work / "crashes"
    corpus.mkdir(parents=True, exist_ok=True)
    (crashes / name).mkdir(parents=True, exist_ok=True)
    _put_seeds(group, corpus)
    result = Result(name, at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    began, at_once = time.monotonic(), 0
    first_coverage: int | None = None
    while (left := seconds - (time.monotonic() - began)) > 1 and at_once < _AT_ONCE:
        started = time.monotonic()
        before = {path.name for path in (crashes / name).iterdir()}
        coverage = _process(group, name, left, corpus, crashes, result, seed)
        ended = sorted(
            path.name for path in (crashes / name).iterdir() if path.name not in before and path.name.startswith(_ENDED)
            and not (path.parent / f"{path.name}.txt").is_file() and path.suffix != ".txt"
        )  # fmt: skip
        result.ended += ended
        at_once = at_once + 1 if time.monotonic() - started < 5 and left > 10 else 0
        if coverage is not None:
            first_coverage = coverage[0] if first_coverage is None else first_coverage
            result.coverage, result.corpus = max(result.coverage, coverage[1]), coverage[2]
    result.new_coverage = result.coverage - (first_coverage or 0)
    result.wall_s = round(time.monotonic() - began, 1)
    if at_once >= _AT_ONCE:
        result.ended.append("it ends at once")
    return result


def _put_seeds(group: list[str], corpus: Path) -> None:
    """The targets' own seeds and the corpus of the repository, beside what was found before."""
    for number, name in enumerate(group):
        head = bytes([number]) if len(group) > 1 else b""
        known = [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]
        for n, seed in enumerate([*every()[name].seeds(), *known]):
            path = corpus / f"seed-{name}-{n:03d}"
            if not path.exists():
                path.write_bytes(head + seed)


def _process(
    group: list[str], name: str, left_s: float, corpus: Path, crashes: Path, result: Result, seed: int
) -> tuple[int, int, int] | None:
    """One process: (coverage at first, coverage at last, inputs in the corpus), None where it did not get so far."""
    counts = crashes.parent / f"counts-{name}.json"
    counts.unlink(missing_ok=True)
    flags = [
        str(corpus), f"-timeout={round(LONGEST_S * contention())}",
        f"-rss_limit_mb={TOGETHER_RSS_MB if len(group) > 1 else RSS_MB}",
        "-max_len=400000", f"-artifact_prefix={crashes / name}/", "-print_final_stats=1", "-len_control=0", f"-seed={seed}",
    ]  # fmt: skip
    with (crashes.parent / f"log-{name}.txt").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.child", ",".join(group), str(counts), str(crashes), str(left_s), *flags],
            stdout=log, stderr=subprocess.STDOUT, preexec_fn=limited(ADDRESS_MB),
        )  # fmt: skip
        try:
            child.wait(left_s + _TO_END_S * contention())
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            result.ended.append("the process did not end")
        except BaseException:
            child.kill()
            child.wait()
            raise
    if counts.is_file():
        found = json.loads(counts.read_text())
        result.executions += found["executions"]
        result.cpu_s = round(result.cpu_s + found["cpu_s"], 2)
        result.peak_rss_mb = max(result.peak_rss_mb, found["peak_rss_mb"])
        for what, count in found["findings"].items():
            result.findings[what] = result.findings.get(what, 0) + count
    seen = _COVERAGE.findall((crashes.parent / f"log-{name}.txt").read_bytes())
    return (int(seen[0][0]), int(seen[-1][0]), int(seen[-1][2])) if seen else None
