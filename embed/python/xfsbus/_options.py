"""What a program asks for, as the library takes it."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Iterable, Union

from ._library import ffi, lib
from .errors import UsageError

if TYPE_CHECKING:
    from ._own_policy import OwnPolicy

#: What memory may be published as: what lends out contiguous bytes.
Buffer = Union[bytes, bytearray, memoryview]

_FLAGS = {
    "strict_policy": lib.XFSBUS_OPTIONS_STRICT_POLICY,
    "keep_mode": lib.XFSBUS_OPTIONS_KEEP_MODE,
}
_FLAGS_WHEN_FALSE = {
    "heartbeat": lib.XFSBUS_OPTIONS_NO_HEARTBEAT,
    "watch": lib.XFSBUS_OPTIONS_NO_WATCH,
    "default_ignores": lib.XFSBUS_OPTIONS_NO_DEFAULT_IGNORES,
}
#: What may be a class, and the kind of policy that it is then.
_KINDS = {"policy": "peer-selection", "chunk_order": "chunk-order", "upload_policy": "upload-choice"}
_WORDS = {
    "accept_push": {"none": lib.XFSBUS_ACCEPT_PUSH_NONE,
                    "new": lib.XFSBUS_ACCEPT_PUSH_NEW_FILES,
                    "replace": lib.XFSBUS_ACCEPT_PUSH_REPLACE},
    "durability": {"power": lib.XFSBUS_DURABILITY_POWER,
                   "process": lib.XFSBUS_DURABILITY_PROCESS},
    "log_level": {"debug": lib.XFSBUS_LOG_DEBUG, "info": lib.XFSBUS_LOG_INFO,
                  "warning": lib.XFSBUS_LOG_WARNING, "error": lib.XFSBUS_LOG_ERROR,
                  "off": lib.XFSBUS_LOG_OFF},
    "to": {"all": lib.XFSBUS_PUSH_TO_ALL, "accepting": lib.XFSBUS_PUSH_TO_ACCEPTING},
}


def encoded(text: str | bytes | os.PathLike[str]) -> bytes:
    """A text, in UTF-8, or a path as C has it."""
    code = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else os.fsencode(text)
    if b"\0" in code:
        raise UsageError(f"{text!r} has a NUL in it")
    return code


class Struct:
    """A struct of C that is filled in. The texts that it points to live as long as this object."""

    def __init__(self, kind: str) -> None:
        self.pointer = ffi.new(f"{kind}*")
        self.pointer.size = ffi.sizeof(kind)
        self._texts: list[Any] = []

    def _keep(self, thing: Any) -> Any:
        self._texts.append(thing)
        return thing

    def set(self, name: str, value: Any) -> None:
        """Sets a field to a text, a path, several of them, a handle, or a number. None: the default."""
        if value is None:
            return
        if isinstance(value, (str, bytes, os.PathLike)):
            value = self._text(value)
        elif isinstance(value, ffi.CData):
            self._keep(value)
        elif not isinstance(value, int):
            value = self._list(value)
        setattr(self.pointer, name, value)

    def set_pointers(self, name: str, kind: str, pointers: list[Any]) -> None:
        """Sets a field to an array of pointers that ends with NULL."""
        self._keep(pointers)
        setattr(self.pointer, name, self._keep(ffi.new(f"{kind}[]", [*pointers, ffi.NULL])))

    def _text(self, value: Any) -> Any:
        return self._keep(ffi.new("char[]", encoded(value)))

    def _list(self, values: Iterable[Any]) -> Any:
        texts = [self._text(value) for value in values]
        return self._keep(ffi.new("const char*[]", [*texts, ffi.NULL]))


def _word(name: str, given: str) -> int:
    """The number of a word that the library calls by a number."""
    words = _WORDS[name]
    if given not in words:
        raise UsageError(f"{name} is none of {', '.join(words)}: {given!r}")
    return words[given]


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def own_policies_of(given: dict[str, Any]) -> list[OwnPolicy]:
    """The policies that are no plug-ins, of what was passed to a peer."""
    for name in _KINDS:
        if not (given[name] is None or callable(given[name]) or isinstance(given[name], str)):
            raise UsageError(f"{name} is neither a text nor a class: {given[name]!r}")
    makers = {kind: given[name] for name, kind in _KINDS.items() if callable(given[name])}
    if not makers:
        return []
    from ._own_policy import OwnPolicy  # only now: what the library calls needs memory that may be run
    return [OwnPolicy(kind, make) for kind, make in makers.items()]


def options_of(given: dict[str, Any], own_policies: list[OwnPolicy]) -> Struct:
    """xfsbus_options of what was passed to a peer."""
    options = Struct("xfsbus_options")
    options.set_pointers("own_policies", "const xfsbus_own_policy*",
                         [policy.pointer for policy in own_policies])
    flags = 0
    for name, value in given.items():
        if name in _KINDS and callable(value):
            continue
        if name in _FLAGS:
            flags |= _FLAGS[name] if value else 0
        elif name in _FLAGS_WHEN_FALSE:
            flags |= 0 if value else _FLAGS_WHEN_FALSE[name]
        elif name in _WORDS:
            options.set(name, _word(name, value))
        elif name == "rescan":
            options.set("rescan_ms", None if value is None else _ms(value) or -1)
        else:
            options.set(name, value)
    options.set("flags", flags)
    return options


def download_of(name: str, out: str | None, force: bool, repair: bool, sources: int, wait: float,
                play_rate: int) -> Struct:
    """xfsbus_download_request."""
    request = Struct("xfsbus_download_request")
    request.set("name", name)
    request.set("out", out)
    request.set("sources", sources)
    request.set("wait_ms", _ms(wait))
    request.set("play_bytes_per_second", play_rate)
    request.set("flags", (lib.XFSBUS_DOWNLOAD_FORCE if force else 0) |
                (lib.XFSBUS_DOWNLOAD_REPAIR if repair else 0))
    return request


def opening_of(force: bool, repair: bool, sources: int, wait: float, play_rate: int,
               keep: bool) -> Struct:
    """xfsbus_open_options."""
    options = Struct("xfsbus_open_options")
    options.set("sources", sources)
    options.set("wait_ms", _ms(wait))
    options.set("bytes_per_second", play_rate)
    options.set("flags", (lib.XFSBUS_OPEN_FORCE if force else 0) |
                (lib.XFSBUS_OPEN_REPAIR if repair else 0) | (lib.XFSBUS_OPEN_KEEP if keep else 0))
    return options


class Lent:
    """Bytes of the program's that the library reads until it sets a flag: it calls no Python."""

    def __init__(self, data: Buffer) -> None:
        self.view = ffi.from_buffer(data)  # whoever has it keeps the bytes
        self.flag = ffi.new("int32_t*")

    def in_use(self) -> bool:
        return not self.flag[0]


