#!/usr/bin/python3
"""A client of the xfs bus in another language, written from bus/PROTOCOL.md alone.

    xfs_client.py [--tracker tcp://HOST:PORT] [--host ADDRESS] find NAME
    xfs_client.py [...] download NAME [-o FILE]
    xfs_client.py [...] watch PATTERN
    xfs_client.py [...] register

Needs python3-zmq and python3-msgpack. Numbers in brackets are sections of PROTOCOL.md.
Exit codes: 0 done, 1 other failure, 2 usage, 3 not found, 4 tracker unreachable, 5 timeout,
6 network, 8 integrity, 9 disk, 77 those packages are missing.
"""
import argparse
import collections
import ipaddress
import os
import random
import secrets
import socket
import sys
import time
import urllib.parse

try:
    import zmq
    from xfs_wire import (BODY_MOST, BUSY, BY_NAME, BY_PATTERN, CHUNK_MOST, MANIFEST_MOST, RESYNC,
                          UNKNOWN_PEER, UNSUPPORTED, decode, decode_chunk_header, encode,
                          failure_for, is_failure, Manifest, news_of, shown)
except ImportError as missing:
    print(f"xfs_client: {missing}; install python3-zmq and python3-msgpack", file=sys.stderr)
    sys.exit(77)

WINDOW = 4  # chunks asked of one source at a time
PING_EVERY, LOST_AFTER = 1.0, 3.0  # seconds [9]
PAGES_MOST, FILES_MOST = 100000, 1000000  # [14]
BUSY_FIRST, BUSY_MOST = 0.1, 2.0  # seconds [11]


class Failed(Exception):
    """Why it was not done, and the exit code that says so."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Pauses:
    """How long to wait before a busy one is asked again [11]."""

    def __init__(self):
        self.usual = BUSY_FIRST

    def next(self):
        pause = self.usual * random.uniform(1.0, 1.25)
        self.usual = min(2 * self.usual, BUSY_MOST)
        return pause


# ---- connections [3] ----

def open_socket(context, kind, linger, frame_most, queue_in, queue_out):
    """With the options that all sockets have. ZMTP's heartbeats stay off."""
    made = context.socket(kind)
    for option, value in (
            (zmq.LINGER, linger), (zmq.MAXMSGSIZE, frame_most), (zmq.RCVHWM, queue_in),
            (zmq.SNDHWM, queue_out), (zmq.HANDSHAKE_IVL, 5000), (zmq.CONNECT_TIMEOUT, 5000),
            (zmq.TCP_MAXRT, 15000), (zmq.RECONNECT_IVL, 100), (zmq.RECONNECT_IVL_MAX, 2000),
            (zmq.TCP_KEEPALIVE, 1), (zmq.TCP_KEEPALIVE_IDLE, 10), (zmq.TCP_KEEPALIVE_INTVL, 5),
            (zmq.TCP_KEEPALIVE_CNT, 3)):
        made.setsockopt(option, value)
    return made


def endpoint_of(host, port):
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def is_address(host):
    """Hosts on the wire are IP addresses [6]."""
    try:
        return ipaddress.ip_address(host) is not None
    except ValueError:
        return False


def looked_up(endpoint):
    """What a user typed, with an address in place of a name."""
    parts = urllib.parse.urlsplit(endpoint if "://" in endpoint else "tcp://" + endpoint)
    try:
        if parts.scheme != "tcp" or not parts.hostname or not parts.port:
            raise Failed(2, f"{endpoint} is no address of a tracker: tcp://HOST:PORT")
        found = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise Failed(2, f"{endpoint}: {error}") from error
    return endpoint_of(found[0][4][0], parts.port)


class Link:
    """A DEALER to a tracker or a source. Answers Pings by itself."""

    def __init__(self, context, endpoint, meanwhile=lambda: None, source=""):
        """`meanwhile` is called again and again while ask() waits. `source`: the address of this
        machine to come from; empty: any."""
        self.endpoint, self.meanwhile, self.load, self.last_request = endpoint, meanwhile, 0, 0
        self.heard = self.sent = time.monotonic()
        self.socket = open_socket(context, zmq.DEALER, 500, BODY_MOST, 16, 64)
        self.socket.setsockopt(zmq.IPV6, int("[" in endpoint))
        if source:
            endpoint = endpoint_of(source, 0) + ";" + endpoint.removeprefix("tcp://")
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
        """The answer's kind and fields; None: none came. Asked again if the other is busy [11]."""
        end, pauses = time.monotonic() + patience, Pauses()
        answer = self.ask_once(kind, fields, end)
        while answer and answer[0] == "Failure" and answer[1].get("code") == BUSY:
            again = time.monotonic() + (1.0 if kind == "Register" else pauses.next())
            if again >= end:
                break
            self.wait(again, None)
            answer = self.ask_once(kind, fields, end)
        return answer

    def ask_once(self, kind, fields, end):
        self.last_request += 1
        self.send(kind, fields, self.last_request)
        return self.wait(end, self.last_request)

    def wait(self, end, number):
        """Until `end`, or the answer of that number; what else comes is answered or ignored."""
        while (left := end - time.monotonic()) > 0:
            self.socket.poll(min(50, max(1, int(1000 * left))))
            self.meanwhile()
            while message := self.receive():
                if message[2] == number:
                    return message[0], message[1]
        return None


