"""Does one source serve many sinks as fast, all together, as it serves one?"""
from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lib.context import MIB, Context, progress, random_file
from lib.others import nginx
from lib.processes import Failed, Missing, Process, need
from lib.report import Table, at_least, at_most, median, paired, skipped, title
from lib.xfs import Xfs

COUNT = 32
MOST_MIB = 64  # of each of the many
# The size of a file decides how large its chunks are, and each costs messages and threads that
# wake: this is the largest file that has chunks as large as those of the many.
ALONE_MIB = 128
ALONE_TIMES = 3  # in each round, since it takes a moment only
ALONE = "alone.bin"
SPARE_MIB = 512  # what the programs themselves use


@dataclass(frozen=True)
class Figures:
    alone: float  # MiB per second of the one stream
    together: float  # MiB per second of all the streams, until the last one has ended
    slowest_over_fastest: float


# Fetches these files at once, each to a directory of its own, and says the seconds of each.
Fetch = Callable[[list[str]], list[float]]


def xfs(context: Context, stack: contextlib.ExitStack, source: Path) -> Fetch:
    programs = Xfs(context, "fanout")
    stack.enter_context(programs.tracker())
    stack.enter_context(programs.peer("source", source)).ready()

    def fetch(names: list[str]) -> list[float]:
        with contextlib.ExitStack() as run:
            sinks = [run.enter_context(programs.peer(f"sink{i}", context.directory(f"sinks/{i}")))
                     for i in range(len(names))]
            for sink in sinks:
                sink.ready()
            begin = time.monotonic()
            for sink, name in zip(sinks, names):
                sink.begin(name)
            ends = [sink.finish(patience=300)[0] for sink in sinks]
            for sink in sinks:
                sink.stop()
        return [end - begin for end in ends]

    return fetch


def curl(context: Context, stack: contextlib.ExitStack, source: Path) -> Fetch:
    server = stack.enter_context(nginx(context, source))
    program = need("curl")

    def fetch(names: list[str]) -> list[float]:
        with contextlib.ExitStack() as run:
            sinks = []
            for i, name in enumerate(names):
                target = context.directory(f"sinks/{i}") / name
                command = ["bash", "-c", 'read -r; exec "$@"', "bash", program, "-s", "-w",
                           "fetched", "-o", target, f"http://{server.address}/{name}"]
                sinks.append(run.enter_context(Process(command, context.log(f"curl-{i}"))))
            begin = time.monotonic()
            for sink in sinks:
                sink.say("")
            ends = [sink.line("fetched", patience=300)[0] for sink in sinks]
        return [end - begin for end in ends]

    return fetch


def available(context: Context, stack: contextlib.ExitStack, source: Path) -> dict[str, Fetch]:
    fetches = {"xfs": xfs(context, stack, source)}
    try:
        fetches["curl + nginx"] = curl(context, stack, source)
    except Missing as missing:
        skipped("curl + nginx", missing)
    return fetches


def checked(context: Context, fetch: Fetch, source: Path, names: list[str]) -> list[float]:
    """The seconds of each, if all bytes are as they should be. The files are gone again."""
    context.warm_memory(sum((source / name).stat().st_size for name in names) + SPARE_MIB * MIB)
    seconds = fetch(names)
    for i, name in enumerate(names):
        sink = context.work / f"sinks/{i}" / name
        if subprocess.run(["cmp", source / name, sink], check=False).returncode:
            raise Failed("other bytes were delivered")
    shutil.rmtree(context.work / "sinks")
    return seconds


def measure(context: Context, fetch: Fetch, source: Path, mib: int) -> Figures:
    alone = [checked(context, fetch, source, [ALONE])[0] for _ in range(ALONE_TIMES)]
    each = checked(context, fetch, source, [f"{i}.bin" for i in range(COUNT)])
    return Figures(ALONE_MIB / median(alone), COUNT * mib / max(each), max(each) / min(each))


def bench_fanout(context: Context) -> None:
    """Each sink has a file of its own: otherwise they would serve one another, which is what
    `swarm` measures."""
    free = context.free_bytes() // MIB - 2 * ALONE_MIB
    mib = min(MOST_MIB, free // (2 * COUNT))
    if mib < 4:
        raise Missing(f"needs {(8 * COUNT) + 2 * ALONE_MIB} MiB in {context.work.parent}")
    title(f"fanout: {COUNT} sinks at one source, {mib} MiB each, over one stream of {ALONE_MIB} "
          "MiB; loopback")
    source = context.directory("source")
    random_file(source / ALONE, ALONE_MIB * MIB)
    for i in range(COUNT):
        random_file(source / f"{i}.bin", mib * MIB)
    results: dict[str, list[Figures]] = {}
    with contextlib.ExitStack() as stack:
        fetches = available(context, stack, source)
        for i in range(context.rounds(3)):
            for name, fetch in fetches.items():
                results.setdefault(name, []).append(measure(context, fetch, source, mib))
                progress(f"round {i + 1}: {name} {results[name][-1].together:.0f} MiB/s")
    show(results)


def show(results: dict[str, list[Figures]]) -> None:
    def together_over_alone(figures: list[Figures]) -> float:
        return paired([f.together for f in figures], [f.alone for f in figures])

    table = Table("system", "alone, MiB/s", f"{COUNT} together, MiB/s", "together over alone",
                  "slowest over fastest")
    for name, figures in results.items():
        table.row(name, f"{median([f.alone for f in figures]):.0f}",
                  f"{median([f.together for f in figures]):.0f}",
                  f"{together_over_alone(figures):.2f} x",
                  f"{median([f.slowest_over_fastest for f in figures]):.2f} x")
    table.show()
    ours = results["xfs"]
    at_least("together over alone", together_over_alone(ours), 0.9)
    at_most("slowest over fastest", median([f.slowest_over_fastest for f in ours]), 1.5)
