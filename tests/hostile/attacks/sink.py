"""Attacks on a peer as a sink, by a source that lies, and by whoever finds its PULL."""
import os
import struct
import time

import wire
import zmq
import zmtp
from attack import Attack
from attacks.tracker import Registered
from programs import listening_ports


class LyingSource(Attack):
    """Base: registered for the honest file before the honest source is; answers like a true one."""

    after_ready = True
    victim = "sink"
    size = None  # that it announces
    peer = None

    def run(self):
        self.listen()
        content = self.scene.content
        self.registered = Registered(self, port=self.port, peer=self.peer, to=self.scene.tracker)
        size = content.size if self.size is None else self.size
        self.registered.announce([wire.file_entry(self.scene.name, content.id, size)])
        self.tell_ready()
        self.serve()

    def listen(self):
        self.context = zmq.Context()
        self.router = self.context.socket(zmq.ROUTER)
        self.router.linger = 0
        self.port = self.router.bind_to_random_port(f"tcp://{self.address}")
        self.pipes = {}  # data endpoint: socket
        self.later = []  # (when, route, message)
        self.peer = wire.new_id()
        self.registered = None

    def serve(self):
        while self.running():
            if self.router.poll(20):
                self.take()
            if self.registered:
                self.registered.stay()
            self.send_later()
            self.idle()
        self.context.destroy(0)

    def idle(self):
        """What it does unasked."""

    def take(self):
        while True:
            try:
                frames = self.router.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            route, address = frames[0].bytes, frames[-1].get("Peer-Address")
            read = wire.read([frame.bytes for frame in frames[1:]])
            if read:
                self.note(f"asked: {read[0]}")
                self.on_message(route, address, *read)

    def on_message(self, route, address, kind, request, fields):
        if kind == "Ping":
            self.on_ping(route, request)
        elif kind == "GetManifests":
            self.on_manifests(route, request, fields["contents"], fields.get("offset", 0))
        elif kind == "Request":
            for want in fields["wants"]:
                if want["content"] == self.scene.content.id:
                    self.on_want(route, (want.get("host") or address, want["port"]), want)

    def on_ping(self, route, request):
        self.answer(route, wire.message("Pong", request, load=0, peer=self.peer))

    def on_manifests(self, route, request, contents, offset):
        whole = self.manifest()
        parts = [self.part(whole, content, offset) for content in contents]
        self.answer(route, wire.message("Manifests", request, parts=parts))

    def part(self, whole, content, offset):
        if content != self.scene.content.id:
            return {"content": content, "total": 0, "offset": 0, "bytes": b""}
        return {"content": content, "total": len(whole), "offset": offset, "bytes": whole[offset:][:190000]}

    def manifest(self):
        return self.scene.content.manifest

    def on_want(self, route, sink, want):
        for index in want["chunks"]:
            self.on_chunk(route, sink, want["transfer"], index)

    def on_chunk(self, route, sink, transfer, index):
        self.send_chunk(sink, transfer, index, index * self.scene.content.step,
                        self.scene.content.chunk(index))

    def send_chunk(self, sink, transfer, index, offset, data):
        self.put(sink, zmtp.frames([wire.chunk_header(transfer, index, offset), data]))

    def answer(self, route, parts, after=0.0):
        self.later.append((time.monotonic() + after, route, parts))

    def send_later(self):
        now = time.monotonic()
        for entry in [entry for entry in self.later if entry[0] <= now]:
            self.later.remove(entry)
            try:
                self.router.send_multipart([entry[1], *entry[2]], zmq.NOBLOCK)
                self.messages += 1
                self.bytes += sum(map(len, entry[2]))
            except zmq.ZMQError:
                self.note("could not answer")

    def put(self, sink, data):
        """Raw bytes into the sink's PULL."""
        try:
            if sink not in self.pipes:
                sock = zmtp.connect(sink, self.address)
                self.connections += 1
                sock.settimeout(0.5)
                zmtp.say(sock, zmtp.opening(b"PUSH"))
                self.pipes[sink] = sock
            self.pipes[sink].sendall(data)
            self.messages += 1
            self.bytes += len(data)
        except OSError:
            self.note("cut or stuck at the PULL")
            if sink in self.pipes:
                self.pipes.pop(sink).close()


# ---- manifests ----

class WrongManifest(LyingSource):
    """Gives other bytes for the manifest, of the right size."""

    def manifest(self):
        return os.urandom(len(self.scene.content.manifest))


class OtherManifest(LyingSource):
    """Gives a true manifest of another content."""

    same_host = True

    def manifest(self):
        return wire.manifest(200000, [bytes(32), bytes(32)])


