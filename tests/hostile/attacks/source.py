"""Attacks on a peer as a source, by what its control socket and its PUSH can be told."""
import os
import selectors
import socket
import time

import wire
import zmtp
from attack import Attack
from programs import listening_ports

REFUSED = 5  # the state of a push [7]


class AtSource(Attack):
    """Base: the victim is the honest source."""

    victim = "source"

    def listen(self, host=None, window=None):
        """A listening socket, and its port."""
        sock = socket.socket()
        if window:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        sock.bind((host or self.address, 0))
        sock.listen(1000)
        sock.setblocking(False)
        return sock, sock.getsockname()[1]

    def say(self, client, parts):
        client.send(parts)
        self.messages += 1
        self.bytes += sum(map(len, parts))

    def drain(self, client):
        """Takes what has come; the answers, by kind."""
        while frames := client.receive(0):
            read = wire.read(frames)
            self.note(f"got {read[0] if read else 'no message'}")


class ManyTransfers(AtSource):
    """Opens 2,000 transfers, asks for 4,096 chunks of each, and grants no credit."""

    same_host = True

    def run(self):
        listener, port = self.listen()
        content = self.scene.content
        client = self.client(self.to)
        chunks = [i % content.count for i in range(1024)]
        transfers = [wire.new_id() for _ in range(2000)]
        for _ in range(4):
            for begin in range(0, len(transfers), 50):
                wants = [wire.want(content.id, port, transfer, 0, chunks)
                         for transfer in transfers[begin:begin + 50]]
                self.say(client, wire.request(*wants))
                self.drain(client)
                if not self.running():
                    return
        while self.running():
            self.say(client, wire.message("Ping", 1))
            self.drain(client)
            self.sleep(0.2)
        listener.close()


class ManyPorts(AtSource):
    """Names thousands of ports, of its PULL and of its ROUTER, at most of which nobody listens."""

    def run(self):
        content = self.scene.content
        client = self.client(self.to)
        port = 1024
        while self.running():
            wants = []
            for _ in range(200):
                port = port + 1 if port < 65000 else 1024
                wants.append(wire.want(content.id, port, None, 1 << 30, [0, 1], swarm=True,
                                       serves=port + 500))
            try:
                self.say(client, wire.request(*wants))
                self.drain(client)
            except OSError:
                self.note("cut by the victim")
                client = self.client(self.to)
            self.sleep(0.01)


class PortAfterPort(AtSource):
    """Has a connection made to one port after another, thousands, and gives each up at once."""

    same_host = True

    def run(self):
        clients = [self.client(self.to) for _ in range(8)]
        port = 1024
        while self.running():
            for number, client in enumerate(clients):
                port = port + 4 if port < 65000 else 1024
                try:
                    self.name(client, range(port, port + 4))
                except OSError:
                    self.note("cut by the victim")
                    clients[number] = self.client(self.to)

    def name(self, client, ports):
        """As many as a connection may name at once."""
        transfers = {wire.new_id(): port for port in ports}
        self.say(client, wire.request(*(wire.want(self.scene.content.id, port, transfer, 0, [0])
                                        for transfer, port in transfers.items())))
        self.say(client, wire.message("Close", 0, transfers=list(transfers)))
        self.drain(client)


class ThirdMachine(AtSource):
    """Asks for chunks to be sent to a machine that has asked for nothing."""

    def run(self):
        listener, port = self.listen(self.scene.third)
        content = self.scene.content
        client = self.client(self.to)
        while self.running():
            for host in (self.scene.third, "localhost", ""):
                more = {"host": host, "data_host": host, "data_port": port}
                self.say(client, wire.request({**wire.want(
                    content.id, port, None, 1 << 30, range(content.count), swarm=True, serves=port), **more}))
            self.drain(client)
            try:
                listener.accept()[0].close()
                self.wrong(f"it connected to the third machine, {self.scene.third}")
            except BlockingIOError:
                pass
            self.sleep(0.1)


class ManifestsNeverRead(AtSource):
    """Asks for 1,024 manifests at a time on 50 connections, and reads none."""

    same_host = True

    def run(self):
        pump = zmtp.Pump()
        asks = zmtp.frames(wire.message("GetManifests", 7, contents=[self.scene.content.id] * 1024))
        self.lines(pump, self.to, 50, asks, window=4096)
        pump.run(self.running)
        self.close(pump)


class AnswersNeverRead(AtSource):
    """Asks for what is refused at once, pings and pushes, on 50 connections, and reads no answer."""

    def run(self):
        pump = zmtp.Pump()
        content = self.scene.content
        wants = [wire.want(os.urandom(32), 9), wire.want(content.id, 9, None, 1, [2**32 - 1])] * 100
        asks = [wire.request(*wants), wire.message("Ping", 1),
                wire.message("Push", 2, name="x", content=content.id, size=1)]
        self.lines(pump, self.to, 50, b"".join(map(zmtp.frames, asks)), window=4096, per_round=len(asks))
        pump.run(self.running)
        self.close(pump)


class HaveFlood(AtSource):
    """Says over and over what it has: with bitmaps, right, too long and of no transfer at all."""

    def run(self):
        listener, port = self.listen()
        content = self.scene.content
        client = self.client(self.to)
        transfer = wire.new_id()
        self.say(client, wire.request(wire.want(content.id, port, transfer, 0, (), swarm=True, serves=port)))
        size = (content.count + 7) // 8
        haves = [wire.message("Have", 0, transfer=transfer, bitmap=self.random.randbytes(size)),
                 wire.message("Have", 0, transfer=transfer, bitmap=bytes(131072)),
                 wire.message("Have", 0, transfer=wire.new_id(), bitmap=b"\xff" * 131072),
                 wire.message("Have", 0, transfer=transfer, complete=True),
                 wire.message("Have", 0, transfer=transfer, chunks=list(range(1024))),
                 wire.message("Have", 0, transfer=transfer, chunks=[2**32 - 1] * 1024)]
        while self.running():
            for have in haves:
                self.say(client, have)
            self.drain(client)
        listener.close()


