"""Experiments of xfs-lab whose policies are classes of this program, compared with those of the experiment.

    class Nearest:
        def pick(self, request, sources, rng):
            return min(range(len(sources)), key=lambda i: sources[i].latency_ms)

    results = xfsbus.lab.run("thin-racks.toml", {"nearest": Nearest})
    print(results.text)
"""
from __future__ import annotations

import csv
import inspect
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Union

from ._library import from_here
from .errors import UsageError, error_of

try:
    from ._where import LAB
except ImportError:
    LAB = ""

__all__ = ["Results", "run"]

PathLike = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Results:
    """What an experiment comes to; docs/LAB.md says what the files of its folder have."""

    folder: Path
    text: str  #: the table for a terminal, and what decisions took
    summary: dict[str, Any]  #: what summary.json says
    decision_us: dict[str, float]  #: what a decision of each policy took, in microseconds; the mean of all runs


def run(experiment: PathLike, policies: Mapping[str, type], *, out: PathLike | None = None,
        force: bool = False, jobs: int | None = None, memory_limit: int | None = None) -> Results:
    """Simulates an experiment with its own policies and with these classes, by the names that they are given.

    experiment: a file as docs/LAB.md has it.
    policies: classes with the methods of xfsbus.policy.Selection. Each stands at the top level of a file,
        which is run again by a Python beside each run: a class sees nothing of this program. What is not to
        be run again there stands below `if __name__ == "__main__":`.
    out: the folder for the results; None: the experiment's name, with the ending .results.
    force: write over results that are there.
    jobs: so many runs at once; None: as many as there are processors.
    memory_limit: bytes of addresses that each process of a run may have; 0: any number; None: 4 GiB.

    The results are the same each time, but for what decisions took. XfsError: it cannot be run, or a run has
    failed, as it does when a policy raises something; with what xfs-lab says of it.
    """
    command = [_program(), "run", os.fspath(experiment), "--sim"]
    for name, made in policies.items():
        command += ["--policy", f"{name}={_spec_of(made)}"]
    command += ["--out", os.fspath(out)] if out is not None else []
    command += ["--force"] if force else []
    command += ["--jobs", str(jobs)] if jobs is not None else []
    command += ["--memory-limit", str(memory_limit)] if memory_limit is not None else []
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode != 0:
        raise error_of(done.returncode, done.stderr + done.stdout)
    folder = Path(out) if out is not None else Path(experiment).with_suffix(".results")
    return Results(folder, done.stdout, json.loads((folder / "summary.json").read_text("utf-8")),
                   _costs(folder / "timings.csv"))


def _program() -> str:
    """xfs-lab: the one that was installed with this package, or the one that is found."""
    installed = from_here(LAB) if LAB else ""
    found = installed if os.access(installed, os.X_OK) else shutil.which("xfs-lab")
    if not found:
        raise UsageError("xfs-lab is not installed where programs are found")
    return found


def _spec_of(made: type) -> str:
    """The plug-in that runs a class."""
    if not isinstance(made, type) or "." in made.__qualname__:
        raise UsageError(f"{made!r} is no class that stands at the top level of a file")
    try:
        file = os.path.abspath(inspect.getfile(made))
    except (TypeError, OSError):
        file = ""
    if not os.path.isfile(file):
        raise UsageError(f"{made!r} does not stand in a file, as what is typed at a prompt")
    if "," in file + sys.executable:
        raise UsageError(f"a path of {made!r} has a comma in it, which a plug-in's parameter cannot have")
    return f"python:file={file},class={made.__qualname__},interpreter={sys.executable}"


def _costs(timings: Path) -> dict[str, float]:
    spent: defaultdict[str, float] = defaultdict(float)
    made: defaultdict[str, int] = defaultdict(int)
    with open(timings, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name = f"{row['policy']} {row['parameters']}".strip()
            made[name] += int(row["decisions"] or 0)
            spent[name] += float(row["decision_us"] or 0) * int(row["decisions"] or 0)
    return {name: spent[name] / count for name, count in made.items() if count}
