"""One seed, many leechers, links of a given rate: how long until the last one has the file?"""
from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.context import GIB, MIB, Context, parse_rate, progress, random_file
from lib.network import Counters, Network, NetworkHost, need_network
from lib.others import Torrent, TorrentPeer, need_libtorrent
from lib.processes import Failed, Missing, Process, Usage
from lib.report import Table, at_most, median, paired, skipped, title
from lib.xfs import Xfs, XfsPeer

FILE = "f.bin"
Peer = XfsPeer | TorrentPeer


@dataclass(frozen=True)
class Scenario:
    """Rates are as tc takes them, and the same up and down."""

    seed_rate: str
    rates: tuple[str, ...]  # of the leechers
    size: int
    goal: float | None = None  # for the makespan, in bounds

    def bound(self) -> float:
        """The seconds that nothing can be faster than (Kumar and Ross): the seed must send the
        file once, the slowest leecher receive it, and all together send it to each."""
        bits = 8 * self.size
        rates = [parse_rate(r) for r in self.rates]
        seed = parse_rate(self.seed_rate)
        return max(bits / seed, bits / min(rates), len(rates) * bits / (seed + sum(rates)))

    def __str__(self) -> str:
        kinds = " + ".join(f"{self.rates.count(r)} x {r}" for r in dict.fromkeys(self.rates))
        seed = "" if set(self.rates) == {self.seed_rate} else f", seed {self.seed_rate}"
        return f"{kinds}{seed}, {self.size // MIB} MiB"

    def slug(self) -> str:
        return str(self).replace(" + ", "+").replace(", ", "-").replace(" ", "")


@dataclass(frozen=True)
class Outcome:
    """Of one run of one system."""

    seconds: list[float]  # of each leecher, from the common start
    seed_bytes: int  # as the seed says
    seed_link_bytes: int  # as its link says, without headers
    duplicate: float  # of the bytes that the leechers received, per byte of file
    cpu: float  # of all processes, from the common start
    peak_mib: float  # of the largest peer

    @property
    def makespan(self) -> float:
        return max(self.seconds)


@dataclass(frozen=True)
class Run:
    """One run: its hosts, its directories, and the end of all that is started for it."""

    context: Context
    label: str
    stack: contextlib.ExitStack
    network: Network
    seed_host: NetworkHost
    hosts: list[NetworkHost]
    source: Path
    sinks: list[Path]


@dataclass(frozen=True)
class Cast:
    """The processes of one system in one run."""

    others: Sequence[Process]  # what it needs besides peers
    seed: Peer
    leechers: Sequence[Peer]


System = Callable[[Run], Cast]


def start_xfs(run: Run) -> Cast:
    """The tracker is on a host of its own, whose link limits nothing."""
    xfs = Xfs(run.context, run.label)
    start = run.stack.enter_context
    tracker = start(xfs.tracker(host=run.network.host()))
    seed = start(xfs.peer("seed", run.source, host=run.seed_host))
    leechers = [start(xfs.peer(f"leecher{i}", sink, host=host))
                for i, (sink, host) in enumerate(zip(run.sinks, run.hosts))]
    return Cast([tracker], seed, leechers)


def start_libtorrent(run: Run) -> Cast:
    """Without a tracker: everybody knows everybody from the start."""
    torrent = Torrent(run.context, run.label, run.source / FILE)
    start = run.stack.enter_context
    everybody = [run.seed_host, *run.hosts]
    seed = start(torrent.seed(run.source, run.seed_host))
    leechers = [start(torrent.leech(sink, [torrent.address(h) for h in everybody if h != host],
                                    host)) for sink, host in zip(run.sinks, run.hosts)]
    return Cast([], seed, leechers)


@contextlib.contextmanager
def prepared(context: Context, scenario: Scenario, source: Path, label: str) -> Iterator[Run]:
    sinks = [context.directory(f"sinks/{i}") for i in range(len(scenario.rates))]
    try:
        with Network(context) as network, contextlib.ExitStack() as stack:
            seed_host = network.host(scenario.seed_rate)
            hosts = [network.host(rate) for rate in scenario.rates]
            yield Run(context, label, stack, network, seed_host, hosts, source, sinks)
    finally:
        shutil.rmtree(context.work / "sinks")


def measure(name: str, system: System, scenario: Scenario, run: Run) -> Outcome:
    cast = system(run)
    seed, leechers = cast.seed, cast.leechers
    everybody = [*leechers, seed, *cast.others]
    for peer in [seed, *leechers]:
        peer.ready()
    for process in everybody:
        process.mark()
    before = [host.counters() for host in [run.seed_host, *run.hosts]]
    begin = time.monotonic()
    for leecher in leechers:
        leecher.begin(FILE)
    patience = 30 + 20 * scenario.bound()
    ends = [leecher.finish(patience) for leecher in leechers]
    links = [host.counters() - b for host, b in zip([run.seed_host, *run.hosts], before)]
    seed_bytes = seed.bytes_sent()
    used = [process.stop() for process in everybody]
    for sink in run.sinks:
        if subprocess.run(["cmp", run.source / FILE, sink / FILE], check=False).returncode:
            raise Failed(f"{name} delivered other bytes")
    events = [event for _, files in ends for event in files]
    return outcome([at - begin for at, _ in ends], seed_bytes, links, events, used, scenario)


