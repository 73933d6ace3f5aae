"""Values of Python from the structs of C.

A field of a value is the field of the struct that has its name; how it is read follows from its
annotation.
"""
from __future__ import annotations

import dataclasses
import enum
import math
import os
from pathlib import Path
from typing import Any, Callable

from . import values
from ._library import ffi, lib

_Read = Callable[[Any], Any]


def text_of(text: Any) -> str:
    """A text of the library, which is UTF-8; what is not is kept as Python does."""
    return str(ffi.string(text), "utf-8", "surrogateescape")


def _path_of(text: Any) -> Path | None:
    return Path(os.fsdecode(ffi.string(text))) if text[0] != b"\0" else None


def _enum(kind: type[enum.IntEnum]) -> _Read:
    """A member; of one that a later library has, its number."""
    return lambda number: kind(number) if number in kind.__members__.values() else number


_BY_ANNOTATION: dict[str, _Read] = {
    "str": text_of,
    "int": int,
    "float": float,
    "bool": bool,
    "float | None": lambda number: None if math.isnan(number) else number,
    "int | None": lambda number: None if number < 0 else number,
    "Path | None": _path_of,
    "SourceState": _enum(values.SourceState),
    "PushState": _enum(values.PushState),
}
_change_of = _enum(values.ListingChange)
_peer_change_of = _enum(values.PeerChange)


def _reader(annotation: str, name: str) -> Callable[[Any], Any]:
    """What reads the field `name` of a struct."""
    if annotation in _BY_ANNOTATION:
        read = _BY_ANNOTATION[annotation]
        return lambda struct: read(getattr(struct, name))
    if annotation == "Bytes":
        return lambda struct: bytes(ffi.buffer(getattr(struct, name),
                                               getattr(struct, name + "_bytes")))
    if annotation.startswith("tuple["):
        kind = getattr(values, annotation[len("tuple["):-len(", ...]")])
        return lambda struct: tuple_of(kind, getattr(struct, name), getattr(struct, name + "_count"))
    kind = getattr(values, annotation.removesuffix(" | None"))
    return lambda struct: value_of(kind, getattr(struct, name))


_READERS: dict[type, list[_Read]] = {}


def _readers(kind: type) -> list[_Read]:
    if kind not in _READERS:
        _READERS[kind] = [_reader(str(field.type), field.name)
                          for field in dataclasses.fields(kind)]
    return _READERS[kind]


def value_of(kind: type, struct: Any) -> Any:
    """What a pointer to a struct points to; None for NULL."""
    if struct == ffi.NULL:
        return None
    return kind(*(read(struct) for read in _readers(kind)))


def tuple_of(kind: type, structs: Any, count: int) -> tuple[Any, ...]:
    """The same for an array of pointers."""
    return tuple(value_of(kind, structs[at]) for at in range(count))


def _field_of(field: Any) -> str | int | float:
    if field.kind == lib.XFSBUS_LOG_TEXT:
        return text_of(field.text)
    return int(field.number) if field.kind == lib.XFSBUS_LOG_NUMBER else float(field.real)


def log_event_of(line: Any) -> values.LogEvent:
    """A line of the log."""
    fields = (line.fields[at] for at in range(line.fields_count))
    return values.LogEvent(values.LogLevel(line.level), text_of(line.name), text_of(line.text),
                           {text_of(field.name): _field_of(field) for field in fields})


def change_of(event: Any) -> values.Change:
    """What an event of a subscription says."""
    return values.Change(_change_of(event.change), value_of(values.ListedFile, event.listed))


def changed_peer_of(event: Any) -> values.ChangedPeer:
    """The same of a peer."""
    return values.ChangedPeer(_peer_change_of(event.change), value_of(values.KnownPeer, event.peer))
