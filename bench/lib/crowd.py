"""A tracker with thousands of peers, which xfs-bench-crowd plays."""
from __future__ import annotations

import json
import subprocess
from typing import Any

from lib.context import Context
from lib.processes import Failed, Process, popen
from lib.report import Table, at_most, median, title
from lib.xfs import Xfs

HOLDERS = (10, 100, 1000, 2000)


def bench_holders(context: Context) -> None:
    title("holders: a find, as a download asks it, of one name that many peers have")
    # Leases of a minute, so that heartbeats do not blur the figures.
    rounds = [play(context, "holders", ["200", *map(str, HOLDERS)], "--peer-ttl", "60s")
              for _ in range(context.rounds(5))]
    table = Table("holders", "tracker's CPU, us", "p50, us", "Pings")
    for i, count in enumerate(HOLDERS):
        table.row(str(count), *(f"{median([r[i][key] for r in rounds]):.{digits}f}"
                                for key, digits in (("cpu_us", 0), ("p50_us", 0), ("pings", 2))))
    table.show()
    at_most(f"tracker's CPU, {HOLDERS[-1]} holders", median([r[-2]["cpu_us"] for r in rounds]),
            100, "us", 0)
    killed = sum(r[-1]["killed"] for r in rounds)
    at_most(f"named, of {killed} holders that were killed 100 ms before",
            sum(r[-1]["named"] for r in rounds), 0, "", 0)


def bench_heartbeats(context: Context) -> None:
    peers = context.options.peers
    title(f"heartbeats: {peers} peers with 10 files each, and nothing else to do")
    rounds = [play(context, "heartbeats", [str(peers), "10"])[0]
              for _ in range(context.rounds(3))]
    if any(r["lost"] for r in rounds):
        raise Failed("the tracker lost peers")
    at_most("tracker's CPU, of one core", median([r["core_percent"] for r in rounds]), 25, "%", 1)
    mib = median([r["kib"] for r in rounds]) / 1024
    print(f"- tracker's memory: {mib:.0f} MiB, {median([r['empty_kib'] for r in rounds]) / 1024:.0f}"
          f" MiB before they came; {mib * 1024 / peers:.0f} KiB for each")


def bench_finds(context: Context) -> None:
    title("finds: 8 clients with 32 questions in flight each, of 100000 names in random order")
    rounds = [r for _ in range(context.rounds(3))
              for r in play(context, "finds", ["100000", "3"])]
    at_most("tracker's CPU for each", median([r["cpu_us"] for r in rounds]), 6, "us")
    print(f"- finds per second: {median([r['finds_per_s'] for r in rounds]):.0f}")
    floor = [r for _ in range(context.rounds(3)) for r in ask_floor(context, ["100000", "3"])]
    print(f"- what libzmq alone takes, with a socket that answers and knows nothing: "
          f"{median([r['cpu_us'] for r in floor]):.2f} us")


def play(context: Context, what: str, numbers: list[str], *options: str) -> list[dict[str, Any]]:
    """What xfs-bench-crowd says of a tracker that was started for it."""
    xfs = Xfs(context, what)
    with xfs.tracker("-q", *options) as tracker:
        return crowd_at(context, what, xfs.address, tracker.pid, numbers)


def ask_floor(context: Context, numbers: list[str]) -> list[dict[str, Any]]:
    """The same questions as of a tracker, to a socket."""
    log = context.log("finds-floor")
    with Process([context.program("xfs-bench-finds-floor")], log, ends_with_stdin=False) as floor:
        address = floor.line("ready on ")[1].split("tcp://")[1].strip()
        return crowd_at(context, "asks", address, floor.pid, numbers)


def crowd_at(context: Context, what: str, address: str, pid: int,
             numbers: list[str]) -> list[dict[str, Any]]:
    program = context.program("xfs-bench-crowd")
    log = context.log(f"{what}-crowd")
    with open(log, "ab") as errors:
        crowd = popen([program, what, address, pid, *numbers],
                      stdout=subprocess.PIPE, stderr=errors)
        lines, _ = crowd.communicate(timeout=300)
    if crowd.returncode != 0:
        raise Failed(f"{program.name}: {log.read_text('utf-8').strip()}")
    return [json.loads(line) for line in lines.splitlines()]
