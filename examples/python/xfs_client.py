#!/usr/bin/python3
"""A client of the xfs bus in another language, written from bus/PROTOCOL.md alone.

    xfs_client.py [--tracker tcp://HOST:PORT] find NAME
    xfs_client.py [--tracker tcp://HOST:PORT] download NAME [-o FILE]
    xfs_client.py [--tracker tcp://HOST:PORT] register

Needs python3-zmq and python3-msgpack. Numbers in brackets are sections of PROTOCOL.md.
Exit codes: 0 done, 1 other failure, 2 usage, 3 not found, 4 tracker unreachable, 5 timeout,
6 network, 8 integrity, 9 disk, 77 those packages are missing.
"""
import argparse
import collections
import hashlib
import os
import random
import secrets
import struct
import sys
import time

try:
    import msgpack
    import zmq
except ImportError as missing:
    print(f"xfs_client: {missing}; install python3-zmq and python3-msgpack", file=sys.stderr)
    sys.exit(77)

VERSION = 1
TYPES = {  # [7]
    "Register": 0x01, "Registered": 0x02, "Update": 0x03, "Updated": 0x04, "Heartbeat": 0x05,
    "Alive": 0x06, "Leave": 0x07, "Left": 0x08, "Find": 0x09, "Found": 0x0A, "ListPeers": 0x0B,
    "PeerList": 0x0C, "Ping": 0x10, "Pong": 0x11, "Failure": 0x12, "GetManifests": 0x20,
    "Manifests": 0x21, "Request": 0x22, "Close": 0x23, "Refused": 0x24, "Have": 0x25,
    "Push": 0x26, "Pushed": 0x27}
KINDS = {number: kind for kind, number in TYPES.items()}
BY_NAME, BY_PATTERN = 0, 1
UNSUPPORTED, UNKNOWN_PEER, RESYNC = 2, 3, 4  # [11]
BODY_MOST, CHUNK_MOST, MANIFEST_MOST = 262144, 4194304, 67108960  # [14]
HASHES = {  # [13]
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sha512-256": lambda data: hashlib.new("sha512_256", data).digest(),
    "blake2b": lambda data: hashlib.blake2b(data, digest_size=32).digest()}

WINDOW = 4  # chunks asked of one source at a time
PING_EVERY, LOST_AFTER = 1.0, 3.0  # seconds [9]


class Failed(Exception):
    """Why it was not done, and the exit code that says so."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def shown(text):
    """A text from the network, safe to print [12]."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


# ---- frames [4] ----

def encode(kind, fields, request=0):
    header = struct.pack(">4sBBHQ", b"XFSB", VERSION, TYPES[kind], 0, request)
    return [header, msgpack.packb(fields, use_bin_type=True)]


def decode(frames):
    """(kind, fields, request); ValueError for what is no message."""
    if len(frames) != 2 or len(frames[0]) != 16:
        raise ValueError("not two frames with a header of 16 bytes")
    magic, version, number, _, request = struct.unpack(">4sBBHQ", frames[0])
    if magic != b"XFSB" or version != VERSION or number not in KINDS:
        raise ValueError("another protocol, version or type")
    fields = msgpack.unpackb(frames[1], raw=False, strict_map_key=False)
    if not isinstance(fields, dict):
        raise ValueError("the body is no map")
    return KINDS[number], fields, request


def encode_chunk_header(transfer, chunk, offset):
    return struct.pack(">4sIQ16s", b"XFC\x01", chunk, offset, transfer)


def decode_chunk_header(frame):
    if len(frame) != 32 or frame[:4] != b"XFC\x01":
        raise ValueError("no chunk header")
    _, chunk, offset, transfer = struct.unpack(">4sIQ16s", frame)
    return transfer, chunk, offset


# ---- manifest [13] ----

