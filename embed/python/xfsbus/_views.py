"""What a policy is shown: tuples of Python from structs that the library lends for one call."""
from __future__ import annotations

import struct
from typing import Any, Generic, NamedTuple, TypeVar

from ._library import ffi, lib

View = TypeVar("View", bound=NamedTuple)

#: How the struct module calls what fields consist of.
_CODES = {"uint32_t": "I", "uint64_t": "Q", "double": "d", "char *": "Q"}


def words_of(prefix: str) -> list[str]:
    """The names of the constants XFSBUS_<prefix>_..., in small letters and the order of their numbers."""
    prefix = f"XFSBUS_{prefix}_"
    numbers = {getattr(lib, name): name[len(prefix):].lower() for name in dir(lib) if name.startswith(prefix)}
    return [numbers[number] for number in sorted(numbers)]


def _text_at(address: int) -> str:
    return str(ffi.string(ffi.cast("const char*", address)), "utf-8", "surrogateescape")


class Reader(Generic[View]):
    """Reads structs of one kind, whichever size the library's are: what a smaller one lacks is nought.

    words: what the numbers of the first field are called; without any they stay numbers.
    """

    def __init__(self, kind: str, view: type[View], words: list[str] | None = None) -> None:
        self._fields = [(name, field) for name, field in ffi.typeof(kind).fields if name != "size"]
        self._make = view._make  # type: ignore[attr-defined]
        self._texts = [at for at, (_, field) in enumerate(self._fields) if field.type.kind == "pointer"]
        self._words = words
        self._formats: dict[int, tuple[struct.Struct, tuple[int, ...]]] = {}  # by size

    def one(self, pointer: Any) -> View:
        """What it points to."""
        return self.several(pointer, 1)[0]

    def several(self, pointer: Any, count: int) -> list[View]:
        """An array of them."""
        if count == 0:
            return []
        size = pointer.size
        layout, lacking = self._formats.get(size) or self._learn(size)
        rows = layout.iter_unpack(ffi.buffer(pointer, count * size))
        if not self._texts and self._words is None and not lacking:
            return [self._make(row) for row in rows]
        return [self._make(self._completed([*row, *lacking])) for row in rows]

    def _completed(self, values: list[Any]) -> list[Any]:
        for at in self._texts:
            values[at] = _text_at(values[at]) if values[at] else ""
        if self._words is not None:
            number = values[0]
            values[0] = self._words[number] if number < len(self._words) else "unknown"
        return values

    def _learn(self, size: int) -> tuple[struct.Struct, tuple[int, ...]]:
        """How a struct of this size is read."""
        text, at, known = "=", 0, 0
        for _, field in self._fields:
            end = field.offset + ffi.sizeof(field.type)
            if end > size:
                break
            text += f"{field.offset - at}x{_CODES[field.type.cname.removeprefix('const ')]}"
            at, known = end, known + 1
        layout = struct.Struct(f"{text}{size - at}x")
        self._formats[size] = layout, (0,) * (len(self._fields) - known)
        return self._formats[size]