class ShortManifest(LyingSource):
    """Says that the manifest is short, or gives fewer bytes than it says."""

    def part(self, whole, content, offset):
        total = self.random.choice([1, 20, len(whole), 67108960])
        return {"content": content, "total": total, "offset": min(offset, total - 1), "bytes": b"\0"}


class DrippedManifest(LyingSource):
    """Gives the manifest a byte every two seconds."""

    same_host = True

    def on_manifests(self, route, request, contents, offset):
        whole = self.manifest()
        part = {"content": contents[0], "total": len(whole), "offset": offset,
                "bytes": whole[offset:offset + 1]}
        self.answer(route, wire.message("Manifests", request, parts=[part]), after=2.0)


class SizeLie(LyingSource):
    """Announces the right content with a size of 4 TiB."""

    size = 4398046511104


class SizeOfNothing(LyingSource):
    """Announces the right content with a size of one byte."""

    same_host = True
    size = 1


# ---- chunks ----

class WrongBytes(LyingSource):
    """Sends chunks of other bytes."""

    def on_chunk(self, route, sink, transfer, index):
        content = self.scene.content
        self.send_chunk(sink, transfer, index, index * content.step, bytes(len(content.chunk(index))))


class WrongPlace(LyingSource):
    """Sends chunks with another number, or another offset."""

    same_host = True

    def on_chunk(self, route, sink, transfer, index):
        content = self.scene.content
        for number, offset in ((index + 1, index * content.step), (index, 7), (2**32 - 1, 2**64 - 1),
                               (index, 2**63)):
            self.send_chunk(sink, transfer, number, offset, content.chunk(index))


class RepeatedChunks(LyingSource):
    """Sends each chunk twenty times."""

    def on_chunk(self, route, sink, transfer, index):
        for _ in range(20):
            super().on_chunk(route, sink, transfer, index)


class OddSizes(LyingSource):
    """Sends chunks that are too long, too short and empty, and headers with nothing after them."""

    same_host = True

    def on_chunk(self, route, sink, transfer, index):
        head = wire.chunk_header(transfer, index, index * self.scene.content.step)
        for body in (bytes(wire.CHUNK_MOST), b"x", b"", bytes(self.scene.content.step + 1)):
            self.put(sink, zmtp.frames([head, body]))
        self.put(sink, zmtp.frames([head]))
        self.put(sink, zmtp.frames([head, b"x", b"y"]))
        self.put(sink, zmtp.frames([head, bytes(wire.CHUNK_MOST + 1)]))


class EndlessChunk(LyingSource):
    """Sends a header and then frames without end, of 256 KiB or of nothing."""

    sink = None

    def on_chunk(self, route, sink, transfer, index):
        if self.sink is None:
            self.put(sink, zmtp.frame(wire.chunk_header(transfer, index, 0), zmtp.MORE))
        self.sink = sink

    def idle(self):
        if self.sink is not None:
            size = self.random.choice([0, 0, 262144])
            self.put(self.sink, zmtp.frame(bytes(size), zmtp.MORE) * (20000 if not size else 8))


class Silent(LyingSource):
    """Answers all but sends no chunk."""

    def on_want(self, route, sink, want):
        pass


class Frozen(LyingSource):
    """Says nothing any more once it is asked for chunks."""

    same_host = True
    frozen = False

    def on_want(self, route, sink, want):
        self.frozen = True

    def on_ping(self, route, request):
        if not self.frozen:
            super().on_ping(route, request)


# ---- control messages of a source ----

class Haves(LyingSource):
    """Says without end what it has, in ever other bitmaps, and has nothing."""

    route = transfer = None

    def on_want(self, route, sink, want):
        self.route, self.transfer = route, want["transfer"]

    def idle(self):
        if self.route is None:
            return
        size = (self.scene.content.count + 7) // 8
        for _ in range(50):
            for fields in ({"bitmap": os.urandom(size - 1) + b"\xf0"}, {"bitmap": bytes(131072)},
                           {"complete": True}, {"chunks": [self.random.getrandbits(32) for _ in range(1024)]},
                           {"bitmap": bytes(size), "chunks": list(range(400))}):
                transfer = self.random.choice([self.transfer, wire.new_id()])
                self.answer(self.route, wire.message("Have", 0, transfer=transfer, **fields))
        self.send_later()