def chunk_size(size):
    target = min(size // 1024, 4194304)
    power = 1
    while power < target:
        power *= 2
    return max(262144, power)


class Manifest:
    def __init__(self, data, content):
        """Checks everything; ValueError says what is wrong."""
        if len(data) < 18 or data[:4] != b"XFM\x01":
            raise ValueError("no manifest of this version")
        self.size, self.chunk_bytes, digest, length = struct.unpack(">QIBB", data[4:18])
        algorithm = data[18:18 + length].decode("ascii")
        self.chunks = -(-self.size // self.chunk_bytes) if self.chunk_bytes else 0
        if self.size > 4398046511104 or self.chunk_bytes != chunk_size(self.size):
            raise ValueError("sizes that do not belong together")
        if not 32 <= digest <= 64 or len(data) != 18 + length + self.chunks * digest:
            raise ValueError("digests that do not belong to the size")
        if algorithm not in HASHES:
            raise ValueError(f"algorithm {shown(algorithm)!r}, which this client lacks")
        self.hash = HASHES[algorithm]
        if self.hash(data)[:32] != content:
            raise ValueError("not the content id that was asked for")
        digests = data[18 + length:]
        self.digests = [digests[i * digest:(i + 1) * digest] for i in range(self.chunks)]

    def offset(self, chunk):
        return chunk * self.chunk_bytes

    def length(self, chunk):
        return min(self.chunk_bytes, self.size - self.offset(chunk))


# ---- connections [3] ----

class Link:
    """A DEALER to a tracker or a source. Answers Pings by itself."""

    def __init__(self, context, endpoint, meanwhile=lambda: None):
        """`meanwhile` is called again and again while ask() waits."""
        self.endpoint, self.meanwhile, self.load, self.last_request = endpoint, meanwhile, 0, 0
        self.heard = self.sent = time.monotonic()
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 500)
        self.socket.setsockopt(zmq.MAXMSGSIZE, BODY_MOST)
        try:
            self.socket.connect(endpoint)
        except zmq.ZMQError as error:
            raise Failed(6, f"cannot connect to {shown(endpoint)}: {error}") from error

    def send(self, kind, fields, request=0):
        try:
            self.socket.send_multipart(encode(kind, fields, request), zmq.NOBLOCK)
            self.sent = time.monotonic()
        except zmq.Again:
            pass  # its queue is full: as if it were lost on the way

    def receive(self):
        """The next message that is not a Ping; None: there is none now."""
        while self.socket.poll(0):
            frames = self.socket.recv_multipart()
            try:
                kind, fields, request = decode(frames)
            except ValueError:
                continue
            self.heard = time.monotonic()
            if kind != "Ping":
                return kind, fields, request
            self.send("Pong", {"load": self.load}, request)
        return None

    def ask(self, kind, fields, patience=5.0):
        """The answer's kind and fields; None: none came. Asked again once, after a second [11]."""
        self.last_request += 1
        number, begin, again = self.last_request, time.monotonic(), False
        self.send(kind, fields, number)
        while (waited := time.monotonic() - begin) < patience:
            self.socket.poll(50)
            self.meanwhile()
            while message := self.receive():
                if message[2] == number:
                    return message[0], message[1]
            if waited > 1.0 and not again:
                again = True
                self.send(kind, fields, number)
        return None


class Peer:
    """This client on the bus: its tracker, and the ROUTER at which others may knock [8]."""

    def __init__(self, tracker):
        self.context = zmq.Context()
        self.id = secrets.token_bytes(16)
        self.tracker = Link(self.context, tracker)
        self.router = self.context.socket(zmq.ROUTER)
        self.router.setsockopt(zmq.LINGER, 0)
        self.router.setsockopt(zmq.MAXMSGSIZE, BODY_MOST)
        self.port = self.router.bind_to_random_port("tcp://*")

    def close(self):
        self.context.destroy(linger=500)

    def ask_tracker(self, kind, fields):
        answer = self.tracker.ask(kind, fields)
        if answer is None:
            raise Failed(4, f"no answer from the tracker at {self.tracker.endpoint}")
        if answer[0] == "Failure":
            raise Failed(1, f"the tracker refused: {shown(answer[1].get('reason', ''))}")
        return answer[1]

    def register(self, heartbeat_ms):
        return self.ask_tracker("Register", {"peer": self.id, "host": "", "port": self.port,
                                             "heartbeat_ms": heartbeat_ms, "labels": ""})

    def leave(self):
        self.tracker.ask("Leave", {}, patience=0.5)

    def find(self, query):
        """All files that match, page by page."""
        by = BY_PATTERN if any(c in query for c in "*?[\\") else BY_NAME
        files, cursor = [], ""
        while True:
            page = self.ask_tracker("Find", {"by": by, "query": query, "after": cursor, "limit": 0})
            files += page["files"]
            cursor = page["next"]
            if not cursor:
                return files

    def attend(self):
        """Answers what came in meanwhile: the tracker's Pings, and whoever knocks."""
        self.tracker.receive()
        self.serve()

    def serve(self):
        """This client has nothing to give."""
        while self.router.poll(0):
            route, *frames = self.router.recv_multipart()
            try:
                kind, fields, request = decode(frames)
                answer = self.answer(kind, fields)
            except (ValueError, KeyError, TypeError):
                continue
            if answer:
                self.router.send_multipart([route, *encode(*answer, request)], zmq.NOBLOCK)

    def answer(self, kind, fields):
        if kind == "Ping":
            return "Pong", {"load": self.tracker.load}
        if kind == "GetManifests":
            parts = [{"content": c, "total": 0, "offset": 0, "bytes": b""} for c in fields["contents"]]
            return "Manifests", {"parts": parts}
        if kind in ("Failure", "Pong", "Request", "Close", "Refused", "Have"):
            return None
        return "Failure", {"code": UNSUPPORTED, "reason": "a peer takes no " + kind, "epoch": 0}


# ---- download [9, 10] ----

class Source:
    """One source and the transfer from it."""

    def __init__(self, peer, entry):
        host = f"[{entry['host']}]" if ":" in entry["host"] else entry["host"]
        self.link = Link(peer.context, f"tcp://{host}:{entry['port']}", peer.attend)
        self.transfer = secrets.token_bytes(16)
        self.credit = 0
        self.asked = {}  # chunk: when

    def manifest(self, content):
        """Its canonical bytes, verified. None: the source does not have it, or is silent."""
        data, total = b"", None
        while total is None or len(data) < total:
            answer = self.link.ask("GetManifests", {"contents": [content], "offset": len(data)}, 3.0)
            if answer is None or answer[0] != "Manifests":
                return None
            part = answer[1]["parts"][0]
            total = part["total"]
            if total == 0:
                return None
            if part["offset"] != len(data) or not part["bytes"] or total > MANIFEST_MOST:
                raise ValueError("a part that does not fit the others")
            data += part["bytes"]
        return Manifest(data, content)


class Download:
    def __init__(self, peer, file, entries, timeout):
        self.peer, self.content, self.timeout = peer, file["content"], timeout
        self.sources = [Source(peer, entry) for entry in entries]
        self.liars = 0
        self.pull = peer.context.socket(zmq.PULL)
        self.pull.setsockopt(zmq.LINGER, 0)
        self.pull.setsockopt(zmq.RCVHWM, 16)
        self.pull.setsockopt(zmq.MAXMSGSIZE, CHUNK_MOST)
        self.port = self.pull.bind_to_random_port("tcp://*")
        self.manifest = self.fetch_manifest()
        if self.manifest.size != file["size"]:
            raise Failed(8, "the tracker and the manifest disagree about the file's size")
        self.todo = collections.deque(range(self.manifest.chunks))
        self.left = self.manifest.chunks

    def fetch_manifest(self):
        for source in list(self.sources):
            try:
                if manifest := source.manifest(self.content):
                    return manifest
            except (ValueError, KeyError, TypeError, IndexError):
                self.liars += 1
            self.sources.remove(source)
        raise self.nobody_left("no source gave a manifest")

    def nobody_left(self, what):
        return Failed(8, what + ": a hash was wrong") if self.liars else Failed(5, what)

    def run(self, file):
        poller = zmq.Poller()
        for socket in [self.pull, self.peer.router, self.peer.tracker.socket,
                       *(source.link.socket for source in self.sources)]:
            poller.register(socket, zmq.POLLIN)
        now = progress = time.monotonic()
        for source in self.sources:
            source.link.heard = now
        while self.left:
            self.request()
            poller.poll(100)
            self.peer.attend()
            if self.take_chunks(file):
                progress = time.monotonic()
            for source in list(self.sources):
                self.look_after(source)
            if not self.sources:
                raise self.nobody_left("no source is left")
            if time.monotonic() - progress > self.timeout:
                raise Failed(5, f"no chunk came for {self.timeout:g} s")

    def request(self):
        """Round robin: one chunk for each source in turn, while there are chunks and room."""
        wanted = {}
        ready = [source for source in self.sources if len(source.asked) < WINDOW]
        while self.todo and ready:
            source = ready.pop(0)
            wanted.setdefault(source, []).append(chunk := self.todo.popleft())
            source.asked[chunk] = time.monotonic()
            if len(source.asked) < WINDOW:
                ready.append(source)
        for source, chunks in wanted.items():
            self.want(source, chunks)

    def want(self, source, chunks):
        # Bytes of a lost chunk have used up credit, so it grows also for what is asked again.
        source.credit += sum(self.manifest.length(chunk) for chunk in chunks)
        source.link.send("Request", {"wants": [{
            "transfer": source.transfer, "content": self.content, "port": self.port,
            "credit": source.credit, "chunks": chunks}]})

    def take_chunks(self, file):
        before = self.left
        while self.pull.poll(0):
            frames = self.pull.recv_multipart()
            try:
                transfer, chunk, offset = decode_chunk_header(frames[0])
            except ValueError:
                continue
            source = next((s for s in self.sources if s.transfer == transfer), None)
            if source is None or chunk not in source.asked or len(frames) != 2:
                continue  # nobody asked for it
            source.link.heard = time.monotonic()
            if (offset, len(frames[1])) != (self.manifest.offset(chunk), self.manifest.length(chunk)):
                continue
            if self.manifest.hash(frames[1]) != self.manifest.digests[chunk]:
                self.liars += 1
                self.drop(source)
                continue
            file.seek(offset)
            file.write(frames[1])
            del source.asked[chunk]
            self.left -= 1
        return self.left < before

    def look_after(self, source):
        while message := source.link.receive():
            if message[0] == "Refused" and message[1].get("transfer") == source.transfer:
                self.drop(source)
                return
        now = time.monotonic()
        if now - source.link.heard > LOST_AFTER:
            self.drop(source)
            return
        if now - source.link.sent > PING_EVERY:
            source.link.send("Ping", {})
        lost = [chunk for chunk, asked in source.asked.items() if now - asked > LOST_AFTER]
        if lost:
            source.asked.update((chunk, now) for chunk in lost)
            self.want(source, lost)

    def drop(self, source):
        self.close(source)
        self.sources.remove(source)
        self.todo.extendleft(source.asked)

    def close(self, source):
        source.link.send("Close", {"transfers": [source.transfer]})


# ---- commands ----

def command_find(peer, options):
    files = peer.find(options.name)
    for file in files:
        for source in file["sources"]:
            print(shown(source["host"]), source["port"], f"{source['have_ppm'] / 10000:g}%",
                  file["size"], file["content"].hex(), shown(file["name"]))
    if not any(file["sources"] for file in files):
        raise Failed(3, f"nobody has {shown(options.name)}")


def choose(files, name):
    """The version that most peers have, and its complete sources first."""
    files = [file for file in files if file["name"] == name and file["sources"]]
    if not files:
        raise Failed(3, f"nobody has {shown(name)}")
    file = max(files, key=lambda f: f["source_count"])
    return file, sorted(file["sources"], key=lambda s: -s["have_ppm"])[:8]


def command_download(peer, options):
    peer.register(heartbeat_ms=0)
    try:
        file, entries = choose(peer.find(options.name), options.name)
        target = options.output or os.path.basename(options.name)
        if target in ("", ".", ".."):
            raise Failed(2, "say where to put it: -o FILE")
        peer.tracker.load = 1
        save(Download(peer, file, entries, options.timeout), target)
        print(f"{target}: {file['size']} bytes, {file['content'].hex()}")
    finally:
        peer.leave()


def save(download, target):
    """Under its name only when it is whole."""
    part = os.path.join(os.path.dirname(target), f".xfs-{secrets.token_hex(8)}")
    try:
        with open(part, "xb") as file:
            download.run(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    finally:
        for source in download.sources:
            download.close(source)
        if os.path.exists(part):
            os.unlink(part)


def command_register(peer, _options):
    """A peer that shares nothing, until Ctrl-C [8]."""
    while True:
        registered = peer.register(heartbeat_ms=1000)
        epoch, heartbeat = registered["epoch"], registered["heartbeat_ms"] / 1000
        print(f"registered as {shown(registered['host'])}:{registered['port']}", flush=True)
        peer.tracker.send("Update", {"epoch": epoch, "sequence": 1, "full_begin": True,
                                     "full_end": True, "added": [], "removed": []})
        stay_registered(peer, epoch, heartbeat, registered["lease_ms"] / 1000)
        time.sleep(random.uniform(0, 0.5))


def stay_registered(peer, epoch, heartbeat, lease):
    """Until the tracker has forgotten this peer, or is silent."""
    while time.monotonic() - peer.tracker.heard < max(lease, 3 * heartbeat):
        if time.monotonic() - peer.tracker.sent >= heartbeat:
            peer.tracker.last_request += 1
            peer.tracker.send("Heartbeat", {"epoch": epoch, "sequence": 1, "load": 0},
                              peer.tracker.last_request)
        peer.tracker.socket.poll(50)
        peer.serve()
        while message := peer.tracker.receive():
            forgotten = message[0] == "Failure" and message[1].get("code") in (UNKNOWN_PEER, RESYNC)
            if forgotten or message[1].get("epoch", epoch) != epoch:
                return


def main():
    parser = argparse.ArgumentParser(description="A client of the xfs bus, in Python.")
    parser.add_argument("--tracker", default=os.environ.get("XFS_TRACKER", "tcp://127.0.0.1:7470"))
    parser.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS",
                        help="give a download up when no chunk came for so long")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    find = commands.add_parser("find", help="print who has it")
    find.add_argument("name")
    find.set_defaults(run=command_find)
    download = commands.add_parser("download", help="fetch and verify it")
    download.add_argument("name")
    download.add_argument("-o", "--output", metavar="FILE")
    download.set_defaults(run=command_download)
    register = commands.add_parser("register", help="be a peer that shares nothing, until Ctrl-C")
    register.set_defaults(run=command_register)
    options = parser.parse_args()
    tracker = options.tracker if "://" in options.tracker else "tcp://" + options.tracker
    peer = Peer(tracker)
    try:
        return options.run(peer, options)
    except (KeyError, TypeError, ValueError) as error:
        raise Failed(6, f"an answer that breaks the protocol: {error!r}") from error
    except zmq.ZMQError as error:
        raise Failed(6, str(error)) from error
    except OSError as error:
        raise Failed(9, str(error)) from error
    finally:
        peer.close()


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        print(f"xfs_client: {failure}", file=sys.stderr)
        sys.exit(failure.code)
    except KeyboardInterrupt:
        sys.exit(130)
