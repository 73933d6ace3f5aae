"""Machines with links of a given rate, as network namespaces behind one switch.

The namespaces have no names: each lives as long as the process that holds it, and takes its links
with it. So nothing can be left behind, and runs beside one another cannot meet.
"""
from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.context import Context
from lib.processes import Failed, Missing, Process, need

# Ethernet, IP and TCP with time stamps, of a packet as a veth counts it: before it is segmented.
HEADER_BYTES = 66


@dataclass(frozen=True)
class Counters:
    """Of a host's link, in bytes; the payload is what is left without headers."""

    received: int
    received_payload: int
    sent: int
    sent_payload: int

    def __sub__(self, other: Counters) -> Counters:
        return Counters(self.received - other.received,
                        self.received_payload - other.received_payload, self.sent - other.sent,
                        self.sent_payload - other.sent_payload)


class Host:
    """A place to run programs: `prefix` stands before their commands."""

    def __init__(self, ip: str, prefix: Sequence[str] = ()) -> None:
        self.ip = ip
        self.prefix = prefix

    def wait_for_port(self, port: int) -> None:
        """Until something listens on the port."""
        probe = (f"for i in $(seq 500); do (: </dev/tcp/{self.ip}/{port}) 2>/dev/null && exit 0; "
                 "sleep 0.01; done; exit 1")
        if subprocess.run([*self.prefix, "bash", "-c", probe], check=False).returncode:
            raise Failed(f"nothing listens on {self.ip}:{port}")


LOOPBACK = Host("127.0.0.1")


class NetworkHost(Host):
    """A host of a private network, which lives as long as `holder`."""

    def __init__(self, ip: str, holder: Process) -> None:
        super().__init__(ip, [need("nsenter"), f"--net=/proc/{holder.pid}/ns/net", "--"])
        self._holder = holder

    def counters(self, device: str = "eth0") -> Counters:
        for line in Path(f"/proc/{self._holder.pid}/net/dev").read_text("ascii").splitlines():
            name, _, figures = line.partition(":")
            if name.strip() == device:
                f = [int(x) for x in figures.split()]
                return Counters(f[0], f[0] - HEADER_BYTES * f[1], f[8], f[8] - HEADER_BYTES * f[9])
        raise Failed("a host has lost its link")


def need_network() -> None:
    if os.geteuid() != 0:
        raise Missing("network namespaces need root")
    for program in ("ip", "tc", "nsenter", "unshare"):
        need(program)


class Network:
    """A switch that is never the bottleneck, and hosts; all of it gone at the end of the block."""

    def __init__(self, context: Context) -> None:
        need_network()
        self._ip = need("ip")
        self._tc = need("tc")
        self._unshare = need("unshare")
        self._context = context
        self._stack = contextlib.ExitStack()
        self._hosts = 0

    def __enter__(self) -> Network:
        with contextlib.ExitStack() as stack:
            self._stack = stack
            self._switch = NetworkHost("", self._namespace())
            self._run(self._switch, self._ip, "link", "add", "switch", "type", "bridge")
            self._run(self._switch, self._ip, "link", "set", "switch", "up")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def rack(self, rate: str) -> str:
        """A second switch, behind a link of `rate` both ways; for host()."""
        for command in (("link", "add", "rack", "type", "bridge"),
                        ("link", "set", "rack", "up"),
                        ("link", "add", "thin0", "type", "veth", "peer", "name", "thin1"),
                        ("link", "set", "thin0", "master", "switch", "up"),
                        ("link", "set", "thin1", "master", "rack", "up")):
            self._run(self._switch, self._ip, *command)
        self._shape(self._switch, "thin0", rate)
        self._shape(self._switch, "thin1", rate)
        return "rack"

    def into_rack(self) -> int:
        """Bytes without headers that its link has carried to it."""
        return self._switch.counters("thin0").sent_payload

    def host(self, rate: str | None = None, *, delay_ms: int = 0,
             switch: str = "switch") -> NetworkHost:
        """A host that sends at most at `rate` and receives at most at `rate`; None: no limit. What
        it sends is so much longer on its way."""
        self._hosts += 1
        port = f"port{self._hosts}"
        holder = self._namespace()
        host = NetworkHost(f"10.77.0.{self._hosts}", holder)
        ip, where = self._ip, self._switch
        self._run(where, ip, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns",
                  str(holder.pid))
        self._run(where, ip, "link", "set", port, "master", switch, "up")
        self._run(host, ip, "address", "add", f"{host.ip}/24", "dev", "eth0")
        self._run(host, ip, "link", "set", "lo", "up")
        self._run(host, ip, "link", "set", "eth0", "up")
        if rate:
            self._shape(where, port, rate)
            self._shape(host, "eth0", rate, delay_ms)
        return host

    def _shape(self, where: Host, device: str, rate: str, delay_ms: int = 0) -> None:
        how = (["netem", "delay", f"{delay_ms}ms", "rate", rate, "limit", "10000"] if delay_ms else
               ["tbf", "rate", rate, "burst", "128k", "latency", "100ms"])
        self._run(where, self._tc, "qdisc", "add", "dev", device, "root", *how)

    def _namespace(self) -> Process:
        holder = self._stack.enter_context(
            Process([self._unshare, "--net", "cat"], self._context.log("network")))
        try:
            holder.say("there")  # echoed once it is in its own namespace
            holder.line("there")
        except Failed as failed:
            raise Missing(f"no network namespaces here: {failed}") from None
        return holder

    @staticmethod
    def _run(where: Host, *command: str) -> None:
        done = subprocess.run([*where.prefix, *command], capture_output=True, text=True,
                              check=False)
        if done.returncode:
            raise Missing(f"{' '.join(command)}: {done.stderr.strip()}")