class LookFlood(AtSource):
    """Has the source look at 64 contents with each Ping, one that it has and others, without pause."""

    same_host = True

    def run(self):
        client = self.client(self.to)
        content = self.scene.content.id
        while self.running():
            contents = [content, *(os.urandom(32) for _ in range(31)), *[content] * 32]
            try:
                self.say(client, wire.message("Ping", 7, contents=contents))
                while frames := client.receive(0):
                    self.check(wire.read(frames))
            except OSError:
                self.note("cut by the victim")
                client = self.client(self.to)

    def check(self, read):
        if not read or read[0] != "Pong":
            return
        have = read[2].get("have", [])
        self.note("told of all" if len(have) == 64 else "told of some" if have else "told of none")
        if len(have) > 64 or any(have[1:32]):
            self.wrong(f"it has what nobody has: {have}")


class CloseUnknown(AtSource):
    """Closes 4,096 transfers at a time that it never opened."""

    same_host = True

    def run(self):
        client = self.client(self.to)
        while self.running():
            self.say(client, wire.message("Close", 0, transfers=[os.urandom(16) for _ in range(4096)]))
            self.drain(client)


class RepeatedIds(AtSource):
    """Uses one transfer id for several contents, ports and connections, and one id a thousand times."""

    same_host = True

    def run(self):
        listener, port = self.listen()
        content = self.scene.content
        clients = [self.client(self.to) for _ in range(8)]
        transfer = wire.new_id()
        while self.running():
            for number, client in enumerate(clients):
                wants = [wire.want(content.id, port, transfer, 0, [5] * 20),
                         wire.want(os.urandom(32), port, transfer, 1, [0]),
                         wire.want(content.id, port + number, transfer, 1, [2**32 - 1])]
                self.say(client, wire.request(*wants * 300))
                self.say(client, wire.message("GetManifests", 5, contents=[content.id] * 100, offset=1))
                self.say(client, wire.message("Close", 0, transfers=[transfer] * 100))
                self.drain(client)
        listener.close()


class PushFlood(AtSource):
    """Pushes thousands of files that nobody has."""

    def run(self):
        client = self.client(self.to)
        number = 0
        while self.running():
            number += 1
            self.push(client, number)
            self.drain(client)
            if number % 200 == 0:
                self.sleep(0.05)

    def push(self, client, number):
        self.say(client, wire.message("Push", number, name=f"pushed/{number}/x" + "y" * 200,
                                      content=os.urandom(32), size=self.random.choice([1, 1 << 42])))


class RefusedPushes(PushFlood):
    """Pushes thousands of files to a sink that takes none, and says so."""

    victim = "sink"
    same_host = True

    def run(self):
        clients = []
        for port in listening_ports(self.scene.sink_pid):
            try:
                clients.append(self.client((self.scene.host, port)))
                self.push(clients[-1], 1)
            except OSError:
                self.note("this port is the PULL")
        number = 1
        while self.running():
            number += 1
            for client in list(clients):
                try:
                    self.push(client, number)
                    self.take(client)
                except OSError:
                    clients.remove(client)
            self.sleep(0.001)

    def take(self, client):
        while frames := client.receive(0):
            read = wire.read(frames)
            self.note(f"answered with {read[0]} {read[2].get('state', '')}")
            if read[0] == "Pushed" and read[2]["state"] != REFUSED:
                self.wrong("it takes a push, which nobody allowed")


class StuckSink(AtSource):
    """Asks for everything, at once and with all credit, and does not read its PULL."""

    swarm = False

    def run(self):
        content = self.scene.content
        held = []
        listener, _ = self.listen(window=4096)
        listeners = [listener] + [self.listen(window=4096)[0] for _ in range(19)]
        clients = []
        for each in listeners:
            client = self.client(self.to)
            clients.append(client)
            self.say(client, wire.request(wire.want(
                content.id, each.getsockname()[1], None, 1 << 40, range(content.count),
                swarm=self.swarm)))
        selector = selectors.DefaultSelector()
        for each in listeners:
            selector.register(each, selectors.EVENT_READ)
        asked = time.monotonic()
        while self.running():
            for key, _ in selector.select(0.2):
                sock, _ = key.fileobj.accept()
                sock.settimeout(1.0)
                self.note("data connections")
                held.append(sock)
                self.welcome(sock)
            if time.monotonic() > asked + 1:
                asked = time.monotonic()
                for client in clients:
                    self.say(client, wire.message("Ping", 1))
                    self.drain(client)

    def welcome(self, sock):
        try:
            zmtp.greet(sock)
            sock.sendall(zmtp.ready(b"PULL"))
        except OSError:
            self.note("cut by the victim")


class HoardingSink(StuckSink):
    """Joins the swarm, so that chunks are offered to it, and takes none."""

    swarm = True


class ResettingSink(StuckSink):
    """Takes the data connection and resets it, at any moment."""

    same_host = True

    def welcome(self, sock):
        super().welcome(sock)
        try:
            for _ in range(self.random.randrange(3)):
                sock.recv(self.random.randrange(1, 100000))
        except OSError:
            pass
        zmtp.reset(sock)
