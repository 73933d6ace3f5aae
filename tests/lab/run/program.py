#!/usr/bin/env python3
"""program.py XFS-LAB

What whoever types xfs-lab sees: exit codes, what is refused, and how it ends early.
"""
import json
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PATIENCE = 60  # seconds
EXPERIMENT = """name = "small"
seeds = {seeds}
[[peers]]
role = "seed"
up = "10MB/s"
down = "10MB/s"
[[peers]]
count = {sinks}
up = "10MB/s"
down = "10MB/s"
[content]
size = "8M"
"""


def check(right, what):
    if not right:
        sys.exit(f"FAILED: {what}")


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)


def expect(done, code, said):
    check(done.returncode == code, f"{done.args} ended with {done.returncode}, not {code}: "
                                   f"{done.stdout}{done.stderr}")
    check(said in done.stdout + done.stderr, f"{done.args} has not said '{said}', but: "
                                             f"{done.stdout}{done.stderr}")


def experiment(folder, name, seeds, sinks):
    file = folder / f"{name}.toml"
    file.write_text(EXPERIMENT.format(seeds=seeds, sinks=sinks), encoding="utf-8")
    return file


def results_and_comparisons(lab, folder):
    small = experiment(folder, "small", 6, 2)
    usual = (lab, "run", small, "--sim", "--memory-limit", "0")
    expect(run(*usual), 0, "results in")
    check((folder / "small.results" / "report.html").exists(), "the folder is named after the file")
    expect(run(*usual), 2, "is not empty; name another folder with --out, or write over it with --force")
    expect(run(*usual, "--force"), 0, "default")
    expect(run(*usual, "--out", folder / "b", "--jobs", "1"), 0, "results in")
    expect(run(lab, "compare", folder / "small.results", folder / "b"), 0, "makespan: not shown")
    other = experiment(folder, "other", 6, 3)
    expect(run(lab, "run", other, "--sim", "--memory-limit", "0"), 0, "results in")
    expect(run(lab, "compare", folder / "b", folder / "other.results"), 2, "different experiments")
    expect(run(lab, "compare", folder / "b", folder / "none"), 9, "cannot be read: No such file")


def refusals(lab, folder):
    small = folder / "small.toml"
    expect(run(lab), 2, "subcommand")
    expect(run(lab, "--version"), 0, "xfs-lab ")
    expect(run(lab, "run", small), 2, "write one of --sim, --live and --netns")
    expect(run(lab, "run", small, "--sim", "--live"), 2, "write one of --sim, --live and --netns")
    expect(run(lab, "run", small, "--live", "--jobs", "2"), 2, "--jobs: real programs run one")
    expect(run(lab, "run", small, "--sim", "--work-dir", "x"), 2, "--work-dir: belongs to --live")
    expect(run(lab, "run", folder / "none.toml", "--sim"), 9, "cannot be read: No such file")
    expect(run(lab, "run", small, "--sim", "--jobs", "0"), 2, "--jobs")
    expect(run(lab, "run", small, "--sim", "--time-limit", "0"), 2, "--time-limit: must be more than 0")
    expect(run(lab, "run", small, "--sim", "--memory-limit", "much"), 2, "--memory-limit: 'much' is no")
    bad = folder / "bad.toml"
    bad.write_text("nam = 1\n", encoding="utf-8")
    expect(run(lab, "run", bad, "--sim"), 2, "bad.toml:1: ")
    bad.write_text(small.read_text() + '[[policy]]\nname = "p"\nselect = "nosuch"\n', encoding="utf-8")
    expect(run(lab, "run", bad, "--sim"), 11, "[[policy]] p: ")


def a_run_that_fails(lab, folder):
    """With a megabyte three thousand peers cannot run; the results say so all the same."""
    out = folder / "failed"
    large = experiment(folder, "large", 2, 3000)
    done = run(lab, "run", large, "--sim", "--memory-limit", "1M", "--out", out)
    expect(done, 1, "FAILED: default, seed 1: ")
    check("run: " in (out / "results.csv").read_text(), "a run that failed is in results.csv")
    check(len(json.loads((out / "summary.json").read_text())["policies"][0]["failed"]) == 2,
          "all runs have failed")


def read_until(fd, done):
    """What comes from a terminal until done(text)."""
    text = ""
    deadline = time.monotonic() + PATIENCE
    while not done(text):
        check(time.monotonic() < deadline, f"in vain waited for progress: {text[-200:]}")
        if select.select([fd], [], [], 1)[0]:
            text += os.read(fd, 4096).decode()
    return text


def an_interrupt(lab, folder):
    """Once a run is done Ctrl-C ends the others, and what is done is kept."""
    many = experiment(folder, "many", 1000, 60)
    ours, theirs = pty.openpty()
    process = subprocess.Popen([lab, "run", str(many), "--sim", "--memory-limit", "0"],
                               stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    try:
        text = read_until(ours, lambda text: " left" in text)
        check(" of 1000 runs, " in text, "progress is shown on a terminal")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    check(process.returncode == 130, f"ended with {process.returncode}")
    check("default" in out, "the table is shown")
    summary = json.loads((folder / "many.results" / "summary.json").read_text())
    check(summary["interrupted"], "the summary says that it was ended early")
    runs = summary["policies"][0]["runs"]
    check(0 < len(runs) < 1000, f"finished runs are kept: {len(runs)}")
    rows = (folder / "many.results" / "results.csv").read_text().splitlines()
    check(len(rows) == 1 + 61 * len(runs), "each of their peers has a row")


def a_kill(lab, folder):
    """What a run leaves that is killed is no result; the next one says so, and begins anew."""
    many = experiment(folder, "killed", 1000, 60)
    out = folder / "killed.results"
    ours, theirs = pty.openpty()
    process = subprocess.Popen([lab, "run", str(many), "--sim", "--memory-limit", "0"],
                               stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    try:
        read_until(ours, lambda text: " of 1000 runs" in text)
        expect(run(lab, "run", many, "--sim", "--force"), 2, "another xfs-lab is at work there")
        expect(run(lab, "compare", out, out), 2, "its run is still under way")
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    expect(run(lab, "compare", out, out), 2, "its run was killed before it was done; run it again")
    many = experiment(folder, "killed", 2, 2)
    expect(run(lab, "run", many, "--sim", "--memory-limit", "0"), 0,
           "a run that was killed has left this folder unfinished; it begins anew")
    check(sorted(file.name for file in out.iterdir()) ==
          ["report.html", "results.csv", "summary.json", "timings.csv"], "nothing else is left")


def main():
    lab = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="xfs-lab-program-") as folder:
        results_and_comparisons(lab, Path(folder))
        refusals(lab, Path(folder))
        a_run_that_fails(lab, Path(folder))
        an_interrupt(lab, Path(folder))
        a_kill(lab, Path(folder))
    print("the program does what it says")


main()
