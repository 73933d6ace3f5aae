"""ZMTP 3.0 by hand, over a raw socket: what no well-behaved library would let a stranger do."""
import selectors
import socket
import struct
import time

MORE, LONG, COMMAND = 1, 2, 4
NEVER = 1e9
SEND_MOST = 2.0  # seconds that a proper client waits until its message is taken

# An address is chosen together with its port, at connect: thousands may leave one address.
IP_BIND_ADDRESS_NO_PORT = 24


def greeting(mechanism=b"NULL", major=3, as_server=0):
    signature = b"\xff" + bytes(7) + b"\x01\x7f"
    return signature + bytes([major, 0]) + mechanism.ljust(20, b"\0") + bytes([as_server]) + bytes(31)


def frame(body, flags=0):
    """One frame. Its length takes a byte, or eight."""
    body = bytes(body)
    if len(body) > 255:
        return struct.pack(">BQ", flags | LONG, len(body)) + body
    return bytes([flags, len(body)]) + body


def frames(parts):
    """A message of several frames."""
    return b"".join(frame(part, MORE) for part in parts[:-1]) + frame(parts[-1])


def command(name, body=b""):
    return frame(bytes([len(name)]) + name + body, COMMAND)


def prop(name, value):
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def ready(socket_type=b"DEALER"):
    return command(b"READY", prop(b"Socket-Type", socket_type) + prop(b"Identity", b""))


def opening(socket_type=b"DEALER"):
    """All that a client has to say before its first message."""
    return greeting() + ready(socket_type)


def connect(to, source=None, window=None, wait=3.0):
    """A TCP connection from the address `source`; `window` makes its receive buffer small."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if window:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        if source:
            sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind((source, 0))
        sock.settimeout(wait)
        sock.connect(to)
    except OSError:
        sock.close()
        raise
    return sock


def greet(sock):
    """Exchanges the greetings. Who sends more before it has the other's may be cut off."""
    sock.sendall(greeting())
    left = 64
    while left:
        data = sock.recv(left)
        if not data:
            raise ConnectionError("closed instead of a greeting")
        left -= len(data)


def say(sock, text):
    """Sends `text`, which may begin with a greeting."""
    if len(text) > 64 and text[:64] == greeting():
        greet(sock)
        text = text[64:]
    sock.sendall(text)


def reset(sock):
    """Ends the connection with RST instead of FIN."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    finally:
        sock.close()


class Reader:
    """Takes frames out of the bytes that a peer sends after its greeting."""

    def __init__(self):
        self.buffer = bytearray()
        self.parts = []

    def feed(self, data):
        """The messages, lists of frames, that are complete with `data`; commands are left out."""
        self.buffer += data
        done = []
        at = 0
        while (size := self._size(at)) is not None:
            begin, length = size
            flags = self.buffer[at]
            at = begin + length
            if flags & COMMAND:
                continue
            self.parts.append(bytes(self.buffer[begin:at]))
            if not flags & MORE:
                done.append(self.parts)
                self.parts = []
        del self.buffer[:at]
        return done

    def _size(self, at):
        """Where the body of the frame at `at` begins, and its length; None: not here yet."""
        here = len(self.buffer) - at
        if here < 2:
            return None
        if self.buffer[at] & LONG:
            if here < 9:
                return None
            begin, length = at + 9, struct.unpack_from(">Q", self.buffer, at + 1)[0]
        else:
            begin, length = at + 2, self.buffer[at + 1]
        return (begin, length) if len(self.buffer) - begin >= length else None


class Client:
    """A connection that speaks properly: asks, and waits for the answer."""

    def __init__(self, to, source=None, socket_type=b"DEALER"):
        self.sock = connect(to, source)
        self.reader = Reader()
        self.waiting = []
        say(self.sock, opening(socket_type))

    def send(self, parts):
        self.sock.settimeout(SEND_MOST)
        self.sock.sendall(frames(parts))

    def receive(self, wait=2.0):
        """The next message; None when there is none in time, or never again. 0: only what is here."""
        end = time.monotonic() + wait
        while not self.waiting:
            self.sock.settimeout(max(0.0, end - time.monotonic()))
            try:
                data = self.sock.recv(1 << 18)
            except OSError:
                return None
            if not data:
                return None
            self.waiting += self.reader.feed(data)
        return self.waiting.pop(0)

    def close(self):
        self.sock.close()


class Line:
    """One of many connections that a Pump keeps busy."""

    def __init__(self, sock, data, repeat=True, reads=False, first=b"", resets_at=NEVER):
        sock.setblocking(False)
        self.sock = sock
        self.data = memoryview(data)
        self.first = memoryview(first)
        self.at = 0
        self.repeat = repeat
        self.reads = reads
        self.resets_at = resets_at  # on the monotonic clock
        self.rounds = 0
        self.sent = 0
        self.read = 0
        self.error = None

    def write(self):
        """Sends what the socket takes; False when there is no more to send."""
        piece = self.first if self.first is not None else self.data
        try:
            n = self.sock.send(piece[self.at:self.at + (1 << 18)])
        except BlockingIOError:
            return True
        self.sent += n
        self.at += n
        if self.at < len(piece):
            return True
        self.at = 0
        if self.first is not None and len(self.first):
            self.first = None
            return len(self.data) > 0
        self.first = None
        self.rounds += 1
        return self.repeat


class Pump:
    """Writes to many connections at once, and reads from those that read."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.lines = set()
        self.sent = self.read = self.rounds = self.ended = 0
        self.per_round = 1  # messages that a line's data holds

    def add(self, line):
        if not len(line.first):
            line.first = None
        events = selectors.EVENT_WRITE | (selectors.EVENT_READ if line.reads else 0)
        self.selector.register(line.sock, events, line)
        self.lines.add(line)
        return line

    def run(self, running, pause=0.0):
        """Until `running()` is false, or no connection is left."""
        while self.lines and running():
            self.step()
            if pause:
                time.sleep(pause)

    def step(self, wait=0.1):
        for key, events in self.selector.select(wait):
            self._serve(key.data, events)
        now = time.monotonic()
        for line in [line for line in self.lines if line.resets_at <= now]:
            self.drop(line, with_reset=True)

    def _serve(self, line, events):
        try:
            if events & selectors.EVENT_READ:
                data = line.sock.recv(1 << 18)
                if not data:
                    raise ConnectionError("closed by the other side")
                line.read += len(data)
            if events & selectors.EVENT_WRITE and not line.write():
                keep = selectors.EVENT_READ if line.reads else 0
                if keep:
                    self.selector.modify(line.sock, keep, line)
                else:
                    self.selector.unregister(line.sock)
        except BlockingIOError:
            pass
        except OSError as error:
            line.error = error
            self.drop(line)

    def drop(self, line, with_reset=False):
        try:
            self.selector.unregister(line.sock)
        except KeyError:
            pass
        self.lines.discard(line)
        self.ended += 1
        self._add_up(line)
        reset(line.sock) if with_reset else line.sock.close()

    def _add_up(self, line):
        self.sent += line.sent
        self.read += line.read
        self.rounds += line.rounds

    def close(self):
        for line in list(self.lines):
            self.drop(line)
        self.selector.close()
