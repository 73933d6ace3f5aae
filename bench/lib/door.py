"""Files read over HTTP while they come: how soon, how fast, and without a stall?"""
from __future__ import annotations

import contextlib
import http.client
import subprocess
import time
from pathlib import Path

from lib.context import GIB, MIB, Context, progress, random_file
from lib.processes import Failed, free_port, need, timed
from lib.report import at_least, at_most, median, paired, title
from lib.xfs import Xfs, XfsPeer

SMALL = 20  # files that are asked for one after the other
RATE = 4 * MIB  # of each slow source
PLAYED = 10_000_000  # bytes a second of whoever reads
FILM = 160 * MIB
SEEKS = (0.9, 0.3, 0.6, 0.15)  # of the film
SEEK_FILE = 256 * MIB
SEEK_CHUNK = 256 * 1024  # of a file of that size
STEP = 64 * 1024


class Door:
    """A peer with a door, which has nothing."""

    def __init__(self, context: Context, xfs: Xfs, name: str, stack: contextlib.ExitStack) -> None:
        self._port = free_port()
        self.directory = context.directory(f"door/{name}")
        self._peer = stack.enter_context(
            xfs.peer(name, self.directory, "--serve", "--http", str(self._port)))
        self._peer.event("ready", patience=60)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._port}/files/{name}"

    def open(self, name: str, begin: int = 0) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection.request("GET", f"/files/{name}", headers={"Range": f"bytes={begin}-"})
        answer = connection.getresponse()
        if answer.status != 206:
            raise Failed(f"HTTP {answer.status} for {name}")
        return answer

    def first_byte(self, name: str, begin: int = 0) -> float:
        """Seconds until it is there."""
        since = time.monotonic()
        with self.open(name, begin) as answer:
            answer.read(1)
            return time.monotonic() - since


def source(context: Context, xfs: Xfs, stack: contextlib.ExitStack, name: str, directory: Path,
           *options: str) -> XfsPeer:
    peer = stack.enter_context(xfs.peer(name, directory, *options))
    peer.ready()
    return peer


def bench_first(context: Context) -> None:
    with contextlib.ExitStack() as stack:
        xfs = Xfs(context, "door-first")
        stack.enter_context(xfs.tracker())
        share = context.directory("first")
        for i in range(SMALL):
            random_file(share / f"{i}.bin", 16 * MIB)
        source(context, xfs, stack, "source", share)
        door = Door(context, xfs, "first", stack)
        times = [door.first_byte(f"{i}.bin") for i in range(SMALL)]
    at_most("first byte of a file that is not here", median(times) * 1000, 50, "ms", 1)


def bench_throughput(context: Context) -> None:
    curl = need("curl")
    ours, theirs = [], []
    with contextlib.ExitStack() as stack:
        xfs = Xfs(context, "door-throughput")
        stack.enter_context(xfs.tracker())
        share = context.directory("throughput")
        random_file(share / "big.bin", GIB)
        source(context, xfs, stack, "source", share)
        for i in range(context.rounds(3)):
            progress(f"1 GiB, round {i + 1}")
            context.warm_memory(GIB)
            with contextlib.ExitStack() as inner:
                door = Door(context, xfs, f"door-{i}", inner)
                ours.append(timed([curl, "-sSf", "-o", "/dev/null", door.url("big.bin")],
                                  context.log("door-curl"))[0])
            context.directory(f"door/door-{i}")
            context.warm_memory(GIB)
            to = context.directory("plain")
            theirs.append(timed(xfs.fetch_command("big.bin", to), context.log("door-plain"))[0])
            context.directory("plain")
    at_least("1 GiB over the door, beside `download`", paired(theirs, ours), 0.9)
    print(f"  {GIB / MIB / median(ours):.0f} MiB/s, and {GIB / MIB / median(theirs):.0f} MiB/s")


def bench_seek(context: Context) -> None:
    with contextlib.ExitStack() as stack:
        xfs = Xfs(context, "door-seek")
        stack.enter_context(xfs.tracker())
        share = context.directory("seek")
        random_file(share / "film.bin", SEEK_FILE)
        source(context, xfs, stack, "source", share, "--max-upload-limit", str(RATE))
        door = Door(context, xfs, "seek", stack)
        playing = door.open("film.bin")
        playing.read(8 * MIB)  # so that the rate is known
        playing.close()  # as a player does that seeks
        times = []
        for part in SEEKS:
            times.append(door.first_byte("film.bin", int(part * SEEK_FILE)))
    chunk = SEEK_CHUNK / RATE
    at_most("first byte after a seek, in chunks' time", median(times) / chunk, 2, "chunks")
    print(f"  {', '.join(f'{t * 1000:.0f}' for t in times)} ms; a chunk takes {chunk * 1000:.0f} ms")


def play(answer: http.client.HTTPResponse, ahead: float) -> float:
    """Reads it as somebody does who watches, once so many seconds of it are there; how long it
    stood still then."""
    buffered = len(answer.read(int(PLAYED * ahead)))
    clock, stalled = time.monotonic(), 0.0
    while True:
        due = clock + (buffered - int(PLAYED * ahead)) / PLAYED
        time.sleep(max(0.0, due - time.monotonic()))
        some = answer.read(STEP)
        if not some:
            return stalled
        # It is late when what comes now should have been shown already.
        late = time.monotonic() - (clock + buffered / PLAYED)
        if late > 0:
            stalled += late
            clock += late
        buffered += len(some)


def bench_play(context: Context) -> None:
    with contextlib.ExitStack() as stack:
        xfs = Xfs(context, "door-play")
        stack.enter_context(xfs.tracker())
        shares = [context.directory(f"play/{i}") for i in range(4)]
        random_file(shares[0] / "film.bin", FILM)
        for i, share in enumerate(shares):
            if i > 0:
                subprocess.run(["cp", shares[0] / "film.bin", share], check=True)
            source(context, xfs, stack, f"source-{i}", share, "--max-upload-limit", str(RATE))
        door = Door(context, xfs, "play", stack)
        with door.open("film.bin") as answer:
            stalled = play(answer, 1.0)
    at_most("stood still while 10 MB/s were read from 4 x 4 MiB/s", stalled, 0, "s")


def bench_door(context: Context) -> None:
    title("A file read over HTTP while it comes")
    bench_first(context)
    bench_throughput(context)
    bench_seek(context)
    bench_play(context)
