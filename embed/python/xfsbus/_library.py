"""libxfsbus_c.so, and calls of it. No method of a peer waits in here without a deadline."""
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cffi

from ._declarations import DECLARATIONS
from .errors import error_of

try:  # written when the package is installed, or built: paths from the place of this file
    from ._where import LIBRARY, PLUGINS
except ImportError:
    LIBRARY = PLUGINS = ""

SONAME = "libxfsbus_c.so.0.1"

ffi = cffi.FFI()
ffi.cdef(DECLARATIONS)


def from_here(path: str) -> str:
    """An absolute path of one that begins where this package stands."""
    return str((Path(__file__).resolve().parent / path).resolve())


def _open() -> Any:
    """The library of XFSBUS_C_LIBRARY, that which was installed with this package, or the system's."""
    named = os.environ.get("XFSBUS_C_LIBRARY") or (LIBRARY and from_here(LIBRARY))
    try:
        return ffi.dlopen(named or SONAME)
    except OSError as error:
        raise ImportError(f"xfsbus needs the library {named or SONAME}: {error}") from error


lib = _open()

#: Where plug-ins stand, if the library does not find them by itself.
PLUGIN_DIRECTORIES = [from_here(PLUGINS)] if PLUGINS else []


def message_of(error: Any) -> str:
    """The text of an xfsbus_error."""
    return ffi.string(error.message).decode("utf-8", "replace")


def check(call: Any, *arguments: Any) -> None:
    """Makes a call whose last argument is an error; raises what that says."""
    error = ffi.new("xfsbus_error*")
    if call(*arguments, error) != lib.XFSBUS_OK:
        raise error_of(error.code, message_of(error))


def handed_out(call: Any, *arguments: Any, kind: str) -> Any:
    """The handle that a call hands out."""
    out = ffi.new(f"xfsbus_{kind}**")
    check(call, *arguments, out)
    return out[0]


def handle_of(call: Any, *arguments: Any, kind: str) -> Any:
    """The same, and it is freed when nobody refers to it any more."""
    return ffi.gc(handed_out(call, *arguments, kind=kind), getattr(lib, f"xfsbus_{kind}_free"))


def milliseconds_of(seconds: float | None) -> int:
    """A timeout as the library has it; None: as long as it takes."""
    return -1 if seconds is None else max(0, int(seconds * 1000))
