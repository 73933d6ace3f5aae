"""Do --max-download-limit and --max-upload-limit hold, evenly, and at no cost?"""
from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from lib.context import Context, parse_size, progress, random_file
from lib.network import Network, NetworkHost, need_network
from lib.processes import Failed
from lib.report import Table, at_most, median, title
from lib.xfs import Xfs, XfsPeer

SECONDS = 6  # that a transfer should take
WINDOW = 0.1  # seconds, of a burst
STEP = 0.01  # seconds between looks at a link


@dataclass(frozen=True)
class Case:
    side: str  # "download" or "upload"
    limit: str  # as the option takes it
    transfers: int  # at once

    @property
    def rate(self) -> int:
        return parse_size(self.limit)

    @property
    def size(self) -> int:
        """Of each file."""
        return self.rate * SECONDS // self.transfers

    def __str__(self) -> str:
        return f"--max-{self.side}-limit {self.limit}, {self.transfers} at once"


@dataclass(frozen=True)
class Figures:
    over_asked: float  # measured rate over asked rate
    cpu: float  # seconds of CPU a second, of the limited peer
    burst: float  # bytes beyond the rate


class Meter:
    """Looks at a host's link all the time, until the end of the block."""

    def __init__(self, host: NetworkHost, sent: bool) -> None:
        self._host = host
        self._sent = sent
        self._looks: list[tuple[float, int]] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def burst(self, rate: float) -> float:
        """The most bytes beyond the rate that passed in any window of up to WINDOW."""
        worst, first = 0.0, 0
        for end, (at, passed) in enumerate(self._looks):
            while at - self._looks[first][0] > WINDOW + STEP / 2:
                first += 1
            worst = max([worst, *(passed - before - rate * (at - since)
                                  for since, before in self._looks[first:end])])
        return worst

    def _watch(self) -> None:
        while not self._end.wait(STEP):
            counters = self._host.counters()
            passed = counters.sent if self._sent else counters.received
            self._looks.append((time.monotonic(), passed))


@dataclass(frozen=True)
class Fetch:
    peer: XfsPeer
    directory: Path
    query: str
    names: list[str]


@dataclass(frozen=True)
class Setup:
    limited: XfsPeer
    host: NetworkHost  # of the limited peer
    fetches: list[Fetch]


def prepare(context: Context, case: Case, network: Network, stack: contextlib.ExitStack,
            label: str) -> Setup:
    """A limited source has a sink for each transfer, which has a file of its own; a limited sink
    fetches all files, side by side, from one source."""
    xfs = Xfs(context, label)
    stack.enter_context(xfs.tracker(host=network.host()))

    def peer(name: str, directory: Path, side: str) -> tuple[XfsPeer, NetworkHost]:
        host = network.host()
        limit = [f"--max-{side}-limit", case.limit] if side == case.side else []
        peer = stack.enter_context(xfs.peer(name, directory, *limit, host=host))
        peer.ready()
        return peer, host

    source, source_host = peer("source", context.work / "source", "upload")
    files = [f"{i}.bin" for i in range(case.transfers)]
    if case.side == "download":
        directory = context.directory("sinks/0")
        sink, host = peer("sink", directory, "download")
        return Setup(sink, host, [Fetch(sink, directory, "*", files)])
    fetches = []
    for name in files:
        directory = context.directory(f"sinks/{name}")
        sink, _ = peer(f"sink-{name}", directory, "download")
        fetches.append(Fetch(sink, directory, name, [name]))
    return Setup(source, source_host, fetches)


def measure(context: Context, case: Case, label: str) -> Figures:
    source = context.directory("source")
    for i in range(case.transfers):
        random_file(source / f"{i}.bin", case.size)
    with Network(context) as network, contextlib.ExitStack() as stack:
        setup = prepare(context, case, network, stack, label)
        with Meter(setup.host, sent=case.side == "upload") as meter:
            setup.limited.mark()
            begin = time.monotonic()
            for fetch in setup.fetches:
                fetch.peer.begin(fetch.query)
            ends = [fetch.peer.finish(patience=20 * SECONDS)[0] for fetch in setup.fetches]
            seconds = max(ends) - begin
            cpu = setup.limited.cpu() / seconds
        for fetch in setup.fetches:
            check(fetch, source)
    return Figures(case.size * case.transfers / seconds / case.rate, cpu, meter.burst(case.rate))


def check(fetch: Fetch, source: Path) -> None:
    for name in fetch.names:
        if subprocess.run(["cmp", source / name, fetch.directory / name], check=False).returncode:
            raise Failed("other bytes were delivered")


def bench_limits(context: Context) -> None:
    title(f"limits: transfers of {SECONDS} s, on links without a limit")
    cases = [Case(side, limit, transfers) for transfers in (1, 2)
             for side in ("download", "upload") for limit in ("10M", "50M")]
    need_network()
    context.need_room(max(3 * case.size * case.transfers for case in cases))
    table = Table("limit", "measured over asked", "CPU s a second",
                  f"most beyond it in {1000 * WINDOW:.0f} ms, KiB")
    off = 0.0
    for case in cases:
        rounds = []
        for i in range(context.rounds(3)):
            label = f"limits-{case.side}-{case.limit}-{case.transfers}-{i + 1}"
            rounds.append(measure(context, case, label))
            progress(f"{case}, round {i + 1}: {rounds[-1].over_asked:.3f}")
        over = median([f.over_asked for f in rounds])
        off = max(off, abs(over - 1))
        table.row(str(case), f"{over:.3f}", f"{median([f.cpu for f in rounds]):.3f}",
                  f"{median([f.burst for f in rounds]) / 1024:.0f}")
    table.show()
    at_most("measured rate off by", 100 * off, 5, "%", 1)
