"""Attacks on any control ROUTER, by what a connection may do before and between messages."""
import itertools
import os
import struct
import time

import msgpack

import wire
import zmtp
from attack import Attack


class EndlessSmallFrames(Attack):
    """Sends one message that never ends, of frames without a byte."""

    frame_bytes = 0
    same_host = True

    def run(self):
        pump = zmtp.Pump()
        one = zmtp.frame(bytes(self.frame_bytes), zmtp.MORE)
        per_round = max(1, (1 << 18) // len(one))
        while self.running():
            for kind in (b"DEALER", b"ROUTER", b"REQ"):
                if len(pump.lines) < 6:
                    self.lines(pump, self.to, 1, one * per_round, per_round=per_round,
                               first=zmtp.ready(kind))
            pump.step()
            if not pump.lines:
                self.sleep(0.02)
        self.note("cut by the victim", pump.ended)
        self.close(pump)


class EndlessLargeFrames(EndlessSmallFrames):
    """Sends one message that never ends, of frames of 256 KiB."""

    frame_bytes = wire.CONTROL_BODY
    same_host = False


class Garbage(Attack):
    """Sends what is no ZMTP, or nearly: before, in, and after the greeting."""

    def samples(self):
        noise = self.random.randbytes
        greeting, opening = zmtp.greeting(), zmtp.opening()
        return [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + noise(500),
            b"", b"\xff", b"\0" * 64, b"\xff" * 4096, noise(64), noise(5000),
            b"\x01\x00", b"\xff" + bytes(8) + b"\x7f\x01\x00",  # older greetings
            b"\xff" + bytes(8) + b"\x7f\x09", zmtp.greeting(major=0), zmtp.greeting(major=99),
            zmtp.greeting(b"PLAIN"), zmtp.greeting(b"CURVE"), zmtp.greeting(b"GSSAPI"),
            zmtp.greeting(b"X" * 20), zmtp.greeting(as_server=1),
            greeting + zmtp.command(b"READY"), greeting + zmtp.command(b"ERROR", b"\x05hello"),
            greeting + zmtp.command(b"HELLO", noise(200)), greeting + zmtp.frame(b"too early"),
            greeting + zmtp.command(b"READY", zmtp.prop(b"Socket-Type", b"PULL")),
            greeting + zmtp.command(b"READY", zmtp.prop(b"Socket-Type", b"X" * 60000)),
            greeting + zmtp.command(b"READY", zmtp.prop(b"Identity", b"\0tracker" + noise(200))),
            greeting + zmtp.command(b"READY", b"\xff" * 300), greeting + zmtp.command(b""),
            greeting + zmtp.command(b"READY", b"\x0bSocket-Type\xff\xff\xff\xff"),
            opening + b"\x02" + struct.pack(">Q", 1 << 62), opening + b"\x02" + b"\xff" * 8,
            opening + b"\x03" + struct.pack(">Q", wire.CONTROL_BODY + 1) + noise(1000),
            opening + b"\xf8" + noise(100), opening + zmtp.command(b"READY"),
            opening + zmtp.command(b"SUBSCRIBE", noise(100)), opening + zmtp.command(b"PONG", noise(30)),
            opening + zmtp.command(b"PING"), opening + zmtp.frame(b""), opening + noise(3000),
            opening + zmtp.frames([b"", *wire.message("Ping", 1)]),
            opening + zmtp.frames([wire.header("Ping")]), opening + zmtp.frames([noise(16), b"\x80"]),
            opening + zmtp.frames([wire.header("Ping"), b"\xc1"]),
            opening + zmtp.frames([wire.header("Find"), b"\xdf\xff\xff\xff\xff"]),
            opening + zmtp.frames([wire.header("Update"), b"\x81\xa5added\xdd\xff\xff\xff\xff"]),
            opening + zmtp.frames([wire.header("Find"), b"\x81\xa1x" + b"\x91" * 200000]),
            opening + zmtp.frames([b"x"] * 1000),
        ]

    def run(self):
        held = []
        for sample in itertools.cycle(self.samples()):
            if not self.running():
                break
            try:
                sock = zmtp.connect(self.to, self.address)
                self.connections += 1
                sock.settimeout(0.5)
                held.append(sock)
                zmtp.say(sock, sample)
                self.messages += 1
                self.bytes += len(sample)
            except OSError:
                self.note("cut while it sent")
            if len(held) > 150:
                zmtp.reset(held.pop(0)) if self.messages % 2 else held.pop(0).close()
            if self.messages % 50 == 0:
                time.sleep(0.01)


class PingFlood(Attack):
    """Sends ZMTP's own PINGs without end and reads no PONG."""

    def run(self):
        pump = zmtp.Pump()
        pings = zmtp.command(b"PING", struct.pack(">H", 65535) + b"0123456789abcdef") * 1000
        self.lines(pump, self.to, 10, pings, window=4096, per_round=1000)
        self.lines(pump, self.to, 2, pings, per_round=1000, reads=True)
        pump.run(self.running)
        self.close(pump)


class DrippedGreeting(Attack):
    """Says its greeting a byte a second, on 200 connections."""

    same_host = True

    def run(self):
        held = []
        text = zmtp.opening()
        for at in range(len(text)):
            while len(held) < 200 and self.running():
                held.append(zmtp.connect(self.to, self.address))
                self.connections += 1
            for sock in list(held):
                try:
                    sock.send(text[at:at + 1])
                    self.messages += 1
                    self.bytes += 1
                except OSError:
                    held.remove(sock)
                    self.note("cut by the victim")
            self.sleep(1.0)
            if not self.running():
                break


class IdleCrowd(Attack):
    """Holds 1,000 connections: some say nothing, some greet, some register, some sent half a message."""

    def run(self):
        ping = zmtp.opening() + zmtp.frames(wire.message("Ping", 1))
        begins = [b"", zmtp.greeting(), zmtp.opening(), ping, ping[:-3], None]
        held = []
        for number in range(1000):
            if not self.running():
                break
            begin = begins[number % len(begins)]
            if begin is None:
                begin = zmtp.opening() + zmtp.frames(wire.register(port=1024 + number))
            try:
                sock = zmtp.connect(self.to, self.address)
                held.append(sock)
                self.connections += 1
                zmtp.say(sock, begin)
                self.messages += 1
                self.bytes += len(begin)
            except OSError:
                self.note("cut by the victim")
        while self.running():
            self.sleep(0.5)


class Storm(Attack):
    """Connects, sends a message up to any byte of it, and resets; without end."""

    same_host = True

    def texts(self):
        """Every message, three times each."""
        samples = FuzzedFields(self.scene).samples()
        return [zmtp.opening() + zmtp.frames(wire.message(kind, 9, **fields)) * 3
                for kind, fields in samples]

    def run(self):
        texts = self.texts()
        held = []
        while self.running():
            text = self.random.choice(texts)
            cut = self.random.randrange(len(text) + 1)
            try:
                sock = zmtp.connect(self.to, self.address)
                self.connections += 1
                zmtp.say(sock, text[:cut])
                self.messages += 1
                self.bytes += cut
                held.append(sock)
            except OSError:
                self.note("refused or cut")
            while len(held) > self.random.randrange(20):
                zmtp.reset(held.pop(self.random.randrange(len(held))))


class FuzzedFields(Attack):
    """Sends every message with right keys and any values, and a few with wrong ones."""

    def run(self):
        samples = self.samples()
        client = self.client(self.to)
        number = 1
        while self.running():
            kind, fields = self.random.choice(samples)
            fields = {key: self.any_value() if self.random.random() < 0.4 else value
                      for key, value in fields.items() if self.random.random() > 0.05}
            number += 1
            try:
                client.send([wire.header(kind, number), msgpack.packb(fields, use_bin_type=True)])
                self.messages += 1
                while client.receive(0.0 if number % 20 else 0.001):
                    self.note("answers")
            except (OSError, ValueError, OverflowError):
                self.note("cut by the victim")
                client.close()
                client = self.client(self.to)
            if number % 500 == 0:
                client.close()
                client = self.client(self.to)
            if number % 100 == 1:
                self.check_alive()

    def check_alive(self):
        with_pong = self.client(self.to)
        answer = self.ask(with_pong, wire.message("Ping", 77))
        if self.running() and (answer is None or answer[:2] != ("Pong", 77)):
            self.wrong(f"a Ping beside the fuzz is answered with {answer}")
        with_pong.close()

    def any_value(self):
        pick = self.random
        return pick.choice([
            lambda: pick.choice([0, 1, 127, 255, 65535, 65536, 2**31, 2**32 - 1, 2**63, 2**64 - 1]),
            lambda: pick.getrandbits(pick.randrange(1, 65)), lambda: -pick.randrange(1, 1000),
            lambda: pick.random(), lambda: None, lambda: True, lambda: "", lambda: "x" * 2000,
            lambda: pick.randbytes(pick.choice([0, 15, 16, 17, 31, 32, 33, 64, 5000])),
            lambda: "../../etc/passwd", lambda: "\x1b[2J", lambda: "a" * 255, lambda: [],
            lambda: [pick.getrandbits(32) for _ in range(pick.randrange(1100))],
            lambda: [self.scene.content.id] * 5, lambda: self.scene.content.id,
            lambda: {}, lambda: [{}], lambda: [[[[[[[[]]]]]]]], lambda: {"a": {"b": {}}},
            lambda: self.scene.name, lambda: self.scene.host, lambda: msgpack.ExtType(5, b"x")])()

    def samples(self):
        content = self.scene.content
        entry = wire.file_entry("fuzz/" + self.random.randbytes(4).hex(), os.urandom(32), 5)
        transfer = wire.new_id()
        return [
            ("Register", {"peer": wire.new_id(), "host": "", "port": 9, "heartbeat_ms": 1000, "labels": ""}),
            ("Update", {"epoch": 5, "sequence": 1, "full_begin": True, "full_end": True,
                        "added": [entry], "removed": []}),
            ("Heartbeat", {"epoch": 5, "sequence": 0, "load": 0}), ("Leave", {}),
            ("Find", {"by": 1, "query": "**", "after": "", "limit": 10}), ("ListPeers", {"after": ""}),
            ("Subscribe", {"query": "**", "after": "", "epoch": 5, "sequence": 1, "peers": True}),
            ("Changes", {"epoch": 1, "sequence": 1, "files": [], "next": "", "begin": True, "peers": [],
                         "gone": [wire.new_id()]}),
            ("Ping", {}), ("Pong", {"load": 1, "peer": wire.new_id()}),
            ("Failure", {"code": 3, "reason": "x", "epoch": 5}),
            ("GetManifests", {"contents": [content.id], "offset": 0}),
            ("Request", {"wants": [wire.want(content.id, 9, transfer, 1 << 20, [0, 1], swarm=True)]}),
            ("Request", {"wants": [{**wire.want(content.id, 9, transfer), "chunks": self.any_value(),
                                    "credit": self.any_value(), "port": self.any_value()}]}),
            ("Close", {"transfers": [transfer]}), ("Refused", {"transfer": transfer, "code": 5, "reason": ""}),
            ("Have", {"transfer": transfer, "complete": False, "bitmap": b"\xff" * 53, "chunks": [1]}),
            ("Registered", {"epoch": 1, "lease_ms": 1, "heartbeat_ms": 1, "host": "x", "port": 1}),
            ("Found", {"epoch": 1, "files": [], "next": ""}), ("PeerList", {"epoch": 1, "peers": [], "next": ""}),
            ("Manifests", {"parts": []}), ("Pushed", {"state": 1, "bytes": 1})]


class OtherTypes(Attack):
    """Sends types and versions that nobody knows, which are to be called unsupported."""

    same_host = True

    def run(self):
        client = self.client(self.to)
        number = 0
        while self.running():
            number += 1
            kind = self.random.choice([0, 0x60, 0x7F, 0xFE, 0xFF])
            version = self.random.choice([1, 2, 0, 255])
            parts = [wire.header(kind, number, version), self.random.randbytes(30)]
            answer = self.ask(client, parts)
            if not self.running():
                break
            right = (answer is not None and answer[:2] == ("Failure", number)
                     and answer[2]["code"] == wire.UNSUPPORTED)
            if not right:
                self.wrong(f"type {kind} of version {version} is answered with {answer}")
                break


class FailureToRouter(Attack):
    """Sends Failures, which must not be answered: two who did would never end."""

    def run(self):
        client = self.client(self.to)
        number = 0
        while self.running():
            number += 2
            for fields in ({"code": 3, "reason": "no", "epoch": 1}, {"code": 99}, {}):
                client.send(wire.message("Failure", number, **fields))
            answer = self.ask(client, wire.message("Ping", number + 1))
            if self.running() and (answer is None or answer[:2] != ("Pong", number + 1)):
                self.wrong(f"a Failure is answered with {answer}")
                break