class RefusalFlood(LyingSource):
    """Refuses without end, for reasons that paint the terminal."""

    same_host = True
    route = transfer = None

    def on_want(self, route, sink, want):
        self.route, self.transfer = route, want["transfer"]

    def idle(self):
        if self.route is None:
            return
        for _ in range(100):
            transfer = self.random.choice([self.transfer, wire.new_id()])
            reason = "\x1b[2J\x1b]0;owned\x07\r\n\u202e" + "x" * self.random.randrange(900)
            self.answer(self.route, wire.message(
                "Refused", 0, transfer=transfer, code=self.random.randrange(1, 11), reason=reason))
        self.send_later()


class OtherPeer(LyingSource):
    """Answers Pings with the ids of other peers."""

    def on_ping(self, route, request):
        self.answer(route, wire.message("Pong", request, load=1, peer=wire.new_id()))
        self.answer(route, wire.message("Pong", request, load=1, peer=bytes(16)))


class HugeLoad(LyingSource):
    """Says that it is busy with four billion transfers, then with none."""

    same_host = True

    def on_ping(self, route, request):
        load = self.random.choice([2**32 - 1, 0])
        self.answer(route, wire.message("Pong", request, load=load, peer=self.peer))

    def on_want(self, route, sink, want):
        pass


class FalseFellow(LyingSource):
    """Joins the swarm at the sink, which takes it for a source, says that it has all, and sends nothing."""

    after_ready = False
    count = 8

    def run(self):
        self.listen()
        content = self.scene.content
        clients = []
        for port in listening_ports(self.scene.sink_pid) * self.count:
            transfer = wire.new_id()
            want = wire.want(content.id, self.port, transfer, swarm=True, serves=self.port)
            try:
                client = self.client((self.scene.host, port))
                client.send(wire.request(want))
                client.send(wire.message("Have", 0, transfer=transfer, complete=True))
                clients.append(client)
                self.messages += 2
            except OSError:
                self.note("this port is the PULL")
        self.serve()

    def on_want(self, route, sink, want):
        self.answer(route, wire.message("Have", 0, transfer=want["transfer"], complete=True))


# ---- strangers at the PULL ----

class PortScan(Attack):
    """Finds the sink's ports, and sends chunks that nobody asked for into all of them."""

    victim = "sink"
    same_host = True

    def data(self):
        big = zmtp.frames([wire.chunk_header(wire.new_id(), 3, 3 * 131072), bytes(131072)])
        small = zmtp.frames([wire.chunk_header(wire.new_id(), 0, 0), b"x"]) * 1000
        return big * 2 + small + zmtp.frames([b"x" * 32]) * 1000, 3002

    def run(self):
        data, per_round = self.data()
        pump = zmtp.Pump()
        while self.running():
            if len(pump.lines) < 8:
                for port in listening_ports(self.scene.sink_pid):
                    self.lines(pump, (self.scene.host, port), 2, data, per_round=per_round,
                               first=zmtp.ready(b"PUSH"))
            pump.step()
            time.sleep(0.002 if pump.lines else 0.05)
        self.close(pump)


class EndlessPush(PortScan):
    """Finds the sink's PULL, and sends it a message that never ends."""

    same_host = False

    def data(self):
        small = zmtp.frame(b"", zmtp.MORE) * 50000
        return small + zmtp.frame(bytes(262144), zmtp.MORE), 50001


class GarbageAtPull(PortScan):
    """Finds the sink's PULL, and sends it noise, frames of all sizes, and half messages."""

    same_host = False

    def run(self):
        head = wire.chunk_header(wire.new_id(), 0, 0)
        opening = zmtp.opening(b"PUSH")
        samples = [b"", b"\xff" * 100, self.random.randbytes(3000), zmtp.greeting(b"CURVE"),
                   opening + b"\x02" + struct.pack(">Q", 1 << 40), opening + self.random.randbytes(3000),
                   opening + zmtp.frame(head, zmtp.MORE), opening + zmtp.frame(b"", zmtp.COMMAND),
                   opening + zmtp.frames([head, bytes(1000)])[:-5], zmtp.opening(b"DEALER")]
        held = []
        while self.running():
            for port in listening_ports(self.scene.sink_pid):
                for sample in samples:
                    try:
                        sock = zmtp.connect((self.scene.host, port), self.address)
                        self.connections += 1
                        held.append(sock)
                        sock.settimeout(0.5)
                        zmtp.say(sock, sample)
                        self.messages += 1
                        self.bytes += len(sample)
                    except OSError:
                        self.note("cut by the victim")
            while len(held) > 60:
                zmtp.reset(held.pop(self.random.randrange(len(held))))
            self.sleep(0.02)
