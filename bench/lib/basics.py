"""The benchmarks without a network: one source, a question."""
from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from lib.context import GIB, MIB, Context, random_file
from lib.others import Torrent, nginx
from lib.processes import Failed, Missing, Process, need, timed
from lib.report import Table, at_least, at_most, median, paired, skipped, title
from lib.xfs import Xfs

Fetch = Callable[[Path], tuple[float, float]]  # to a directory; wall and CPU seconds of both ends


def with_server(server: Process, fetch: Fetch) -> Fetch:
    """Adds the CPU of the serving end, which goes on, to that of the fetching end."""

    def both(sink: Path) -> tuple[float, float]:
        server.mark()
        wall, cpu = fetch(sink)
        return wall, cpu + server.cpu()

    return both


def bench_single(context: Context, mib: int = 1024) -> None:
    title(f"single: one source, {mib} MiB of random bytes, memory to memory")
    rounds = context.rounds(5)
    context.need_room(2 * mib * MIB)
    source = context.directory("source")
    random_file(source / "f.bin", mib * MIB)
    peaks = [0.0, 0.0]
    with contextlib.ExitStack() as stack:
        xfs = Xfs(context, "single")
        stack.enter_context(xfs.tracker())
        seed = stack.enter_context(xfs.peer("source", source))
        seed.ready()

        def fetch(sink: Path) -> tuple[float, float]:
            """The whole of a program, as of the others: it starts, finds, fetches, leaves."""
            begin = time.perf_counter()
            with xfs.peer("sink", sink, "--no-cache") as peer:
                peer.begin("f.bin")
                peer.finish(patience=120)
                usage = peer.stop()
                wall = time.perf_counter() - begin
            peaks[:] = max(peaks[0], usage.peak_mib), max(peaks[1], seed.peak_mib())
            return wall, usage.cpu

        fetches = {"xfs": with_server(seed, fetch), **others_of_single(context, stack, source)}
        walls, cpus = measure_in_turn(context, fetches, source / "f.bin", rounds)
    show_single(walls, cpus, mib * MIB / GIB)
    at_most("peak memory of the sink", peaks[0], 96, "MiB", 0)
    at_most("peak memory of the source", peaks[1], 96, "MiB", 0)


def others_of_single(context: Context, stack: contextlib.ExitStack,
                     source: Path) -> dict[str, Fetch]:
    def web() -> Fetch:
        server = stack.enter_context(nginx(context, source))
        curl, url = need("curl"), f"http://{server.address}/f.bin"
        return with_server(server, lambda sink: timed([curl, "-s", "-o", sink / "f.bin", url],
                                                      context.log("single-curl")))

    def torrent() -> Fetch:
        torrent = Torrent(context, "single", source / "f.bin", "v2", MIB)
        seed = stack.enter_context(torrent.seed(source))
        seed.ready()
        return with_server(seed, lambda sink: timed(torrent.leech_command(sink, [seed.address]),
                                                    context.log("single-libtorrent"), "go\n"))

    fetches = {}
    for name, start in (("curl + nginx", web), ("libtorrent v2", torrent)):
        try:
            fetches[name] = start()
        except Missing as missing:
            skipped(name, missing)
    return fetches


Figures = dict[str, list[float]]


def measure_in_turn(context: Context, fetches: dict[str, Fetch], original: Path,
                    rounds: int) -> tuple[Figures, Figures]:
    """The first round warms up and is not counted."""
    walls: Figures = {name: [] for name in fetches}
    cpus: Figures = {name: [] for name in fetches}
    for counted in [False] + [True] * rounds:
        for name, fetch in fetches.items():
            sink = context.directory("sink")
            context.warm_memory(2 * original.stat().st_size)
            wall, cpu = fetch(sink)
            if subprocess.run(["cmp", original, sink / original.name], check=False).returncode:
                raise Failed(f"{name} delivered other bytes")
            if counted:
                walls[name].append(wall)
                cpus[name].append(cpu)
    return walls, cpus


def show_single(walls: Figures, cpus: Figures, gib: float) -> None:
    table = Table("system", "seconds", "CPU of both ends, s/GiB", "throughput of xfs over it")
    ratios = {name: paired(walls[name], walls["xfs"]) for name in walls}
    for name in walls:
        table.row(name, f"{median(walls[name]):.2f}", f"{median(cpus[name]) / gib:.2f}",
                  f"{ratios[name]:.2f} x" if name != "xfs" else "")
    table.show()
    for name, goal in (("curl + nginx", 1.2), ("libtorrent v2", 3)):
        if name in ratios:
            at_least(f"throughput over {name}", ratios[name], goal)
    at_most("CPU of both ends", median(cpus["xfs"]) / gib, 1.9, "s/GiB")


def bench_find(context: Context) -> None:
    title("find: round trip to an idle tracker that knows 100000 names")
    program = context.program("xfs-bench-find")
    figures = [json.loads(subprocess.run([program], check=True, capture_output=True).stdout)
               for _ in range(context.rounds(5))]
    at_most("p50", median([f["p50_us"] for f in figures]), 1000, "us", 0)
    print(f"- p99: {median([f['p99_us'] for f in figures]):.0f} us")
