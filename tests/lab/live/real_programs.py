#!/usr/bin/env python3
"""real_programs.py XFS-LAB live|netns

Runs small experiments with real peers, and looks at what they leave: results, and nothing else. Ends with
77 where networks cannot be made.
"""
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIPPED = 77
PATIENCE = 100  # seconds
EXPERIMENT = """name = "real"
seeds = 1
stop = "60s"
[[peers]]
name = "seed"
role = "seed"
up = "{up}"
down = "100MB/s"
labels = "rack=1"
[[peers]]
name = "early"
up = "8MB/s"
down = "16MB/s"
rack = 1
[[peers]]
name = "late"
up = "8MB/s"
down = "16MB/s"
arrives = "300ms"
policy = "random"
[network]
latency = "2ms"
[content]
size = "{size}M"
[[policy]]
name = "usual"
[[policy]]
name = "others"
select = "leastload"
chunk-order = "sequential"
upload-choice = "longestfirst"
handout = "anysource"
"""


def check(right, what):
    if not right:
        sys.exit(f"FAILED: {what}")


def skip_without_networks():
    probe = subprocess.run(["unshare", "--net", "ip", "link", "add", "br0", "type", "bridge"],
                           capture_output=True, check=False)
    if os.geteuid() != 0 or probe.returncode != 0:
        print("SKIPPED: no network namespaces here; run it as root")
        sys.exit(SKIPPED)


class Bench:
    def __init__(self, lab, where, folder):
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir()
        self._lab = lab
        self._where = where

    def experiment(self, name, size=8, up="8MB/s", more=""):
        file = self.folder / f"{name}.toml"
        file.write_text(EXPERIMENT.format(size=size, up=up) + more, encoding="utf-8")
        return file

    def command(self, file):
        return [self._lab, "run", str(file), f"--{self._where}", "--memory-limit", "0", "--work-dir",
                str(self.work)]

    def run(self, file):
        return subprocess.run(self.command(file), capture_output=True, text=True, timeout=PATIENCE,
                              check=False)

    def programs(self):
        """Processes whose files are in our folder."""
        found = []
        for process in Path("/proc").iterdir():
            try:
                if (process / "cwd").readlink().is_relative_to(self.work):
                    found.append(process.name)
            except OSError:
                continue  # no process, or gone
        return found

    def expect_nothing_left(self):
        check(not self.programs(), f"these are left: {self.programs()}")
        check(not list(self.work.iterdir()), f"these files are left: {list(self.work.iterdir())}")


