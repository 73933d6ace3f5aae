#!/usr/bin/python3
"""Checks xfs_wire against the test vectors of PROTOCOL.md, both ways.

    test_vectors.py PROTOCOL.md

Exit code 77: python3-msgpack is missing.
"""
import json
import sys

try:
    from xfs_wire import (TYPES, Manifest, chunk_size, decode, decode_chunk_header, encode,
                          encode_chunk_header, failure_for, is_failure)
except ImportError as missing:
    print(f"skipped: {missing}; install python3-msgpack")
    sys.exit(77)


def with_bytes(value):
    """The value with its texts of the form hex:... made bytes."""
    if isinstance(value, dict):
        return {key: with_bytes(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_bytes(inner) for inner in value]
    is_bytes = isinstance(value, str) and value.startswith("hex:")
    return bytes.fromhex(value[4:]) if is_bytes else value


def check_messages(vectors):
    for vector in vectors:
        kind, fields = vector["message"], with_bytes(vector["fields"])
        frames = [bytes.fromhex(vector["header"]), bytes.fromhex(vector["body"])]
        assert encode(kind, fields, vector["request"]) == frames, kind
        assert decode(frames) == (kind, fields, vector["request"]), kind
    assert {vector["message"] for vector in vectors} == set(TYPES)


def check_failures():
    """What is no message is answered, but for what says that it is a Failure."""
    failure = encode("Failure", {"code": 3, "reason": "no", "epoch": 0}, 7)
    later = [failure[0][:4] + b"\x02" + failure[0][5:], b"\x80"]
    ping = encode("Ping", {}, 9)
    assert is_failure(failure) and is_failure(failure[:1]) and is_failure(later)
    assert not is_failure(ping) and not is_failure([]) and not is_failure([b"hello", b""])
    for frames, code, request in (([ping[0], b"\xc1"], 1, 9), ([b"hello"], 1, 0),
                                  ([ping[0][:5] + b"\x7e" + ping[0][6:], b"\x80"], 2, 9)):
        kind, fields, number = decode(failure_for(frames))
        assert (kind, fields["code"], number) == ("Failure", code, request), frames


def check_chunk_header(vector):
    values = bytes.fromhex(vector["transfer"]), vector["chunk"], vector["offset"]
    assert encode_chunk_header(*values).hex() == vector["bytes"]
    assert decode_chunk_header(bytes.fromhex(vector["bytes"])) == values


def check_manifests(vectors):
    for vector in vectors:
        data = bytes.fromhex(vector["bytes"])
        manifest = Manifest(data, bytes.fromhex(vector["content_id"]))
        content = bytes(i % 251 for i in range(vector["size"]))
        assert manifest.size == len(content)
        for chunk, digest in enumerate(manifest.digests):
            begin = manifest.offset(chunk)
            assert manifest.hash(content[begin:begin + manifest.length(chunk)]) == digest
        try:
            Manifest(data[:-1] + bytes([data[-1] ^ 1]), bytes.fromhex(vector["content_id"]))
        except ValueError:
            continue
        raise AssertionError("a forged manifest was accepted")


def check_chunk_size():
    for size, expected in ((0, 131072), (134218751, 131072), (134218752, 262144), (268436480, 524288),
                           (2 ** 30, 2 ** 20), (2 ** 32, 2 ** 22), (2 ** 42, 2 ** 22)):
        assert chunk_size(size) == expected, size


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        vectors = json.loads(file.read().split("```json\n")[1].split("```")[0])
    check_messages(vectors["messages"])
    check_chunk_header(vectors["chunk_header"])
    check_manifests(vectors["manifests"])
    check_chunk_size()
    check_failures()
    print(f"{len(vectors['messages'])} messages, {len(vectors['manifests'])} manifests: good")


if __name__ == "__main__":
    main()
