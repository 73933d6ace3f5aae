"""The messages, chunks and manifests of the xfs bus, as bytes: written from bus/PROTOCOL.md alone.

Numbers in brackets are sections of that page.
"""
import hashlib
import struct

import msgpack

VERSION = 1
TYPES = {  # [7]
    "Register": 0x01, "Registered": 0x02, "Update": 0x03, "Updated": 0x04, "Heartbeat": 0x05,
    "Alive": 0x06, "Leave": 0x07, "Left": 0x08, "Find": 0x09, "Found": 0x0A, "ListPeers": 0x0B,
    "PeerList": 0x0C, "Subscribe": 0x0D, "Changes": 0x0E, "Ping": 0x10, "Pong": 0x11,
    "Failure": 0x12, "GetManifests": 0x20, "Manifests": 0x21, "Request": 0x22, "Close": 0x23,
    "Refused": 0x24, "Have": 0x25, "Push": 0x26, "Pushed": 0x27}
KINDS = {number: kind for kind, number in TYPES.items()}
BY_NAME, BY_PATTERN = 0, 1
BAD_MESSAGE, UNSUPPORTED, UNKNOWN_PEER, RESYNC, BUSY = 1, 2, 3, 4, 7  # [11]
BODY_MOST, CHUNK_MOST, MANIFEST_MOST = 262144, 4194304, 67108960  # [14]
HASHES = {  # [13]
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sha512-256": lambda data: hashlib.new("sha512_256", data).digest(),
    "blake2b": lambda data: hashlib.blake2b(data, digest_size=32).digest()}


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


def news_of(changes):
    """(thing, state) of all that a Changes tells of, what is gone last: a state of None [8]."""
    news = [(("peer", peer["peer"].hex()), (shown(peer["host"]), peer["port"], shown(peer["labels"])))
            for peer in changes.get("peers", [])]
    news += [(("peer", peer.hex()), None) for peer in changes.get("gone", [])]
    for file in changes["files"]:
        state = file["size"], file["complete"], file["partial"]
        news.append(((file["content"].hex(), shown(file["name"])), state if any(state[1:]) else None))
    return sorted(news, key=lambda thing: thing[1] is None)


def is_failure(frames):
    """Whether the header says so, in any version: that is never answered."""
    return bool(frames) and len(frames[0]) == 16 and (frames[0][:4], frames[0][5]) == (
        b"XFSB", TYPES["Failure"])


def failure_for(frames):
    """The answer to frames that are no message [2, 4]."""
    known = len(frames) == 2 and len(frames[0]) == 16 and frames[0][:4] == b"XFSB"
    other = known and (frames[0][4] != VERSION or frames[0][5] not in KINDS)
    request = struct.unpack(">Q", frames[0][8:])[0] if known else 0
    return encode("Failure", {"code": UNSUPPORTED if other else BAD_MESSAGE,
                              "reason": "no message that this client takes", "epoch": 0}, request)


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
    return max(131072, power)


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