class Peer:
    """This client on the bus: its tracker, and the ROUTER at which others may knock [8]."""

    def __init__(self, tracker, host):
        """`host`: the address of this machine to listen at; empty: all."""
        self.context = zmq.Context()
        self.host = host
        self.id = secrets.token_bytes(16)
        self.tracker = Link(self.context, tracker, source=host)
        self.router = open_socket(self.context, zmq.ROUTER, 0, BODY_MOST, 16, 64)
        self.router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self.port = self.listen(self.router)

    def listen(self, bound):
        """At a free port, which is returned."""
        bound.setsockopt(zmq.IPV6, int(":" in self.host))
        bound.bind(endpoint_of(self.host or "*", 0 if self.host else "*"))
        return int(bound.getsockopt_string(zmq.LAST_ENDPOINT).rsplit(":", 1)[1])

    def close(self):
        self.context.destroy(linger=500)

    def ask_tracker(self, kind, fields, patience=5.0):
        answer = self.tracker.ask(kind, fields, patience)
        if answer is None:
            raise Failed(4, f"no answer from the tracker at {self.tracker.endpoint}")
        if answer[0] == "Failure":
            raise Failed(1, f"the tracker refused: {shown(answer[1].get('reason', ''))}")
        return answer[1]

    def register(self, heartbeat_ms):
        return self.ask_tracker("Register", {"peer": self.id, "host": self.host, "port": self.port,
                                             "heartbeat_ms": heartbeat_ms, "labels": ""})

    def leave(self):
        self.tracker.ask("Leave", {}, patience=0.5)

    def find(self, query):
        """All files that match, page by page."""
        by = BY_PATTERN if any(c in query for c in "*?[\\") else BY_NAME
        files, cursor = [], ""
        for _ in range(PAGES_MOST):
            page = self.ask_tracker("Find", {"by": by, "query": query, "after": cursor, "limit": 0})
            files += page["files"]
            if not page["next"]:
                return files
            if page["next"] == cursor or len(files) > FILES_MOST:
                break
            cursor = page["next"]
        raise Failed(6, "the tracker's answer does not end")

    def changes(self, pattern, peers):
        """What a subscription says, answer by answer [8]."""
        question = {"query": pattern, "after": "", "peers": peers}
        while True:
            answer = self.ask_tracker("Subscribe", question, patience=15.0)
            yield answer
            question.update(after=answer["next"], epoch=answer["epoch"], sequence=answer["sequence"])

    def attend(self):
        """Answers what came in meanwhile: the tracker's Pings, and whoever knocks."""
        self.tracker.receive()
        self.serve()

    def serve(self):
        """This client has nothing to give."""
        while self.router.poll(0):
            route, *frames = self.router.recv_multipart()
            if is_failure(frames):
                continue
            try:
                kind, fields, request = decode(frames)
                answer = self.answer(kind, fields)
                frames = answer and encode(*answer, request)
            except (ValueError, KeyError, TypeError):
                frames = failure_for(frames)
            if frames:
                self.reply(route, frames)

    def reply(self, route, frames):
        try:
            self.router.send_multipart([route, *frames], zmq.NOBLOCK)
        except zmq.ZMQError:
            pass  # it is gone, or does not read

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
        # Chunks go to where this connection comes from, so that has to be where the PULL listens.
        self.link = Link(peer.context, endpoint_of(entry["host"], entry["port"]), peer.attend,
                         peer.host)
        self.begin()
        self.pauses, self.rests_until = Pauses(), 0.0

    def begin(self):
        """A new transfer, which has a new id."""
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
            if part["content"] != content:
                raise ValueError("the manifest of another content")
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
        self.pull = open_socket(peer.context, zmq.PULL, 0, CHUNK_MOST, 16, 4)
        self.port = peer.listen(self.pull)
        self.manifest = self.fetch_manifest()  # whose size is the file's, whatever Found says [7]
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
        for each in [self.pull, self.peer.router, self.peer.tracker.socket,
                     *(source.link.socket for source in self.sources)]:
            poller.register(each, zmq.POLLIN)
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
        now = time.monotonic()
        ready = [source for source in self.sources
                 if len(source.asked) < WINDOW and source.rests_until <= now]
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
            source.pauses = Pauses()
            self.left -= 1
        return self.left < before

    def look_after(self, source):
        while message := source.link.receive():
            if message[0] == "Refused" and message[1].get("transfer") == source.transfer:
                if message[1].get("code") != BUSY:
                    self.drop(source)
                    return
                self.rest(source)
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

    def rest(self, source):
        """It is busy: asked again after a while, and no fault of it [9]."""
        self.todo.extendleft(source.asked)
        self.close(source)  # a Want on its way may have opened it again
        source.begin()
        source.rests_until = time.monotonic() + source.pauses.next()

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


