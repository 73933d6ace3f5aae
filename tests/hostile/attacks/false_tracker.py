"""Trackers that lie, told apart by what they answer. Their victims are peers that trust them."""
import os

import wire
import zmq
from attack import Attack

EPOCH = 77


class FalseTracker(Attack):
    """Base: answers like a true one that knows nobody."""

    after_ready = True
    victim = "peers"
    name = "wanted.bin"  # that its victims ask for

    def run(self):
        context = zmq.Context()
        self.router = context.socket(zmq.ROUTER)
        self.router.linger = 0
        self.routes = []
        self.tell_ready(self.router.bind_to_random_port(f"tcp://{self.address}"))
        while self.running():
            if self.router.poll(20):
                self.take()
            self.idle()
        context.destroy(0)

    def take(self):
        while True:
            try:
                route, *frames = self.router.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if route not in self.routes:
                self.routes.append(route)
                self.connections += 1
            read = wire.read(frames)
            if read:
                self.on_message(route, *read)

    def on_message(self, route, kind, request, fields):
        answer = getattr(self, "on_" + kind.lower(), None)
        if answer:
            answer(route, request, fields)

    def send(self, route, parts):
        try:
            self.router.send_multipart([route, *parts], zmq.NOBLOCK)
            self.messages += 1
            self.bytes += sum(map(len, parts))
        except zmq.ZMQError:
            pass

    def idle(self):
        """What it does unasked."""

    def epoch(self):
        return EPOCH

    def answer(self, route, kind, request, **fields):
        self.send(route, wire.message(kind, request, epoch=self.epoch(), **fields))

    def on_register(self, route, request, fields):
        self.answer(route, "Registered", request, lease_ms=3000, heartbeat_ms=1000,
                    host=self.scene.host, port=fields["port"])

    def on_update(self, route, request, fields):
        self.answer(route, "Updated", request, sequence=fields["sequence"])

    def on_heartbeat(self, route, request, _):
        self.answer(route, "Alive", request)

    def on_leave(self, route, request, _):
        self.answer(route, "Left", request)

    def on_ping(self, route, request, _):
        self.send(route, wire.message("Pong", request, load=0))

    def on_find(self, route, request, fields):
        self.answer(route, "Found", request, files=[], next="")

    def on_listpeers(self, route, request, fields):
        self.answer(route, "PeerList", request, peers=[], next="")

    def file(self, name, sources, content=None):
        return {"name": name, "content": content or os.urandom(32), "size": 1000,
                "source_count": len(sources), "sources": sources}

    def source(self, host=None, port=None):
        return {"peer": wire.new_id(), "host": host or self.address,
                "port": port or self.random.randrange(1000, 60000), "labels": ""}


class EndlessPages(FalseTracker):
    """Always has one more page of files, and of peers."""

    page = 0

    def on_find(self, route, request, fields):
        self.page += 1
        files = [self.file(f"page/{self.page}/{number}", [self.source()]) for number in range(700)]
        self.answer(route, "Found", request, files=files, next=str(self.page))

    def on_listpeers(self, route, request, fields):
        self.page += 1
        peers = [{"peer": wire.new_id(), "host": self.address, "port": 9, "files": 1, "load": 1,
                  "heard_ms_ago": 1, "labels": ""} for _ in range(1024)]
        self.answer(route, "PeerList", request, peers=peers, next=str(self.page))


class EmptyPages(FalseTracker):
    """Always has one more page, with nothing on it."""

    same_host = True
    page = 0

    def on_find(self, route, request, fields):
        self.page += 1
        self.answer(route, "Found", request, files=[], next=str(self.page))


class SameCursor(FalseTracker):
    """Gives the same page again and again."""

    def on_find(self, route, request, fields):
        files = [self.file(self.name, [self.source()], bytes(32))]
        self.answer(route, "Found", request, files=files, next="again")


class ManySources(FalseTracker):
    """Names 20,000 sources of one file, none of which is there."""

    same_host = True
    count = 20000

    def on_find(self, route, request, fields):
        at = int(fields["after"] or 0)
        sources = [self.source(*self.place(at + number)) for number in range(256)]
        after = at + 256
        self.answer(route, "Found", request, files=[self.file(self.name, sources, bytes(32))],
                    next=str(after) if after < self.count else "")

    def place(self, number):
        return self.address, 1000 + number


class SourcesByName(ManySources):
    """Names sources by their DNS names."""

    count = 512

    def place(self, number):
        return f"source{number}.example.org", 1000 + number


class FalseAddress(FalseTracker):
    """Tells a peer that it listens where it does not."""

    same_host = True

    def on_register(self, route, request, fields):
        self.answer(route, "Registered", request, lease_ms=3000, heartbeat_ms=1000,
                    host="192.0.2.7", port=1)


class FailureFlood(FalseTracker):
    """Answers everything with Failures, many, of each code, and sends Pings and more Failures unasked."""

    def on_message(self, route, kind, request, fields):
        for code in range(1, 11):
            self.send(route, wire.message("Failure", request, code=code, reason="\x1b[2Jno", epoch=EPOCH))

    def idle(self):
        for route in self.routes[-4:]:
            for number in range(20):
                self.send(route, wire.message("Failure", number, code=3, reason="x" * 1000, epoch=EPOCH))
                self.send(route, wire.message("Ping", number))


class NoMessages(FalseTracker):
    """Answers with what is no message, or another one than was asked for."""

    same_host = True

    def on_message(self, route, kind, request, fields):
        noise = self.random.randbytes
        for parts in ([noise(16), noise(100)], [b""], [wire.header("Found", request)],
                      [wire.header("Found", request), noise(100)],
                      [wire.header("Registered", request), b"\x80"], [noise(30)] * 50,
                      wire.message("Updated", request, epoch=1, sequence=2**64 - 1),
                      wire.message("Registered", request, epoch=0, lease_ms=0, heartbeat_ms=0, host="", port=0),
                      [wire.header("Found", request), noise(262000)]):
            self.send(route, parts)


class OtherEpochs(FalseTracker):
    """Is another one with each answer."""

    def epoch(self):
        return self.random.getrandbits(63) + 1

    def on_find(self, route, request, fields):
        self.answer(route, "Found", request, files=[self.file(self.name, [self.source()])], next="")


class NoAnswer(FalseTracker):
    """Takes everything and answers nothing."""

    same_host = True

    def on_message(self, route, kind, request, fields):
        self.messages += 1


class ShortLease(FalseTracker):
    """Wants to hear something every millisecond."""

    def on_register(self, route, request, fields):
        self.answer(route, "Registered", request, lease_ms=1, heartbeat_ms=1, host=self.scene.host,
                    port=fields["port"])
