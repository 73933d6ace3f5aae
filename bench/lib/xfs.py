"""xfs under test: a tracker, and peers that take commands on stdin and answer in JSON."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from lib.context import Context
from lib.network import LOOPBACK, Host
from lib.processes import Failed, Process


class XfsPeer(Process):
    """Shares and fetches until it is stopped."""

    def ready(self) -> None:
        """Until the tracker knows the peer, and all that it shares."""
        self.say("updatelist")
        self.event("updated", patience=120)

    def begin(self, name: str) -> None:
        self.say(f"download {name}")

    def finish(self, patience: float) -> tuple[float, list[dict[str, Any]]]:
        """Until what was begun is there: when that was, and what is told of each file."""
        files: list[dict[str, Any]] = []
        while True:
            at, event = self.event("downloaded", "summary", patience=patience)
            if event["event"] == "summary":
                return at, files
            if not event["ok"]:
                raise Failed(f"{self.name}: {event['name']}: {event['error']}")
            files.append(event)

    def bytes_sent(self) -> int:
        self.say("status")
        return self.event("status")[1]["bytes_sent"]


class Xfs:
    """Starts the programs for one run; `label` begins the names of their logs."""

    def __init__(self, context: Context, label: str) -> None:
        self._context = context
        self._label = label
        self._endpoint = ""

    def tracker(self, *options: str, host: Host = LOOPBACK) -> Process:
        """The tracker that peers started from now on will talk to."""
        tracker = Process([self._context.programs / "xfs-tracker", "--bind", f"tcp://{host.ip}:0",
                           *options],
                          self._log("tracker"), prefix=host.prefix, ends_with_stdin=False)
        self._endpoint = tracker.line("ready on ")[1].split(" on ")[1].strip()
        return tracker

    @property
    def address(self) -> str:
        """The tracker's, as IP:PORT."""
        return self._endpoint.removeprefix("tcp://")

    def peer(self, name: str, directory: Path, *options: str, host: Host = LOOPBACK) -> XfsPeer:
        """A peer with the hash cache that a machine of its own would have. With `--serve` it is
        stopped by a signal."""
        verbose = ["-v"] if self._context.keep else []
        cache = self._context.work / "cache" / name
        command = [self._context.programs / "xfs-peer", "--bind", f"{host.ip}:0", "-d", directory,
                   "--tracker", self._endpoint, "--json", *verbose, *options,
                   *self._context.options.xfs_options]
        return XfsPeer(command, self._log(name), prefix=host.prefix,
                       env={"XDG_CACHE_HOME": str(cache)},
                       ends_with_stdin="--serve" not in options)

    def fetch_command(self, name: str, directory: Path, *options: str) -> list[object]:
        """A program that fetches what is named, says so in a line, and leaves."""
        return [self._context.programs / "xfs-peer", "--tracker", self._endpoint, "-d", directory,
                "--no-cache", "-c", f"download {name}", *options,
                *self._context.options.xfs_options]

    def _log(self, name: str) -> Path:
        return self._context.log(f"{self._label}-xfs-{name}")
