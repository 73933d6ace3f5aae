"""Do several sources with slow links add up at a sink with a fast one?"""
from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.context import MIB, Context, progress, random_file
from lib.network import Host, Network, need_network
from lib.others import Torrent, need_libtorrent, nginx
from lib.processes import Failed, Missing, need, timed
from lib.report import Table, at_least, median, paired, skipped, title
from lib.xfs import Xfs

FILE = "f.bin"
COUNT = 4
SOURCE_RATE = "100mbit"
SINK_RATE = "1gbit"


@dataclass(frozen=True)
class Place:
    """A fresh network, one for each measurement."""

    context: Context
    label: str
    stack: contextlib.ExitStack
    network: Network
    sources: Sequence[Host]
    sink: Host
    directory: Path  # of the sources
    target: Path  # of the sink


Fetch = Callable[[Place], float]  # seconds, from all the place's sources


def fetch_xfs(place: Place) -> float:
    """From the command to the answer; what runs, runs already."""
    xfs = Xfs(place.context, place.label)
    start = place.stack.enter_context
    start(xfs.tracker(host=place.network.host()))
    for i, host in enumerate(place.sources):
        start(xfs.peer(f"source{i}", place.directory, host=host)).ready()
    sink = start(xfs.peer("sink", place.target, host=place.sink))
    sink.ready()
    begin = time.monotonic()
    sink.begin(FILE)
    return sink.finish(patience=300)[0] - begin


def fetch_libtorrent(place: Place) -> float:
    torrent = Torrent(place.context, place.label, place.directory / FILE)
    start = place.stack.enter_context
    for host in place.sources:
        start(torrent.seed(place.directory, host)).ready()
    peers = [torrent.address(host) for host in place.sources]
    sink = start(torrent.leech(place.target, peers, place.sink))
    sink.ready()
    begin = time.monotonic()
    sink.begin()
    return sink.finish(patience=300)[0] - begin


def fetch_aria2(place: Place) -> float:
    """The whole program, which starts in a few hundredths of a second."""
    for host in place.sources:
        place.stack.enter_context(nginx(place.context, place.directory, host))
    count = len(place.sources)
    command = [*place.sink.prefix, need("aria2c"), "-q", "--no-conf", "--file-allocation=none",
               f"-x{count}", f"-s{count}", "-k1M", "-d", place.target, "-o", FILE,
               *(f"http://{host.ip}/{FILE}" for host in place.sources)]
    return timed(command, place.context.log(f"{place.label}-aria2"))[0]


def available() -> dict[str, Fetch]:
    systems: dict[str, Fetch] = {"xfs": fetch_xfs}

    def aria2() -> None:
        need("aria2c")
        need("nginx")

    for name, check, fetch in (("libtorrent", need_libtorrent, fetch_libtorrent),
                               ("aria2 + nginx", aria2, fetch_aria2)):
        try:
            check()
            systems[name] = fetch
        except Missing as missing:
            skipped(name, missing)
    return systems


def measure(context: Context, fetch: Fetch, directory: Path, count: int, label: str) -> float:
    target = context.directory("sink")
    with Network(context) as network, contextlib.ExitStack() as stack:
        hosts = [network.host(SOURCE_RATE) for _ in range(count)]
        sink = network.host(SINK_RATE)
        seconds = fetch(Place(context, label, stack, network, hosts, sink, directory, target))
    if subprocess.run(["cmp", directory / FILE, target / FILE], check=False).returncode:
        raise Failed("other bytes were delivered")
    return seconds


def bench_sources(context: Context) -> None:
    size = context.options.size
    title(f"sources: {size // MIB} MiB from {COUNT} sources with {SOURCE_RATE} each to a sink with "
          f"{SINK_RATE}")
    need_network()
    context.need_room(3 * size)
    directory = context.directory("source")
    random_file(directory / FILE, size)
    systems = available()
    one: dict[str, list[float]] = {name: [] for name in systems}
    all_: dict[str, list[float]] = {name: [] for name in systems}
    for i in range(context.rounds(3)):
        for name, fetch in systems.items():
            for count, seconds in ((1, one[name]), (COUNT, all_[name])):
                label = f"sources-{count}-{i + 1}"
                seconds.append(measure(context, fetch, directory, count, label))
                progress(f"round {i + 1}: {name} from {count}: {seconds[-1]:.2f} s")
    show(size, one, all_)


def show(size: int, one: dict[str, list[float]], all_: dict[str, list[float]]) -> None:
    def mbit(seconds: Sequence[float]) -> str:
        return f"{8 * size / 1e6 / median(seconds):.0f}"

    table = Table("system", "1 source, Mbit/s", f"{COUNT} sources, Mbit/s", "ratio",
                  f"xfs over it, {COUNT} sources")
    for name in one:
        table.row(name, mbit(one[name]), mbit(all_[name]),
                  f"{paired(one[name], all_[name]):.2f} x",
                  f"{paired(all_[name], all_['xfs']):.2f} x" if name != "xfs" else "")
    table.show()
    at_least(f"{COUNT} sources over one", paired(one["xfs"], all_["xfs"]), 3.7)
    for name in list(one)[1:]:
        at_least(f"{COUNT} sources, throughput over {name}", paired(all_[name], all_["xfs"]), 1)
