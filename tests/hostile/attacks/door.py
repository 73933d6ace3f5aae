"""Attacks on the door of a source, by whoever reaches it over HTTP."""
import socket
import time

import zmtp
from attack import Attack

PORT = 8080  # of an address that is this run's alone
PATIENCE = 2.0  # seconds in which an honest program is answered
AT_ONCE = 40  # connections, fewer than the door hears at a time
ASK_EVERY = 0.3  # seconds


class Door(Attack):
    """Base: keeps connections busy, and asks as an honest program does now and then."""

    victim = "source"

    def requests(self):
        """What the connections send, one after the other, each again and again."""
        raise NotImplementedError

    def run(self):
        pump = zmtp.Pump()
        samples = self.requests()
        asked = 0.0
        while self.running():
            while len(pump.lines) < AT_ONCE and self.running():
                self.open(pump, samples[self.connections % len(samples)])
            pump.step()
            self.messages = pump.rounds + self.connections
            if time.monotonic() >= asked + ASK_EVERY:
                asked = time.monotonic()
                self.ask_honestly()
            time.sleep(0.005)
        self.close(pump)

    def open(self, pump, data):
        try:
            sock = socket.create_connection((self.scene.host, PORT), timeout=PATIENCE)
        except OSError as error:
            self.note(f"could not connect: {error}")
            self.sleep(0.05)
            return
        self.connections += 1
        pump.add(self.line(sock, data))

    def line(self, sock, data):
        return zmtp.Line(sock, data, reads=True)

    def ask_honestly(self):
        """Others may be told that there is no room now; nobody is kept waiting, or told what is wrong."""
        begun = time.monotonic()
        try:
            with socket.create_connection((self.scene.host, PORT), timeout=PATIENCE) as sock:
                sock.sendall(b"GET /files/%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" %
                             self.scene.small.encode())
                answer = b""
                while piece := sock.recv(4096):
                    answer += piece
        except OSError as error:
            if self.running():
                self.wrong(f"an honest program has no answer after "
                           f"{time.monotonic() - begun:.1f} s: {error}")
            return
        status = answer.split(b" ", 2)[1] if answer.startswith(b"HTTP/1.1 ") else b"none"
        self.note(f"honest answers with {status.decode()}")
        if status not in (b"200", b"503") or (status == b"200" and b"a small file\n" not in answer):
            self.wrong(f"an honest program is answered {answer[:80]!r}")


class DrippedHeads(Door):
    """Begins HTTP requests that never end, of empty and of endless headers."""

    def requests(self):
        begin = b"GET /files/big.bin HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        return [b"X: y\r\n", begin, b"A" * 100, begin + b"X: " + b"y" * 9000]


class GarbageRequests(Door):
    """Sends to the door for HTTP what is no request, or nearly."""

    def requests(self):
        noise = self.random.randbytes
        host = b"Host: 127.0.0.1\r\n"
        return [
            noise(64) + b"\r\n\r\n", b"\r\n\r\n", b"\0" * 200 + b"\r\n\r\n", zmtp.greeting(),
            b"GET http://elsewhere/files/a HTTP/1.1\r\n" + host + b"\r\n",
            b"GET /files/..%2f..%2fetc%2fpasswd HTTP/1.1\r\n" + host + b"\r\n",
            b"GET /files/%00 HTTP/1.1\r\n" + host + b"\r\n",
            b"POST /files/a HTTP/1.1\r\n" + host + b"Content-Length: 99999999999\r\n\r\n",
            b"GET /files/a HTTP/1.1\r\n" + host * 200 + b"\r\n",
            b"GET /files/big.bin HTTP/1.1\r\n" + host + b"Range: bytes=" + b"0-1," * 1000 + b"\r\n\r\n",
            b"GET /files/big.bin HTTP/1.1\r\n" + host +
            b"Range: bytes=18446744073709551615-\r\nIf-Range: \"x\r\n\r\n",
            b"GET /files/nobody-has-it-%d HTTP/1.1\r\n" % self.random.randrange(10**9) + host + b"\r\n",
            b"GET /files/small.txt HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",
        ]


class ReadersWhoDoNotRead(Door):
    """Asks over HTTP for a large file, again and again, and reads nothing of it."""

    def requests(self):
        return [b"GET /files/%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % self.scene.name.encode()]

    def line(self, sock, data):
        return zmtp.Line(sock, data, repeat=False, resets_at=time.monotonic() + 1.5)