def rows_of(results):
    with (results / "results.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def a_whole_experiment(bench, where):
    done = bench.run(bench.experiment("whole"))
    check(done.returncode == 0, f"ended with {done.returncode}: {done.stdout}{done.stderr}")
    check(done.stderr.count("Latency is what the peers add") == 1, f"said once: {done.stderr}")
    results = bench.folder / "whole.results"
    rows = rows_of(results)
    check(len(rows) == 6, f"each peer of each policy has a row: {rows}")
    for row in rows:
        check(not row["failure"], f"nobody has failed: {row}")
        if row["group"] == "seed":
            check(int(row["bytes_up"]) >= 8 << 20, f"the seed has sent it once: {row}")
            continue
        first, end = float(row["first_chunk_s"]), float(row["completed_s"])
        half, most = float(row["half_s"]), float(row["three_quarters_s"])
        check(float(row["arrived_s"]) < first <= half <= most <= end, f"times follow one another: {row}")
        check(int(row["bytes_down"]) == 8 << 20, f"all has come: {row}")
        check(0.9 < end < 30, f"8 MiB at 8 MiB/s: {row}")
    summary = json.loads((results / "summary.json").read_text())
    check(summary["where"] == where, "the summary says where it ran")
    check(any("Latency" in note for note in summary["notes"]), "it has what was said")
    for policy in summary["policies"]:
        run = policy["runs"][0]
        check(sum(run["bytes_by_step"]) == 16 << 20, f"all that two sinks stored is in the rates: {run}")
        check(run["regret"] > 0.95 and 0 < run["busy"] <= 1, f"there are figures: {run}")
        ways = {(way["from"], way["to"]) for way in policy["bytes_between_racks"]}
        check((0, 1) in ways, f"what goes between racks is counted: {ways}")
    check("live: real programs" in (results / "report.html").read_text(), "the report says so")
    bench.expect_nothing_left()


def churn(bench):
    """All who have the file leave, and are counted; who crashes before is not."""
    done = bench.run(bench.experiment("leaving", size=4, more="[churn]\nleave = 1\n"))
    check(done.returncode == 0, f"ended with {done.returncode}: {done.stdout}{done.stderr}")
    done = bench.run(bench.experiment("crashing", size=64, more="[churn]\ncrash = 1000\n"))
    check(done.returncode == 0, f"ended with {done.returncode}: {done.stdout}{done.stderr}")
    for row in rows_of(bench.folder / "crashing.results"):
        check((row["failure"] == "crashed") == (row["group"] != "seed"), f"sinks have crashed: {row}")
    bench.expect_nothing_left()


def what_is_refused(bench):
    done = bench.run(bench.experiment("strange", more='[[policy]]\nname = "p"\nselect = "nosuch"\n'))
    check(done.returncode == 11, f"ended with {done.returncode}: {done.stderr}")
    check("[[policy]] p: " in done.stderr, f"it is told which: {done.stderr}")
    lies = bench.experiment("lies")
    lies.write_text(lies.read_text().replace('labels = "rack=1"', 'conduct = "lies"'))
    done = bench.run(lies)
    check(done.returncode == 2, f"ended with {done.returncode}: {done.stderr}")
    check("lies.toml:9: [[peers]] conduct: " in done.stderr, f"it is told where: {done.stderr}")
    check("--sim" in done.stderr, f"and what to do: {done.stderr}")
    bench.expect_nothing_left()


def networks_without_root(bench):
    """As somebody who has no rights, where there can be one."""
    nobody = ["unshare", "--user"]
    if subprocess.run([*nobody, "true"], capture_output=True, check=False).returncode != 0:
        return
    command = [word.replace("--live", "--netns") for word in bench.command(bench.experiment("mine"))]
    done = subprocess.run([*nobody, *command], capture_output=True, text=True, timeout=PATIENCE,
                          check=False)
    check(done.returncode == 2, f"ended with {done.returncode}: {done.stderr}")
    check("--netns needs root" in done.stderr, f"it is told why: {done.stderr}")
    bench.expect_nothing_left()


def an_interrupt(bench):
    """Once peers are there Ctrl-C ends them all, and takes their files away."""
    process = subprocess.Popen(bench.command(bench.experiment("long", size=64, up="1MB/s")),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + PATIENCE
        while len(bench.programs()) < 4:
            check(time.monotonic() < deadline and process.poll() is None, "in vain waited for peers")
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    check(process.returncode == 130, f"ended with {process.returncode}: {out}{err}")
    check(json.loads((bench.folder / "long.results" / "summary.json").read_text())["interrupted"],
          "the summary says that it was ended early")
    bench.expect_nothing_left()


def wait_for(bench, condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        check(time.monotonic() < deadline, f"in vain waited for {what}")
        time.sleep(0.02)


def a_kill(bench):
    """What a killed run leaves ends, is no result, and is taken away by the next run."""
    process = subprocess.Popen(bench.command(bench.experiment("killed", size=64, up="1MB/s")),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(bench, lambda: len(bench.programs()) >= 4, "peers")
    finally:
        process.kill()
        process.wait()
    wait_for(bench, lambda: not bench.programs(), "the end of the peers")
    check(len(list(bench.work.iterdir())) == 1, "it has left its folder")
    done = bench.run(bench.experiment("killed", size=1))
    check(done.returncode == 0, f"ended with {done.returncode}: {done.stdout}{done.stderr}")
    check("what a run had left that was killed is removed" in done.stderr, f"it says so: {done.stderr}")
    check("a run that was killed has left this folder unfinished" in done.stderr,
          f"of the results, too: {done.stderr}")
    check(len(rows_of(bench.folder / "killed.results")) == 6, "there are the new results")
    bench.expect_nothing_left()


def a_time_limit(bench):
    file = bench.experiment("slow", size=64, up="1MB/s")
    done = subprocess.run([*bench.command(file), "--time-limit", "2s"], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    check(done.returncode == 1, f"ended with {done.returncode}: {done.stderr}")
    check("took longer than --time-limit" in done.stdout, f"it is told why: {done.stdout}")
    bench.expect_nothing_left()


def main():
    lab, where = sys.argv[1:]
    if where == "netns":
        skip_without_networks()
    with tempfile.TemporaryDirectory(prefix="xfs-lab-real-") as folder:
        bench = Bench(lab, where, Path(folder))
        a_whole_experiment(bench, where)
        if where == "live":
            churn(bench)
            what_is_refused(bench)
            networks_without_root(bench)
            an_interrupt(bench)
            a_kill(bench)
            a_time_limit(bench)
    print("real programs do what the experiment says")


main()
