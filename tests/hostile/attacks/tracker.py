"""Attacks on the tracker by what its directory does with messages."""
import os
import time

import wire
import zmtp
from attack import Attack


class Registered:
    """A peer as the tracker sees it, that a stranger made up."""

    def __init__(self, attack, host="", port=7, peer=None, to=None):
        self.attack = attack
        self.client = attack.client(to or attack.scene.tracker)
        self.sequence = 0
        self.epoch = 0
        self.answer = attack.ask(self.client, wire.register(host, port, peer, heartbeat_ms=0))
        if self.answer and self.answer[0] == "Registered":
            self.epoch = self.answer[2]["epoch"]

    def announce(self, entries, begin=None, end=True):
        """The answer to an Update of its list."""
        self.sequence += 1
        begin = self.sequence == 1 if begin is None else begin
        return self.attack.ask(self.client, wire.update(self.epoch, entries, self.sequence,
                                                        100 + self.sequence, begin, end))

    def stay(self):
        """Answers what came, so that the tracker goes on to believe in it."""
        while frames := self.client.receive(0):
            read = wire.read(frames)
            if read and read[0] == "Ping":
                self.client.send(wire.message("Pong", read[1], load=0))


def fill(attack, count, name):
    """Announces `count` files, called `name(i)`; the peer that has them."""
    peer = Registered(attack, port=attack.random.randrange(1000, 60000))
    for begin in range(0, count, 500):
        entries = [wire.file_entry(name(i), os.urandom(32), i) for i in range(begin, min(begin + 500, count))]
        peer.announce(entries, begin == 0, begin + 500 >= count)
    return peer


class FindsNeverRead(Attack):
    """Asks and asks, reads nothing, and resets after a time: 1 s to 6 s, and just before 5 s."""

    def run(self):
        pump = zmtp.Pump()
        begun = time.monotonic()
        data = zmtp.frames(wire.find(self.scene.small)) * 500
        for moment in (1, 2, 3, 4, 4.8, 4.9, 4.95, 4.97, 4.99, 5.0, 5.02, 5.05, 5.1, 5.5, 6):
            self.lines(pump, self.to, 2, data, window=4096, per_round=500, resets_at=begun + moment)
        pump.run(self.running)
        self.close(pump)


class BurstThenReset(Attack):
    """Rests, then asks 1,500 times at once and resets: just before and after 1, 2, 3, 4 and 5 s."""

    def run(self):
        burst = zmtp.frames(wire.find(self.scene.small)) * 1500
        due = []
        for second in (1, 2, 3, 4, 5, 5, 5):
            for ms in range(-60, 12, 3):
                sock = zmtp.connect(self.to, self.address)
                self.connections += 1
                zmtp.say(sock, zmtp.opening())
                due.append((time.monotonic() + second + ms / 1000, sock))
        for moment, sock in sorted(due, key=lambda pair: pair[0]):
            while self.running() and (left := moment - time.monotonic()) > 0:
                time.sleep(min(left, 0.02))
            sock.setblocking(False)
            try:
                self.bytes += sock.send(burst)
                self.messages += 1500
            except OSError:
                self.note("cut by the victim")
            zmtp.reset(sock)
        while self.running():
            self.sleep(0.1)


class PagesNeverRead(Attack):
    """Announces 20,000 files, asks for all of them on 400 connections, and reads no page."""

    same_host = True

    def run(self):
        peer = fill(self, 20000, lambda i: f"pages/{self.address}/number {i:06d} of twenty thousand")
        pump = zmtp.Pump()
        asks = (zmtp.frames(wire.find("**", wire.BY_PATTERN)) * 20
                + zmtp.frames(wire.message("ListPeers", 5, after="")) * 5)
        self.lines(pump, self.to, 400, asks, window=4096, per_round=25)
        while self.running():
            peer.stay()
            pump.step()
            time.sleep(0.002)
        self.close(pump)


