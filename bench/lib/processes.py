"""Programs that are measured: started, talked to, and ended with what they used."""
from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TextIO, cast

TICKS = os.sysconf("SC_CLK_TCK")


class Missing(Exception):
    """What a benchmark needs is not there; it is skipped."""


class Failed(Exception):
    """A program did not do what it should; there is nothing to measure."""


@dataclass(frozen=True)
class Usage:
    cpu: float  # seconds, user and system, since mark()
    peak_mib: float


def need(program: str) -> str:
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if not path:
        raise Missing(f"{program} is not installed")
    return path


def cpu_of(pid: int) -> float:
    """CPU seconds that a running process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def popen(command: Sequence[object], **options: Any) -> subprocess.Popen[str]:
    """A child that ends when this program does, however that ends. Ctrl-C is for us alone."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *map(str, command)],
                            text=True, start_new_session=True, **options)


def reap_if_ended(process: subprocess.Popen[str], flags: int = os.WNOHANG) -> float | None:
    """The CPU seconds of an ended child; None while it runs."""
    pid, status, usage = os.wait4(process.pid, flags)
    if pid == 0:
        return None
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def reap(process: subprocess.Popen[str]) -> float:
    """Waits for the end of a child; its CPU seconds."""
    cpu = reap_if_ended(process, flags=0)
    assert cpu is not None
    return cpu


def failure(what: str, log: Path) -> Failed:
    """With the end of what the program had to say."""
    tail = log.read_text("utf-8", "replace").splitlines()[-5:]
    return Failed("\n    ".join([what, *tail]))


def timed(command: Sequence[object], log: Path, text: str = "") -> tuple[float, float]:
    """Runs a command that reads `text`; returns its wall seconds and its CPU seconds."""
    begin = time.perf_counter()
    with open(log, "ab") as errors:
        process = popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors)
    try:
        stdin = cast(TextIO, process.stdin)
        stdin.write(text)
        stdin.close()
        cpu = reap(process)
        wall = time.perf_counter() - begin
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise failure(f"{log.stem} ended with {process.returncode}", log)
    return wall, cpu


class Process:
    """A program that runs until stop(), or at the latest until the end of the block. Its lines
    are taken down as they come, with the time of each; what it says on stderr is in `log`."""

    def __init__(self, command: Sequence[object], log: Path, *, prefix: Sequence[str] = (),
                 env: Mapping[str, str] | None = None, ends_with_stdin: bool = True) -> None:
        self.name = log.stem
        self._log = log
        self._ends_with_stdin = ends_with_stdin
        self._marked = 0.0
        self._lines: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
        with open(log, "ab") as errors:
            self._process = popen([*prefix, *command], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=errors,
                                  env={**os.environ, **(env or {})})
        self._stdin = cast(TextIO, self._process.stdin)
        self._stdout = cast(TextIO, self._process.stdout)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.returncode is None:
            os.kill(self.pid, signal.SIGKILL)  # Popen.kill() might reap it
            reap(self._process)
        self._reader.join()
        self._stdout.close()
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def say(self, line: str) -> None:
        try:
            self._stdin.write(line + "\n")
            self._stdin.flush()
        except BrokenPipeError:
            raise self._failure("is gone") from None

    def line(self, part: str, patience: float = 30) -> tuple[float, str]:
        """The next line with `part` in it, and its time."""
        deadline = time.monotonic() + patience
        while part not in (found := self._next(deadline, part))[1]:
            pass
        return found

    def event(self, *names: str, patience: float = 30) -> tuple[float, dict[str, Any]]:
        """The next of these events, with its time. An event `error` is a failure."""
        deadline = time.monotonic() + patience
        while True:
            at, line = self._next(deadline, "/".join(names))
            event = json.loads(line)
            if event["event"] in names:
                return at, event
            if event["event"] == "error":
                raise self._failure(f"says {line.strip()}")

    def mark(self) -> None:
        """What it used so far does not count."""
        self._marked = cpu_of(self.pid)

    def cpu(self) -> float:
        """CPU seconds since mark(), of a process that goes on."""
        return cpu_of(self.pid) - self._marked

    def peak_mib(self) -> float:
        """The most memory so far. Not from wait4(), which remembers what this program had when
        it started the other."""
        return peak_mib(self.pid)

    def stop(self, patience: float = 20) -> Usage:
        """Lets it leave as it would on its own, and says what it used."""
        peak = self.peak_mib()
        self._stdin.close()
        if not self._ends_with_stdin:
            os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while (cpu := reap_if_ended(self._process)) is None:
            if time.monotonic() > deadline:
                raise self._failure(f"did not leave within {patience:.0f} s")
            time.sleep(0.002)
        if self._process.returncode not in (0, -signal.SIGTERM):
            raise self._failure(f"ended with {self._process.returncode}")
        return Usage(cpu - self._marked, peak)

    def _next(self, deadline: float, awaited: str) -> tuple[float, str]:
        try:
            at, line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise self._failure(f"did not say {awaited!r} in time") from None
        if not line:
            raise self._failure(f"ended without saying {awaited!r}")
        return at, line

    def _read(self) -> None:
        for line in self._stdout:
            self._lines.put((time.monotonic(), line))
        self._lines.put((time.monotonic(), ""))

    def _failure(self, what: str) -> Failed:
        return failure(f"{self.name} {what}", self._log)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
