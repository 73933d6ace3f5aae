"""The messages of the bus, as a stranger writes them: from bus/PROTOCOL.md alone.

Numbers in brackets are sections of that page.
"""
import hashlib
import os
import struct

import msgpack

TYPES = {  # [7]
    "Register": 0x01, "Registered": 0x02, "Update": 0x03, "Updated": 0x04, "Heartbeat": 0x05,
    "Alive": 0x06, "Leave": 0x07, "Left": 0x08, "Find": 0x09, "Found": 0x0A, "ListPeers": 0x0B,
    "PeerList": 0x0C, "Subscribe": 0x0D, "Changes": 0x0E, "Ping": 0x10, "Pong": 0x11,
    "Failure": 0x12, "GetManifests": 0x20, "Manifests": 0x21, "Request": 0x22, "Close": 0x23,
    "Refused": 0x24, "Have": 0x25, "Push": 0x26, "Pushed": 0x27}
KINDS = {number: kind for kind, number in TYPES.items()}

BY_NAME, BY_PATTERN, BY_CONTENT = 0, 1, 2
BAD_MESSAGE, UNSUPPORTED = 1, 2  # [11]
CONTROL_BODY, CHUNK_MOST = 262144, 4194304  # [14]


def header(kind, request=0, version=1):
    """The first frame of a control message [4]; `kind` is a name or a number."""
    number = kind if isinstance(kind, int) else TYPES[kind]
    return struct.pack(">4sBBHQ", b"XFSB", version, number, 0, request)


def message(kind, request=0, **fields):
    """Both frames of a control message; msgpack as in [5]."""
    return [header(kind, request), msgpack.packb(fields, use_bin_type=True)]


def read(frames):
    """(kind, request, fields) of a control message's two frames; None if it is none."""
    if len(frames) != 2 or len(frames[0]) != 16 or frames[0][:4] != b"XFSB":
        return None
    number, request = frames[0][5], struct.unpack(">Q", frames[0][8:])[0]
    fields = msgpack.unpackb(frames[1], raw=False, strict_map_key=False)
    return KINDS.get(number, number), request, fields


def new_id():
    """A peer id, or a transfer id."""
    return os.urandom(16)


def register(host="", port=7, peer=None, request=1, heartbeat_ms=1000, labels=""):
    return message("Register", request, peer=peer or new_id(), host=host, port=port,
                   heartbeat_ms=heartbeat_ms, labels=labels)


def update(epoch, added, sequence=1, request=2, begin=True, end=True, removed=()):
    return message("Update", request, epoch=epoch, sequence=sequence, full_begin=begin,
                   full_end=end, added=added, removed=list(removed))


def file_entry(name, content, size, have_ppm=1000000):
    return {"name": name, "content": content, "size": size, "have_ppm": have_ppm}


def find(query, by=BY_NAME, after="", request=3, limit=0):
    return message("Find", request, by=by, query=query, after=after, limit=limit)


def want(content, port, transfer=None, credit=0, chunks=(), **more):
    """`host` stays empty: the source takes the address that it sees [7]."""
    return {"transfer": transfer or new_id(), "content": content, "host": "", "port": port,
            "credit": credit, "chunks": list(chunks), **more}


def request(*wants):
    return message("Request", 0, wants=list(wants))


# ---- contents [13] ----

def chunk_size(size):
    target = min(size // 1024, 4194304)
    power = 1
    while power < target:
        power *= 2
    return max(131072, power)


def manifest(size, digests, algorithm=b"sha256"):
    """The canonical bytes of a manifest, true or not."""
    start = b"XFM\x01" + struct.pack(">QIBB", size, chunk_size(size), 32, len(algorithm))
    return start + algorithm + b"".join(digests)


def content_id(manifest_bytes):
    return hashlib.sha256(manifest_bytes).digest()


class Content:
    """A file's bytes as the bus sees them: its chunks, its manifest and its id."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        self.size = len(self.bytes)
        self.step = chunk_size(self.size)
        self.count = (self.size + self.step - 1) // self.step
        digests = (hashlib.sha256(self.chunk(i)).digest() for i in range(self.count))
        self.manifest = manifest(self.size, digests)
        self.id = content_id(self.manifest)

    def chunk(self, index):
        return memoryview(self.bytes)[index * self.step:(index + 1) * self.step]


def chunk_header(transfer, index, offset):
    """The first frame of a chunk on the PUSH/PULL pipe [4]."""
    return struct.pack(">4sIQ16s", b"XFC\x01", index, offset, transfer)