def outcome(seconds: list[float], seed_bytes: int, links: list[Counters], events: list[dict],
            used: list[Usage], scenario: Scenario) -> Outcome:
    if all("bytes_duplicate" in event for event in events):
        duplicate = sum(event["bytes_duplicate"] for event in events)
    else:  # what came over the links and is not the file; messages are in it
        duplicate = sum(link.received_payload - scenario.size for link in links[1:])
    return Outcome(seconds, seed_bytes, links[0].sent_payload,
                   duplicate / (len(seconds) * scenario.size), sum(u.cpu for u in used),
                   max(u.peak_mib for u in used))


Results = dict[str, list[Outcome]]


def run_scenario(context: Context, scenario: Scenario, systems: dict[str, System],
                 rounds: int) -> Results:
    """In each round the systems run one after the other."""
    context.need_room((len(scenario.rates) + 2) * scenario.size)
    source = context.directory("source")
    random_file(source / FILE, scenario.size)
    results: Results = {}
    for i in range(rounds):
        for name, system in systems.items():
            with prepared(context, scenario, source, f"{scenario.slug()}-{i + 1}") as run:
                one = measure(name, system, scenario, run)
            progress(f"{scenario}, round {i + 1}: {name} {one.makespan:.2f} s")
            results.setdefault(name, []).append(one)
    return results


def swarm_table() -> Table:
    return Table("swarm", "system", "makespan s", "x bound", "mean, fastest s",
                 "seed sent (its link), files", "duplicate %", "CPU s", "CPU s/GiB", "peak MiB",
                 "over libtorrent")


def add_rows(table: Table, scenario: Scenario, results: Results) -> None:
    def of(outcomes: list[Outcome], figure: Callable[[Outcome], float]) -> float:
        return median([figure(outcome) for outcome in outcomes])

    size, count = scenario.size, len(scenario.rates)
    for name, all_of in results.items():
        makespan = of(all_of, lambda o: o.makespan)
        cpu = of(all_of, lambda o: o.cpu)
        over = [f"{makespans_over(all_of, theirs):.2f} x"
                for other, theirs in results.items() if name == "xfs" and other != "xfs"]
        table.row(str(scenario), name, f"{makespan:.2f}", f"{makespan / scenario.bound():.2f}",
                  f"{of(all_of, lambda o: sum(o.seconds) / count):.2f}, "
                  f"{of(all_of, lambda o: min(o.seconds)):.2f}",
                  f"{of(all_of, lambda o: o.seed_bytes / size):.2f} "
                  f"({of(all_of, lambda o: o.seed_link_bytes / size):.2f})",
                  f"{of(all_of, lambda o: 100 * o.duplicate):.2f}", f"{cpu:.2f}",
                  f"{cpu * GIB / (count * size):.2f}",
                  f"{max(o.peak_mib for o in all_of):.0f}", *(over or [""]))


def makespans_over(ours: list[Outcome], theirs: list[Outcome]) -> float:
    return paired([o.makespan for o in ours], [t.makespan for t in theirs])


def run_scenarios(context: Context, scenarios: Sequence[Scenario]) -> None:
    need_network()
    systems: dict[str, System] = {"xfs": start_xfs}
    if context.options.peer == "libtorrent":
        try:
            need_libtorrent()
            systems[f"libtorrent {context.options.torrent}"] = start_libtorrent
        except Missing as missing:
            skipped("libtorrent", missing)
    all_results: dict[Scenario, Results] = {}
    table = swarm_table()
    try:
        for scenario in scenarios:
            all_results[scenario] = run_scenario(context, scenario, systems, context.rounds(3))
            add_rows(table, scenario, all_results[scenario])
    finally:  # what was measured before something failed
        table.show()
    for scenario, results in all_results.items():
        show_goals(scenario, results)


def show_goals(scenario: Scenario, results: Results) -> None:
    ours = results["xfs"]
    if scenario.goal:
        at_most(f"{scenario}: makespan over the bound",
                median([o.makespan for o in ours]) / scenario.bound(), scenario.goal)
    at_most(f"{scenario}: sent by the seed", median([o.seed_bytes / scenario.size for o in ours]),
            1.25, "files")
    at_most(f"{scenario}: duplicates", median([100 * o.duplicate for o in ours]), 1, "%")
    at_most(f"{scenario}: peak memory", max(o.peak_mib for o in ours), 128, "MiB", 0)
    for name, theirs in list(results.items())[1:]:
        at_most(f"{scenario}: makespan over {name}", makespans_over(ours, theirs), 1)
        at_most(f"{scenario}: CPU over {name}", paired([o.cpu for o in ours],
                                                       [t.cpu for t in theirs]), 0.5)


def bench_swarm(context: Context) -> None:
    """One scenario, from the command line."""
    options = context.options
    count = options.leechers
    rates = [options.rate] * count
    if options.slow_half:
        rates[:count // 2] = [options.slow_half] * (count // 2)
    if options.fast_half:
        rates[count // 2:] = [options.fast_half] * (count - count // 2)
    scenario = Scenario(options.rate, tuple(rates), options.size)
    title(f"swarm: {scenario}; bound {scenario.bound():.2f} s")
    run_scenarios(context, [scenario])


def bench_swarms(context: Context) -> None:
    """The scenarios that are compared from version to version."""
    title("swarms: until the last leecher has the file")
    run_scenarios(context, [
        Scenario("100mbit", ("100mbit",) * 8, 100 * MIB, 1.2),
        Scenario("100mbit", ("100mbit",) * 16, 100 * MIB, 1.25),
        Scenario("200mbit", ("200mbit",) * 8, 400 * MIB, 1.15),
        Scenario("100mbit", ("50mbit",) * 4 + ("200mbit",) * 4, 100 * MIB, 1.25)])
