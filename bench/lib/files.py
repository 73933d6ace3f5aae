"""Many small files: how long they take to fetch, and to be known again."""
from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lib.context import Context
from lib.others import rsync_daemon
from lib.processes import Failed, Missing, need, timed
from lib.report import Table, at_most, median, paired, skipped, title
from lib.xfs import Xfs

Fetch = Callable[[Path], tuple[float, float]]  # to a directory; wall and CPU seconds
FILES_PER_FOLDER = 1000


def bench_start(context: Context) -> None:
    count = context.options.files or 100_000
    title(f"start: a share of {count} unchanged files, known from the run before; "
          "beside find -printf")
    source = context.directory("source")
    make_files(source, count, 64)
    xfs = Xfs(context, "start")
    ours: list[float] = []
    theirs: list[float] = []
    cpus: list[float] = []
    with xfs.tracker():
        for _ in range(1 + context.rounds(5)):  # the first hashes
            begin = time.perf_counter()
            with xfs.peer("source", source, "--serve") as peer:
                peer.event("ready", patience=300)
                ours.append(time.perf_counter() - begin)
                cpus.append(peer.cpu())
                peer.stop()
            theirs.append(timed([need("find"), source, "-printf", r"%p %s %T@ %C@ %i\n"],
                                context.log("start-find"))[0])
    table = Table("program", "seconds", "CPU seconds")
    table.row("xfs-peer, until the tracker has the whole list", f"{median(ours[1:]):.2f}",
              f"{median(cpus[1:]):.2f}")
    table.row("find -printf", f"{median(theirs[1:]):.2f}", "")
    table.show()
    at_most("xfs over find", paired(ours[1:], theirs[1:]), 1.5)


def bench_small(context: Context) -> None:
    """In memory, nothing synced, by both."""
    count = context.options.files or 10_000
    title(f"small: {count} files of 4 KiB, memory to memory, --durability process")
    compare(context, count, lambda: context.directory("sink"), ["--durability", "process"], [])


def bench_durable(context: Context) -> None:
    """To a disk, everything synced, by both."""
    count = context.options.files or 10_000
    disk: Path = context.options.disk
    kind = file_system(disk)
    if kind in ("tmpfs", "ramfs"):
        raise Missing(f"{disk} is in memory; --disk names a directory that is not")
    title(f"durable: {count} files of 4 KiB, from memory to {kind}, --durability power")
    with tempfile.TemporaryDirectory(prefix="xfs-bench-", dir=disk) as work:
        number = 0

        def sink() -> Path:
            nonlocal number
            number += 1
            directory = Path(work) / str(number)
            directory.mkdir()
            os.sync()  # what was written before is not to be waited for
            return directory

        compare(context, count, sink, ["--durability", "power"], ["--fsync"])


def compare(context: Context, count: int, new_sink: Callable[[], Path], xfs_options: list[str],
            rsync_options: list[str]) -> None:
    """In each round one after the other; the first warms up."""
    source = context.directory("source")
    make_files(source / "dir", count, 4096)
    walls: dict[str, list[float]] = {}
    cpus: dict[str, list[float]] = {}
    with contextlib.ExitStack() as stack:
        fetches = {"xfs": fetch_by_xfs(context, stack, source, xfs_options)}
        try:
            fetches["rsync -rW"] = fetch_by_rsync(context, stack, source, rsync_options)
        except Missing as missing:
            skipped("rsync", missing)
        for counted in [False] + [True] * context.rounds(5):
            for name, fetch in fetches.items():
                sink = new_sink()
                wall, cpu = fetch(sink)
                if subprocess.run(["diff", "-rq", source, sink], check=False).returncode:
                    raise Failed(f"{name} delivered other files")
                if counted:
                    walls.setdefault(name, []).append(wall)
                    cpus.setdefault(name, []).append(cpu)
    show(walls, cpus)


def fetch_by_xfs(context: Context, stack: contextlib.ExitStack, source: Path,
                 options: list[str]) -> Fetch:
    xfs = Xfs(context, "small")
    stack.enter_context(xfs.tracker())
    stack.enter_context(xfs.peer("source", source)).ready()
    return lambda sink: timed(xfs.fetch_command("dir/**", sink, *options),
                              context.log("small-xfs"))


def fetch_by_rsync(context: Context, stack: contextlib.ExitStack, source: Path,
                   options: list[str]) -> Fetch:
    daemon = stack.enter_context(rsync_daemon(context, source))
    return lambda sink: timed(["rsync", "-rW", *options, f"rsync://{daemon.address}/m/", sink],
                              context.log("small-rsync"))


def show(walls: dict[str, list[float]], cpus: dict[str, list[float]]) -> None:
    table = Table("system", "seconds", "CPU of the sink, s")
    for name, seconds in walls.items():
        table.row(name, f"{median(seconds):.2f}", f"{median(cpus[name]):.2f}")
    table.show()
    if "rsync -rW" in walls:
        at_most("xfs over rsync", paired(walls["xfs"], walls["rsync -rW"]), 1.3)


def make_files(directory: Path, count: int, size: int) -> None:
    for i in range(count):
        folder = directory / f"{i // FILES_PER_FOLDER:03}"
        if i % FILES_PER_FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"f{i:06}").write_bytes(os.urandom(size))


def file_system(directory: Path) -> str:
    return subprocess.run(["findmnt", "-no", "FSTYPE", "-T", directory], check=True,
                          capture_output=True, text=True).stdout.strip()
