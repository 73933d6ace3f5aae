#!/usr/bin/python3
"""One libtorrent peer of a pair on loopback, for bench/run.

libtorrent_peer.py make FILE TORRENT            makes a v2 torrent with pieces of 1 MiB
libtorrent_peer.py seed TORRENT DIR             seeds; prints its port, ends with its stdin
libtorrent_peer.py leech TORRENT DIR PORT       fetches from that port; ends when it is a seed
"""
import sys
import time

import libtorrent as lt

SETTINGS = {
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    "allow_multiple_connections_per_ip": True,
    "in_enc_policy": 2,
    "out_enc_policy": 2,
    "aio_threads": 4,
    "hashing_threads": 1,
    "connection_speed": 500,
}


def make(path, torrent):
    storage = lt.file_storage()
    lt.add_files(storage, path)
    creator = lt.create_torrent(storage, 1 << 20, lt.create_torrent.v2_only)
    lt.set_piece_hashes(creator, path.rsplit("/", 1)[0])
    with open(torrent, "wb") as out:
        out.write(lt.bencode(creator.generate()))


def add(torrent, directory, seed):
    session = lt.session(SETTINGS)
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent)
    params.save_path = directory
    if seed:
        params.flags |= lt.torrent_flags.seed_mode
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    return session, session.add_torrent(params)


def main():
    role = sys.argv[1]
    if role == "make":
        make(*sys.argv[2:4])
    elif role == "seed":
        session, _ = add(sys.argv[2], sys.argv[3], seed=True)
        while session.listen_port() == 0:
            time.sleep(0.01)
        print(session.listen_port(), flush=True)
        sys.stdin.read()
    else:
        session, handle = add(sys.argv[2], sys.argv[3], seed=False)
        handle.connect_peer(("127.0.0.1", int(sys.argv[4])))
        while not handle.status().is_seeding:
            time.sleep(0.005)


main()
