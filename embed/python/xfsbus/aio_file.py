"""A file that is read while it comes, for asyncio."""
from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, ContextManager

from ._library import check, ffi, handle_of, lib, milliseconds_of
from ._convert import text_of
from ._options import Struct
from .errors import XfsTimeoutError
from .file import place_of, reader_of

#: So many seconds a read may go on in the library after its task was cancelled.
_SLICE = 0.2
#: Bytes that are read at once where nobody says how many.
_PIECE = 256 * 1024


class AsyncFile:
    """A binary file at one place of which is read; AsyncPeer.open() makes it. Only bytes that are verified
    are read.

    Has one thread, which waits in the library: reads of one file come one after the other. A read whose
    task is cancelled has read nothing. May outlive its peer, after whose end it raises EndedError.
    """

    mode = "rb"

    def __init__(self, reader: Any, helper: ThreadPoolExecutor) -> None:
        self._reader = reader
        self._helper = helper
        self._reading = asyncio.Lock()
        self._position = 0
        self.name: str = text_of(lib.xfsbus_reader_name(reader))  #: below the directory of the peer
        self.content: str = text_of(lib.xfsbus_reader_content(reader))  #: content id in hex
        self.size: int = lib.xfsbus_reader_size(reader)

    async def __aenter__(self) -> AsyncFile:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def closed(self) -> bool:
        return self._reader is None

    async def tell(self) -> int:
        """Where the next read begins."""
        self._opened()
        return self._position

    async def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Where the next read begins: that many bytes from the beginning, from here, or from the end."""
        self._opened()
        self._position = place_of(offset, whence, self._position, self.size)
        return self._position

    async def readinto(self, buffer: Any) -> int:
        """Waits until there is something, and reads what is there: a part of what fits, as raw files do.
        0: the file ends here."""
        with memoryview(buffer).cast("B") as room:
            async with self._reading:
                data = await self._read_some(len(room))
            room[:len(data)] = data
        return len(data)

    async def read(self, size: int = -1) -> bytes:
        """Waits for so many bytes, or for the end of the file; below nought: for that."""
        most = self.size if size < 0 else size
        data = bytearray()
        async with self._reading:
            begin = self._position
            try:
                while len(data) < most:
                    some = await self._read_some(min(most - len(data), _PIECE))
                    if not some:
                        break
                    data += some
            except BaseException:
                self._position = begin
                raise
        return bytes(data)

    async def wait_until_whole(self) -> None:
        """Until the whole file is here, so that to close it ends nothing any more."""
        reader = self._opened()
        await self._in_slices(lambda: check(lib.xfsbus_reader_wait_until_whole, reader,
                                            milliseconds_of(_SLICE)))

    async def close(self) -> None:
        """With the last that has a file open its download is cancelled, unless it was to be kept; what
        was fetched stays for the next try."""
        self._reader = None  # what reads on the thread has one of its own
        self._helper.shutdown(wait=False)

    async def _read_some(self, most: int) -> bytes:
        reader, position = self._opened(), self._position
        if position >= self.size or most == 0:
            return b""
        room = ffi.new("char[]", most)  # what is read late is in nobody's way
        read = ffi.new("size_t*")
        await self._in_slices(lambda: check(lib.xfsbus_reader_read, reader, position, room, most,
                                            milliseconds_of(_SLICE), read))
        self._position = position + read[0]
        return bytes(ffi.buffer(room, read[0]))

    async def _in_slices(self, question: Callable[[], None]) -> None:
        """Puts a question, which may wait for a slice of time, until it is answered."""
        while True:
            self._opened()
            try:
                return await asyncio.get_running_loop().run_in_executor(self._helper, question)
            except XfsTimeoutError:
                pass

    def _opened(self) -> Any:
        if self.closed:
            raise ValueError("the file is closed")
        return self._reader


async def open_file(using: Callable[[], ContextManager[Any]], name: bytes,
                    options: Struct) -> AsyncFile:
    """Has a thread wait in the library, which goes with the file; a task that is cancelled ends that."""
    stop = handle_of(lib.xfsbus_stop_create, kind="stop")
    options.set("stop", stop)

    def wait() -> Any:  # uses the peer by itself: it may be here after nobody waits for it any more
        with using() as peer:
            return reader_of(peer, name, options.pointer, -1)

    helper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="xfsbus")
    try:
        reader = await asyncio.get_running_loop().run_in_executor(helper, wait)
        return AsyncFile(reader, helper)
    except BaseException:
        lib.xfsbus_stop_request(stop)
        helper.shutdown(wait=False)
        raise