def command_watch(peer, options):
    """A line for each thing that is there or changes, and for each that is gone, until Ctrl-C."""
    known, listed, listing = {}, set(), False
    for answer in peer.changes(options.name, options.peers):
        if answer.get("begin"):
            listed, listing = set(), True
        for thing, state in news_of(answer):
            listed.add(thing)
            tell(known, thing, state)
        if listing and not answer["next"] and not answer.get("young"):
            listing = False
            for thing in [thing for thing in known if thing not in listed]:
                tell(known, thing, None)


def tell(known, thing, state):
    """Prints what is another thing now than is known."""
    if state is None:
        if known.pop(thing, None):
            print("gone", *thing, flush=True)
    elif known.get(thing) != state:
        known[thing] = state
        print("there", *state, *thing, flush=True)


def choose(files, name):
    """The version that most peers have, and its complete sources first."""
    for file in files:
        file["sources"] = [each for each in file["sources"] if is_address(each["host"])]
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
        print(f"{target}: {os.path.getsize(target)} bytes, {file['content'].hex()}")
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
        print(f"registered as {shown(registered['host'])}:{registered['port']}", flush=True)
        Registration(peer, registered).stay()
        time.sleep(random.uniform(0, 0.5))


class Registration:
    """One entry of this peer at the tracker, with an empty list."""

    def __init__(self, peer, registered):
        self.peer, self.epoch, self.sequence = peer, registered["epoch"], 0
        self.heartbeat = max(registered["heartbeat_ms"], 10) / 1000
        self.send_list()

    def tell(self, kind, fields):
        tracker = self.peer.tracker
        tracker.last_request += 1
        tracker.send(kind, fields, tracker.last_request)
        return tracker.last_request

    def send_list(self):
        self.sequence += 1
        self.listed = self.tell("Update", {
            "epoch": self.epoch, "sequence": self.sequence, "full_begin": True, "full_end": True,
            "added": [], "removed": []})

    def stay(self):
        """Until the tracker has forgotten this peer, or is another one."""
        tracker = self.peer.tracker
        while True:
            if time.monotonic() - tracker.sent >= self.heartbeat:
                self.tell("Heartbeat", {"epoch": self.epoch, "sequence": self.sequence, "load": 0})
            tracker.socket.poll(50)
            self.peer.serve()
            while message := tracker.receive():
                if self.is_over(*message):
                    return

    def is_over(self, kind, fields, request):
        if kind == "Failure" and fields.get("code") == UNKNOWN_PEER:
            return True
        if kind == "Failure" and fields.get("code") == RESYNC and request >= self.listed:
            self.send_list()
        if kind == "Alive" and fields.get("heartbeat_ms"):
            self.heartbeat = max(fields["heartbeat_ms"], 10) / 1000
        return kind in ("Alive", "Updated") and fields.get("epoch") != self.epoch


def main():
    parser = argparse.ArgumentParser(description="A client of the xfs bus, in Python.")
    parser.add_argument("--tracker", default=os.environ.get("XFS_TRACKER", "tcp://127.0.0.1:7470"))
    parser.add_argument("--host", default="", metavar="ADDRESS",
                        help="address of this machine to listen at; else all")
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
    watch = commands.add_parser("watch", help="print what there is and what changes, until Ctrl-C")
    watch.add_argument("name", metavar="PATTERN", nargs="?", default="")
    watch.add_argument("--peers", action="store_true", help="peers, too")
    watch.set_defaults(run=command_watch)
    register = commands.add_parser("register", help="be a peer that shares nothing, until Ctrl-C")
    register.set_defaults(run=command_register)
    options = parser.parse_args()
    if options.host and not is_address(options.host):
        raise Failed(2, f"--host {options.host}: no IP address")
    peer = Peer(looked_up(options.tracker), options.host)
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
