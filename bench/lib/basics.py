"""The benchmarks without a network: one source, many files, a start, a question."""
from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lib.context import GIB, MIB, Context, random_file
from lib.others import Torrent, nginx, rsync_daemon
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


def bench_start(context: Context, count: int = 100_000) -> None:
    title(f"start: a share of {count} unchanged files, known from the run before")
    source = context.directory("source")
    for i in range(count):
        folder = source / f"{i // 1000:03}"
        if i % 1000 == 0:
            folder.mkdir()
        (folder / f"f{i:06}").write_bytes(os.urandom(64))
    xfs = Xfs(context, "start")
    seconds = []
    with xfs.tracker():
        for _ in range(1 + context.rounds(5)):
            begin = time.perf_counter()
            with xfs.peer("source", source, "--serve") as peer:
                peer.event("ready", patience=120)
                seconds.append(time.perf_counter() - begin)
                peer.stop()
    at_most("until the tracker has the whole list", median(seconds[1:]), 2, "s")  # 0: it hashes


def bench_small(context: Context, count: int = 10_000) -> None:
    title(f"small: {count} files of 4 KiB")
    source = context.directory("source")
    flat = source / "dir"
    flat.mkdir()
    for i in range(count):
        (flat / f"f{i:06}").write_bytes(os.urandom(4096))
    ours: list[float] = []
    theirs: list[float] = []
    with contextlib.ExitStack() as stack:
        daemon: Any = None
        try:
            daemon = stack.enter_context(rsync_daemon(context, source))
        except Missing as missing:
            skipped("rsync", missing)
        xfs = Xfs(context, "small")
        stack.enter_context(xfs.tracker())
        stack.enter_context(xfs.peer("source", source)).ready()
        for _ in range(1 + context.rounds(5)):
            sink = context.directory("sink")
            ours.append(timed(xfs.fetch_command("dir/*", sink), context.log("small-xfs"))[0])
            if subprocess.run(["diff", "-rq", source, sink], check=False).returncode:
                raise Failed("xfs delivered other files")
            if daemon:
                sink = context.directory("sink")
                theirs.append(timed(["rsync", "-rW", f"rsync://{daemon.address}/m/dir/", sink],
                                    context.log("small-rsync"))[0])
    show_small(ours[1:], theirs[1:])


def show_small(ours: list[float], theirs: list[float]) -> None:
    table = Table("system", "seconds")
    table.row("xfs", f"{median(ours):.2f}")
    if theirs:
        table.row("rsync -rW from a daemon", f"{median(theirs):.2f}")
    table.show()
    if theirs:
        at_most("xfs over rsync", paired(ours, theirs), 2)


def bench_find(context: Context) -> None:
    title("find: round trip to an idle tracker that knows 100000 names")
    program = context.programs / "xfs-bench-find"
    if not program.exists():
        raise Missing(f"{program} is not built")
    figures = [json.loads(subprocess.run([program], check=True, capture_output=True).stdout)
               for _ in range(context.rounds(5))]
    at_most("p50", median([f["p50_us"] for f in figures]), 1000, "us", 0)
    print(f"- p99: {median([f['p99_us'] for f in figures]):.0f} us")