def publishing_of(name: str, data: Buffer | None, path: str | bytes | os.PathLike[str] | None,
                  manifest: bytes | None) -> tuple[str, Struct, Lent | None]:
    """What begins the job, its xfsbus_publish_..._request, and what is to be kept as long as it is in
    use."""
    if (data is None) == (path is None):
        raise UsageError("either data or a path is published")
    kind = "publish_memory" if path is None else "publish_file"
    request = Struct(f"xfsbus_{kind}_request")
    request.set("name", name)
    request.set("path", path)
    if manifest is not None:
        request.set("manifest", ffi.from_buffer(manifest))
        request.set("manifest_bytes", len(manifest))
    if data is None:
        return kind, request, None
    lent = Lent(data)
    request.set("data", lent.view)
    request.set("data_bytes", len(lent.view))
    request.set("user", lent.flag)
    request.set("release", lib.xfsbus_set_released)
    return kind, request, lent


def subscription_of(pattern: str | None, peers: bool) -> Struct:
    """xfsbus_subscribe_request."""
    request = Struct("xfsbus_subscribe_request")
    request.set("pattern", pattern)
    request.set("flags", lib.XFSBUS_SUBSCRIBE_PEERS if peers else 0)
    return request


def push_of(name: str, to: str | int, patience: float) -> Struct:
    """xfsbus_push_request."""
    request = Struct("xfsbus_push_request")
    request.set("name", name)
    if isinstance(to, int):
        request.set("to", lib.XFSBUS_PUSH_TO_NUMBER)
        request.set("peers", to)
    else:
        request.set("to", _word("to", to))
    request.set("patience_ms", _ms(patience) or 1)
    return request
