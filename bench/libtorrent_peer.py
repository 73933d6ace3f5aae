#!/usr/bin/python3
"""One peer of libtorrent, for bench/run: with settings for a fast, trusted network.

libtorrent_peer.py make v1|v2 FILE TORRENT PIECE      makes a torrent; PIECE 0: pieces as it likes
libtorrent_peer.py seed TORRENT DIR IP:PORT           has the file
libtorrent_peer.py leech TORRENT DIR IP:PORT PEER...  fetches it from IP:PORT... when told to

Takes commands on stdin: `go` begins, `status` asks for the totals, the end of stdin ends. Says
`ready`, `downloaded` and `status` in JSON, one object a line.
"""
import json
import sys

import libtorrent as lt

SETTINGS = {
    "alert_mask": lt.alert.category_t.status_notification,
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    "in_enc_policy": int(lt.enc_policy.pe_disabled),
    "out_enc_policy": int(lt.enc_policy.pe_disabled),
    "aio_threads": 4,
    "hashing_threads": 1,
    "connection_speed": 500,
    "min_reconnect_time": 1,
    "unchoke_slots_limit": -1,
    "request_queue_time": 1,  # asking less far ahead makes swarms an eighth faster
}


def make(version: str, path: str, torrent: str, piece: str) -> None:
    storage = lt.file_storage()
    lt.add_files(storage, path)
    flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only}[version]
    creator = lt.create_torrent(storage, int(piece), flags)
    lt.set_piece_hashes(creator, path.rsplit("/", 1)[0])
    with open(torrent, "wb") as out:
        out.write(lt.bencode(creator.generate()))


class Peer:
    def __init__(self, torrent: str, directory: str, address: str, *peers: str) -> None:
        one_machine = address.startswith("127.")
        self._session = lt.session({**SETTINGS, "listen_interfaces": address,
                                    "allow_multiple_connections_per_ip": one_machine})
        self._params = lt.add_torrent_params()
        self._params.ti = lt.torrent_info(torrent)
        self._params.save_path = directory
        self._params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        self._peers = peers
        self._torrent = lt.torrent_handle()
        while self._session.listen_port() == 0:
            self._session.wait_for_alert(10)

    def port(self) -> int:
        return self._session.listen_port()

    def seed(self) -> None:
        self._params.flags |= lt.torrent_flags.seed_mode
        self._torrent = self._session.add_torrent(self._params)

    def leech(self) -> None:
        """Until it is there. All peers are known from the start."""
        self._torrent = self._session.add_torrent(self._params)
        for peer in self._peers:
            ip, port = peer.rsplit(":", 1)
            self._torrent.connect_peer((ip, int(port)))
        finished = False
        while not finished:
            self._session.wait_for_alert(10_000)
            finished = any(isinstance(alert, lt.torrent_finished_alert)
                           for alert in self._session.pop_alerts())

    def totals(self) -> dict[str, int]:
        status = self._torrent.status()
        return {"bytes_sent": status.total_payload_upload,
                "bytes_received": status.total_payload_download,
                "bytes_duplicate": status.total_redundant_bytes + status.total_failed_bytes}


def say(event: str, **fields: int) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


def run(role: str, peer: Peer) -> None:
    if role == "seed":
        peer.seed()
    say("ready", port=peer.port())
    for line in sys.stdin:
        if line == "go\n":
            peer.leech()
            say("downloaded", **peer.totals())
        elif line == "status\n":
            say("status", **peer.totals())


def main() -> None:
    role, *arguments = sys.argv[1:]
    if role == "make":
        make(*arguments)
    else:
        run(role, Peer(*arguments))


main()