class SubscriptionFlood(Attack):
    """Subscribes with costly patterns on 300 connections, half of which read, and changes its files."""

    def run(self):
        peer = fill(self, 2000, self.name)
        pump = zmtp.Pump()
        patterns = ["**a**a**a**a**b", "**" * 60 + "zz", "*", "**"]
        asks = b"".join(zmtp.frames(wire.message("Subscribe", 7, query=pattern, after="", **since))
                        for pattern in patterns
                        for since in ({}, {"epoch": peer.epoch, "sequence": 0},
                                      {"epoch": peer.epoch, "sequence": 1 << 60}))
        for reads in (True, False):
            self.lines(pump, self.to, 150, asks, per_round=3 * len(patterns), reads=reads)
        number = 0
        while self.running():
            entries = [wire.file_entry(self.name(i % 2000), os.urandom(32), i)
                       for i in range(number, number + 200)]
            number += 200
            answer = peer.announce(entries, False, False)
            self.note(f"answered with {answer and answer[0]}")
            pump.step()
            time.sleep(0.002)
        self.close(pump)

    def name(self, number):
        return "/".join(["a" * 120] * 3) + f"/{number:06d}"


class PeerFlood(Attack):
    """Subscribes to peers on 300 connections, half of which read, and has peers come and go all the time."""

    def run(self):
        pump = zmtp.Pump()
        asks = b"".join(zmtp.frames(wire.message("Subscribe", 7, query=query, after="", peers=True, **since))
                        for query in ("", "**")
                        for since in ({}, {"epoch": 1, "sequence": 0},
                                      {"epoch": 1, "sequence": 1 << 60}))
        for reads in (True, False):
            self.lines(pump, self.to, 150, asks, per_round=12, reads=reads)
        client = self.client(self.to)
        port = self.random.randrange(1000, 60000)
        while self.running():
            # Another peer on the same connection: the one before is gone.
            answer = self.ask(client, wire.register(port=port, labels="a=" + "x" * 1000))
            self.note(f"answered with {answer and answer[0]}")
            pump.step()
            time.sleep(0.002)
        self.close(pump)


class GlobFlood(Attack):
    """Asks for costly patterns on 300 connections at once, and reads the answers."""

    def run(self):
        peer = fill(self, 5000, lambda i: "/".join(["a" * 120] * 3) + f"/{i:06d}")
        pump = zmtp.Pump()
        patterns = ["*a*a*a*a*a*b", "**a**a**a**a**b", "[!b]*[!c]*[!d]**?zz", "**" * 60 + "zz", "**/**/**/zz"]
        data = b"".join(zmtp.frames(wire.find(pattern, wire.BY_PATTERN)) for pattern in patterns)
        self.lines(pump, self.to, 300, data, per_round=len(patterns), reads=True)
        while self.running():
            peer.stay()
            pump.step()
            time.sleep(0.002)
        self.close(pump)


class TakeEndpoint(Attack):
    """Registers the honest source's address and port as its own, again and again."""

    def made(self):
        return self.scene.source[0], self.scene.source[1], wire.new_id()

    def run(self):
        held = []
        while self.running():
            try:
                peer = Registered(self, *self.made())
                self.note(f"answered with {peer.answer and peer.answer[0]}")
                if peer.epoch:
                    peer.announce([])
                held.append(peer)
            except OSError:
                self.note("cut by the victim")
            if len(held) > 30:
                held.pop(0).client.close()
            for peer in held:
                peer.stay()
            time.sleep(0.02)


class TakeEndpointSameHost(TakeEndpoint):
    """Registers the honest source's address and port as its own, from the same machine."""

    same_host = True


class TakeId(TakeEndpoint):
    """Registers the honest source's peer id, which everybody can read, at a port of its own."""

    same_host = True
    known = None

    def made(self):
        if self.known is None:
            client = self.client(self.to)
            found = self.ask(client, wire.find(self.scene.small))
            files = found[2].get("files", []) if found else []
            self.known = files[0]["sources"][0]["peer"] if files else wire.new_id()
            client.close()
        return "", self.random.randrange(1000, 60000), self.known


