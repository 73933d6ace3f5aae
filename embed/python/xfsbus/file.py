"""A file that is read while it comes."""
from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, ContextManager

from ._convert import text_of
from ._library import check, ffi, handed_out, handle_of, lib, milliseconds_of
from ._options import Struct, encoded
from ._wait import answer_of, in_slices


class OpenFile(io.RawIOBase):
    """A file at one place of which is read; Peer.open() makes it. Only bytes that are verified are read.

    A read waits until there is something, and returns what is there: a part of what was asked for, as
    raw files do. One that takes longer than the timeout of open() raises XfsTimeoutError, and may be
    tried again. May outlive its peer, after whose end it raises EndedError.
    """

    mode = "rb"

    def __init__(self, reader: Any, timeout: float | None) -> None:
        super().__init__()
        self._reader = reader
        self._timeout = timeout
        self._position = 0
        self.name: str = text_of(lib.xfsbus_reader_name(reader))  #: below the directory of the peer
        self.content: str = text_of(lib.xfsbus_reader_content(reader))  #: content id in hex
        self.size: int = lib.xfsbus_reader_size(reader)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._opened()
        self._position = place_of(offset, whence, self._position, self.size)
        return self._position

    def readinto(self, buffer: Any) -> int:
        reader = self._opened()
        room = ffi.from_buffer("char[]", buffer, require_writable=True)
        if self._position >= self.size or len(room) == 0:
            return 0
        read = ffi.new("size_t*")
        in_slices(lambda seconds: check(lib.xfsbus_reader_read, reader, self._position, room,
                                        len(room), milliseconds_of(seconds), read), self._timeout)
        self._position += read[0]
        return int(read[0])

    def wait_until_whole(self, timeout: float | None = None) -> None:
        """Until the whole file is here, so that to close it ends nothing any more."""
        reader = self._opened()
        in_slices(lambda seconds: check(lib.xfsbus_reader_wait_until_whole, reader,
                                        milliseconds_of(seconds)), timeout)

    def close(self) -> None:
        """With the last that has a file open its download is cancelled, unless it was to be kept; what
        was fetched stays for the next try."""
        super().close()
        self._reader = None  # what reads on another thread has one of its own

    def _opened(self) -> Any:
        if self.closed:
            raise ValueError("the file is closed")
        return self._reader


class BufferedFile(io.BufferedReader):
    """The same with a buffer, so that read(n) waits for n bytes, or for the end of the file."""

    raw: OpenFile

    def __init__(self, raw: OpenFile, buffer_size: int) -> None:
        super().__init__(raw, buffer_size)

    @property
    def content(self) -> str:
        """Content id in hex."""
        return self.raw.content

    @property
    def size(self) -> int:
        """The file's, in bytes."""
        return self.raw.size

    def wait_until_whole(self, timeout: float | None = None) -> None:
        """As OpenFile's."""
        self.raw.wait_until_whole(timeout)


def place_of(offset: int, whence: int, position: int, size: int) -> int:
    """Where a seek leads in a file of this size, of which `position` is read next."""
    begins = {io.SEEK_SET: 0, io.SEEK_CUR: position, io.SEEK_END: size}
    if whence not in begins or begins[whence] + offset < 0:
        raise ValueError(f"there is no place {offset} (whence {whence})")
    return begins[whence] + offset


def reader_of(*arguments: Any) -> Any:
    """A reader, which is freed when nobody refers to it; not in a child of fork."""
    process = os.getpid()
    return ffi.gc(handed_out(lib.xfsbus_peer_open, *arguments, kind="reader"),
                  lambda reader: os.getpid() == process and lib.xfsbus_reader_free(reader))


def open_reader(using: Callable[[], ContextManager[Any]], name: str, options: Struct,
                timeout: float | None) -> Any:
    """Has another thread wait in the library, where Ctrl-C is not heard; that ends the wait."""
    stop = handle_of(lib.xfsbus_stop_create, kind="stop")
    options.set("stop", stop)

    def wait() -> Any:  # uses the peer by itself: it may be here after nobody waits for it any more
        with using() as peer:
            return reader_of(peer, encoded(name), options.pointer, milliseconds_of(timeout))

    helper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="xfsbus")
    try:
        return answer_of(helper.submit(wait))
    except BaseException:
        lib.xfsbus_stop_request(stop)
        raise
    finally:
        helper.shutdown(wait=False)
