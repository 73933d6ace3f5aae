"""What people would use instead of xfs, each started as its users would."""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lib.context import Context
from lib.network import LOOPBACK, Host
from lib.processes import Missing, Process, free_port, need

TORRENT_PROGRAM = Path(__file__).resolve().parent.parent / "libtorrent_peer.py"
TORRENT_PORT = 6881  # of hosts of a private network
HTTP_PORT = 80  # likewise


class Server(Process):
    """Serves a directory; `address` is IP:PORT."""

    address = ""


def nginx(context: Context, root: Path, host: Host = LOOPBACK) -> Server:
    port = free_port() if host is LOOPBACK else HTTP_PORT
    name = f"nginx-{host.ip}"
    work = context.directory(name)
    conf = work / "nginx.conf"
    conf.write_text(f"""
        daemon off; master_process off; worker_processes 1; pid {work}/pid;
        error_log stderr; events {{ worker_connections 256; }}
        http {{ access_log off; sendfile on; client_body_temp_path {work}; proxy_temp_path {work};
          fastcgi_temp_path {work}; uwsgi_temp_path {work}; scgi_temp_path {work};
          server {{ listen {host.ip}:{port}; location / {{ root {root}; }} }} }}""")
    return _listening([need("nginx"), "-c", conf], context.log(name), host, port)


def rsync_daemon(context: Context, root: Path) -> Server:
    port = free_port()
    conf = context.directory("rsync") / "rsyncd.conf"
    conf.write_text(f"use chroot = no\n[m]\npath = {root}\n")
    return _listening([need("rsync"), "--daemon", "--no-detach", f"--config={conf}",
                       f"--port={port}", "--address=127.0.0.1"], context.log("rsync"), LOOPBACK,
                      port)


def _listening(command: Sequence[object], log: Path, host: Host, port: int) -> Server:
    server = Server(command, log, prefix=host.prefix, ends_with_stdin=False)
    try:
        host.wait_for_port(port)
    except BaseException:
        server.__exit__()
        raise
    server.address = f"{host.ip}:{port}"
    return server


def need_libtorrent() -> None:
    found = subprocess.run([sys.executable, "-c", "import libtorrent"], capture_output=True,
                           check=False)
    if found.returncode:
        raise Missing("python3-libtorrent is not installed")


class TorrentPeer(Process):
    """A peer of libtorrent, which answers as an XfsPeer does."""

    address = ""

    def ready(self) -> None:
        port = self.event("ready")[1]["port"]
        self.address = self.address.replace(":0", f":{port}")

    def begin(self, _: str = "") -> None:
        self.say("go")

    def finish(self, patience: float) -> tuple[float, list[dict[str, Any]]]:
        at, event = self.event("downloaded", patience=patience)
        return at, [event]

    def bytes_sent(self) -> int:
        self.say("status")
        return self.event("status")[1]["bytes_sent"]


class Torrent:
    """A torrent of one file, and its peers; `label` begins the names of their logs. A piece of 0
    bytes leaves the size to libtorrent."""

    def __init__(self, context: Context, label: str, source: Path,
                 version: str | None = None, piece: int = 0) -> None:
        need_libtorrent()
        self._context = context
        self._label = label
        self._file = context.work / f"{source.name}.torrent"
        subprocess.run([sys.executable, TORRENT_PROGRAM, "make",
                        version or context.options.torrent, source, self._file, str(piece)],
                       check=True)

    def seed(self, directory: Path, host: Host = LOOPBACK) -> TorrentPeer:
        return self._peer("seed", directory, [], host)

    def leech(self, directory: Path, peers: Sequence[str], host: Host = LOOPBACK) -> TorrentPeer:
        return self._peer("leech", directory, peers, host)

    def leech_command(self, directory: Path, peers: Sequence[str],
                      host: Host = LOOPBACK) -> list[object]:
        return self._command("leech", directory, peers, host)

    @staticmethod
    def address(host: Host) -> str:
        return f"{host.ip}:{0 if host is LOOPBACK else TORRENT_PORT}"

    def _peer(self, role: str, directory: Path, peers: Sequence[str], host: Host) -> TorrentPeer:
        log = self._context.log(f"{self._label}-libtorrent-{role}-{host.ip}")
        peer = TorrentPeer(self._command(role, directory, peers, host), log, prefix=host.prefix)
        peer.address = self.address(host)
        return peer

    def _command(self, role: str, directory: Path, peers: Sequence[str],
                 host: Host) -> list[object]:
        return [sys.executable, TORRENT_PROGRAM, role, self._file, directory, self.address(host),
                *peers]