class ForeignHost(Attack):
    """Registers a file at the address of a machine that it is not."""

    foreign = "192.0.2.1"  # kept for documentation: nobody's

    def run(self):
        count = 0
        while self.running():
            count += 1
            name = f"foreign/{type(self).__name__}/{count}"
            peer = Registered(self, host=self.foreign, port=7000 + count % 1000)
            self.note(f"answered with {peer.answer and peer.answer[0]}")
            if peer.epoch:
                peer.announce([wire.file_entry(name, os.urandom(32), 1)])
                found = self.ask(peer.client, wire.find(name))
                for file in found[2].get("files", []) if found else []:
                    for source in file["sources"]:
                        if source["host"] == self.foreign:
                            self.wrong(f"a file is said to be at {self.foreign}, which announced nothing")
            peer.client.close()
            time.sleep(0.02)


class HostNames(Attack):
    """Registers as a source of the honest files under a DNS name; nobody answers who is asked for it."""

    after_ready = True

    def run(self):
        peers = []
        for number in range(5):
            peer = Registered(self, host=f"silent{number}.example.org", port=7000)
            self.note(f"answered with {peer.answer and peer.answer[0]}")
            if peer.epoch:
                peer.announce([wire.file_entry(self.scene.name, self.scene.content.id, self.scene.content.size),
                               wire.file_entry(self.scene.small, os.urandom(32), 5)])
                peers.append(peer)
        self.tell_ready()
        client = self.client(self.to)
        while self.running():
            found = self.ask(client, wire.find(self.scene.name))
            for file in found[2].get("files", []) if found else []:
                if any(source["host"].endswith("example.org") for source in file["sources"]):
                    self.wrong("a source is named whose host is a DNS name")
            for peer in peers:
                peer.stay()
            self.sleep(0.2)


class LongNames(Attack):
    """Announces names of 1,000 bytes, as many as are taken, as one peer after the other."""

    same_host = True
    per_update = 230

    def name(self, number):
        return "/".join(["n" * 248] * 4)[:-16] + f"{number:016d}"

    def run(self):
        number = 0
        held = []
        while self.running():
            try:
                peer = Registered(self, port=self.random.randrange(1000, 60000))
                held.append(peer)
                while self.running():
                    contents = os.urandom(32 * self.per_update)
                    entries = [wire.file_entry(self.name(number + i), contents[32 * i:32 * i + 32], i)
                               for i in range(self.per_update)]
                    answer = peer.announce(entries, end=False)
                    for other in held:
                        other.stay()
                    if not answer or answer[0] != "Updated":
                        self.note(f"refused with {answer and answer[2].get('code')}")
                        break
                    number += self.per_update
                    self.notes["names taken"] = number
            except OSError:
                self.note("cut by the victim")
            self.sleep(0.05)
            if len(held) > 100:
                held.pop(0).client.close()


class ManyNames(LongNames):
    """Announces 1,024 short names with each Update, as many as are taken."""

    same_host = False
    per_update = 1024

    def name(self, number):
        return f"m/{self.address}/{number}"


class FalseCursors(Attack):
    """Goes on from pages that never were."""

    def run(self):
        client = self.client(self.to)
        while self.running():
            size = self.random.choice([1, 2, 16, 100, 1024, 1089])
            cursor = self.random.choice(["\x7f", "x", "ä", "0", "/", "\U0010ffff"]) * size
            cursor = cursor.encode()[:size].decode(errors="ignore")
            for ask in (wire.find("**", wire.BY_PATTERN, cursor), wire.find("x", wire.BY_NAME, cursor),
                        wire.find("", wire.BY_CONTENT, cursor),
                        wire.message("ListPeers", 3, after=cursor),
                        wire.message("Subscribe", 4, query="*", after=cursor),
                        wire.message("Subscribe", 5, query="", after="@" + cursor[:1000], peers=True)):
                answer = self.ask(client, ask)
                if answer is None and self.running():
                    self.wrong(f"no answer to a cursor of {size} bytes")
                    client.close()
                    client = self.client(self.to)
