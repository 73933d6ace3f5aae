"""What policies make of the situations in which they matter, live: the ones that the simulator's
tests show (tests/swarm/simulation/policies_test.cpp), with the same plug-ins.

Each situation says what is least possible; links are slow, so that they and not the processor decide.
"""
from __future__ import annotations

import contextlib
import os
import random
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.context import MIB, Context, parse_rate, progress, random_file
from lib.network import Network, need_network
from lib.processes import Failed, Missing
from lib.report import Table, median, skipped, title
from lib.xfs import Xfs, XfsPeer

FILE = "f.bin"
PATIENCE = 600
CPU_MOST = 0.6  # of the machine: beyond that a run measures the machine


@dataclass(frozen=True)
class Figures:
    """Of one run: the time over the least possible, and what else the situation is about."""

    ratio: float
    other: float | None = None


class Run:
    """A fresh network with a tracker, and what is started in it; gone at the end of the block."""

    def __init__(self, context: Context, label: str, policy: str, source: Path) -> None:
        self._context = context
        self._policy = policy
        self._source = source
        self._stack = contextlib.ExitStack()
        self._xfs = Xfs(context, label)
        self.network = Network(context)

    def __enter__(self) -> Run:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.network)
            stack.enter_context(self._xfs.tracker(host=self.network.host()))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def seed(self, rate: str, *, directory: Path | None = None, delay_ms: int = 0,
             labels: str = "") -> XfsPeer:
        host = self.network.host(rate, delay_ms=delay_ms)
        peer = self._xfs.peer(f"seed-{host.ip}", directory or self._source, *labelled(labels),
                              host=host)
        self._stack.enter_context(peer).ready()
        return peer

    def sink(self, rate: str, *options: str, switch: str = "switch", labels: str = "") -> XfsPeer:
        host = self.network.host(rate, switch=switch)
        directory = self._context.directory(f"sink-{host.ip}")
        peer = self._xfs.peer(f"sink-{host.ip}", directory, *options, *labelled(labels),
                              f"--policy=lib{self._policy}.so", host=host)
        self._stack.enter_context(peer).ready()
        return peer

    def fetch(self, sinks: Sequence[XfsPeer]) -> float:
        """Seconds until the last of them has the file."""
        begin = time.monotonic()
        for sink in sinks:
            sink.begin(FILE)
        end = max(sink.finish(PATIENCE)[0] for sink in sinks)
        for sink in sinks:
            target = self._context.work / sink.name.split("-xfs-")[-1] / FILE
            if subprocess.run(["cmp", self._source / FILE, target], check=False).returncode:
                raise Failed("other bytes were delivered")
        return end - begin


def labelled(labels: str) -> Sequence[str]:
    return ["--labels", labels] if labels else []


# ---- situations ----


def unequal(run: Run, source: Path, size: int, number: int) -> Figures:
    """Two of these sources at a time, in another order each round."""
    rates = [8, 16, 32, 48, 64, 80, 96, 128]
    random.Random(number).shuffle(rates)
    del source
    for rate in rates:
        run.seed(f"{rate}mbit")
    seconds = run.fetch([run.sink("1gbit", "-s", "2")])
    return Figures(seconds / (8 * size / parse_rate("224mbit")))


def busy(run: Run, source: Path, size: int, number: int) -> Figures:
    """One near source that four others fetch from as well, one that is far and idle, one place."""
    del number
    others = [source.parent / f"other{i}" for i in range(4)]
    near = source.parent / "near"
    near.mkdir(exist_ok=True)
    for file in [source / FILE, *(other / f"{other.name}.bin" for other in others)]:
        if not (near / file.name).exists():
            if not file.exists():
                random_file(file, 2 * size)
            os.link(file, near / file.name)
    run.seed("200mbit", directory=near)
    run.seed("200mbit", delay_ms=50)
    crowd = [run.sink("800mbit") for _ in others]
    for sink, other in zip(crowd, others):
        sink.begin(f"{other.name}.bin")
    time.sleep(1)  # until they are under way
    seconds = run.fetch([run.sink("800mbit", "-s", "1")])
    return Figures(seconds / (8 * size / parse_rate("200mbit")))


