"""What every benchmark is given: where the programs are, where it may write, what was asked for."""
from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from lib.processes import Missing

MIB = 1 << 20
GIB = 1 << 30
BUILD = "cmake --preset release && cmake --build --preset release -j 2"


@dataclass(frozen=True)
class Context:
    programs: Path  # holds xfs-peer and xfs-tracker
    work: Path  # in memory, and gone at the end
    keep: Path | None  # where logs are kept, and then they are verbose
    options: argparse.Namespace
    logs: set[Path] = field(default_factory=set)  # begun by this run

    def program(self, name: str) -> Path:
        path = self.programs / name
        if not path.exists():
            raise Missing(f"{path} is not built; run: {BUILD}")
        return path

    def rounds(self, usual: int) -> int:
        return self.options.rounds or usual

    def log(self, name: str) -> Path:
        """Where the stderr of a program goes, after what others of that name said in this run."""
        log = (self.keep or self.work / "logs") / f"{name}.log"
        if log not in self.logs:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_bytes(b"")
            self.logs.add(log)
        return log

    def directory(self, name: str) -> Path:
        """An empty directory."""
        return emptied(self.work / name)

    def need_room(self, size: int) -> None:
        free = self.free_bytes()
        if free < size:
            raise Missing(f"needs {size / GIB:.1f} GiB in {self.work.parent}, "
                          f"{free / GIB:.1f} GiB are free")

    def warm_memory(self, size: int) -> None:
        """To be called before each run that writes so much: a virtual machine gets memory from its
        host when it first touches it, and may give it back after a while. Whoever happened to be
        the first to write would be measured with that."""
        self.need_room(size)
        warm = self.work / "warm"
        block = bytes(MIB)
        with open(warm, "wb") as out:
            for _ in range(size // MIB):
                out.write(block)
        warm.unlink()

    def free_bytes(self) -> int:
        """What may be written: files in memory take memory from those that are measured."""
        memory = next(int(line.split()[1]) * 1024
                      for line in Path("/proc/meminfo").read_text("ascii").splitlines()
                      if line.startswith("MemAvailable"))
        return min(shutil.disk_usage(self.work).free, memory * 3 // 4)


def emptied(directory: Path) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def random_file(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as out:
        for begin in range(0, size, MIB):
            out.write(os.urandom(min(MIB, size - begin)))
    return path


def parse_size(text: str) -> int:
    """Bytes: 64K, 100M, 1G (1024), or a plain number."""
    scale = {"K": 1 << 10, "M": MIB, "G": GIB}.get(text[-1:].upper())
    number = int(text[:-1] if scale else text) * (scale or 1)
    if number <= 0:
        raise ValueError(text)
    return number


def parse_rate(text: str) -> float:
    """Bits per second, of what tc calls 100mbit (1000)."""
    for suffix, scale in (("kbit", 1e3), ("mbit", 1e6), ("gbit", 1e9)):
        if text.endswith(suffix) and float(text[:-len(suffix)]) > 0:
            return float(text[:-len(suffix)]) * scale
    raise ValueError(text)


def rate(text: str) -> str:
    """For argparse: a rate that tc will take, as it stands."""
    parse_rate(text)
    return text


def machine() -> str:
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), "unknown processor")
    return (f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} x {model}, Linux "
            f"{platform.release()}, load {os.getloadavg()[0]:.1f}")


def progress(text: str) -> None:
    """Shows whoever waits that something goes on."""
    print(f"  {text}", file=sys.stderr, flush=True)