def full(run: Run, source: Path, size: int, number: int) -> Figures:
    """Eight sources, each 5 ms farther than the one before, and a sink whose own link is full.
    Besides: the share of the bytes that came from the nearest."""
    del source, number
    seeds = [run.seed("200mbit", delay_ms=5 * i) for i in range(8)]
    seconds = run.fetch([run.sink("200mbit")])
    return Figures(seconds / (8 * size / parse_rate("200mbit")), seeds[0].bytes_sent() / size)


def racks(run: Run, source: Path, size: int, number: int) -> Figures:
    """Four sinks in each of two racks, the seed in one, a thin link between them. Besides: how many
    times the file went through that."""
    del source, number
    rack = run.network.rack("12.5mbit")
    run.seed("50mbit", labels="rack=1")
    sinks = [run.sink("50mbit", labels="rack=1") for _ in range(4)]
    sinks += [run.sink("50mbit", switch=rack, labels="rack=2") for _ in range(4)]
    before = run.network.into_rack()
    seconds = run.fetch(sinks)
    bits = 8 * size
    bound = max(bits / parse_rate("12.5mbit"), 8 * bits / (9 * parse_rate("50mbit")))
    return Figures(seconds / bound, (run.network.into_rack() - before) / size)


@dataclass(frozen=True)
class Situation:
    name: str
    play: Callable[[Run, Path, int, int], Figures]
    size: int
    policies: Sequence[str]
    other: str = ""  # what Figures.other is


SITUATIONS = (
    Situation("8 sources of 1-16 MB/s, 2 places", unequal, 250 * MIB,
              ("earliest", "loadlatency", "random")),
    Situation("near and busy, far and idle, 1 place", busy, 128 * MIB,
              ("earliest", "loadlatency", "nearest")),
    Situation("the sink's link is full", full, 256 * MIB, ("nearest", "loadlatency", "random"),
              "from the nearest"),
    Situation("two racks, a thin link", racks, 24 * MIB, ("rackaware", "loadlatency", "random"),
              "files across"),
)


def bench_policies(context: Context) -> None:
    need_network()
    title("policies: the time until the last has the file, over the least possible")
    table = Table("situation", "policy", "median", "from", "to", "besides")
    for situation in SITUATIONS:
        try:
            results = play_all(context, situation)
        except Missing as missing:  # not every kernel can delay packets
            skipped(situation.name, missing)
            continue
        for policy, runs in results.items():
            ratios = [run.ratio for run in runs]
            besides = [run.other for run in runs if run.other is not None]
            table.row(situation.name, policy, f"{median(ratios):.2f} x", f"{min(ratios):.2f}",
                      f"{max(ratios):.2f}",
                      f"{median(besides):.2f} {situation.other}" if besides else "")
    table.show()


def play_all(context: Context, situation: Situation) -> dict[str, list[Figures]]:
    policies = context.options.policies or situation.policies
    results: dict[str, list[Figures]] = {policy: [] for policy in policies}
    for i in range(context.rounds(3)):
        for policy in policies:
            figures = play(context, situation, policy, i + 1)
            results[policy].append(figures)
            progress(f"round {i + 1}: {situation.name}: {policy}: {figures.ratio:.2f} x")
    return results


def play(context: Context, situation: Situation, policy: str, number: int) -> Figures:
    """One run; once more if the machine had too much to do for it to mean anything."""
    source = context.work / f"source-{situation.play.__name__}"
    if not (source / FILE).exists():
        random_file(source / FILE, situation.size)
    for attempt in range(3):
        label = f"policies-{situation.play.__name__}-{policy}-{number}"
        before = processor_time()
        with Run(context, label, policy, source) as run:
            figures = situation.play(run, source, situation.size, number)
        spent = [now - then for now, then in zip(processor_time(), before)]
        if spent[0] <= CPU_MOST * spent[1]:
            return figures
        progress(f"{policy}: the machine was busy for {100 * spent[0] / spent[1]:.0f} % of the run")
    raise Failed(f"{situation.name}: the machine was busy for more than "
                 f"{100 * CPU_MOST:.0f} % of {attempt + 1} runs")


def processor_time() -> tuple[int, int]:
    """Busy, and all of it, in the kernel's ticks."""
    ticks = [int(x) for x in Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)
