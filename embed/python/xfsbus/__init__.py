"""xfs in Python: a member of the bus, which shares a directory, finds files, and fetches them.

    with xfsbus.Peer("tcp://192.168.1.2:7470", download_directory="/tmp") as peer:
        print(peer.download("model.bin", wait=10).path)

`AsyncPeer` is the same for asyncio; `xfsbus.policy` says how a class of the program's decides which source
is asked. Sizes are bytes, rates bytes per second, times seconds. What does not work raises an XfsError, of
a class for each code. docs/EMBEDDING.md has more.
"""
from . import lab, policy
from ._library import lib as _lib, ffi as _ffi
from .aio import AsyncJob, AsyncPeer
from .aio_file import AsyncFile
from .errors import (DiskError, EndedError, IntegrityError, NetworkError, NotAuthorisedError,
                     NotFoundError, PluginError, TrackerUnreachableError, UsageError, XfsError,
                     XfsInterruptedError, XfsTimeoutError)
from .file import BufferedFile, OpenFile
from .peer import Job, Peer
from .values import (Change, ChangedPeer, Counter, DownloadStatus, File, FileProgress, Found, KnownPeer,
                     ListedFile, ListingChange, LogEvent, LogLevel, PeerChange, PolicyInfo, PolicyUsed, Progress, Published, Pushed, PushedFile,
                     PushProgress, PushState, PushTarget, Range, Report, SharedFile, SourceState,
                     SourceUse, Status, Summary, UploadStatus)

#: Of the library that is loaded.
__version__: str = _ffi.string(_lib.xfsbus_version()).decode()

__all__ = [
    "AsyncFile", "AsyncJob", "AsyncPeer", "BufferedFile", "Change", "ChangedPeer", "Counter",
    "DiskError", "DownloadStatus", "EndedError", "File", "FileProgress", "Found", "IntegrityError", "Job",
    "KnownPeer", "ListedFile", "ListingChange", "LogEvent", "LogLevel", "NetworkError", "NotAuthorisedError", "NotFoundError",
    "OpenFile", "Peer", "PeerChange", "PluginError", "PolicyInfo", "PolicyUsed", "Progress", "Published",
    "PushProgress", "PushState", "PushTarget", "Pushed", "PushedFile", "Range", "Report", "SharedFile",
    "SourceState", "SourceUse", "Status", "Summary", "TrackerUnreachableError", "UploadStatus",
    "UsageError", "XfsError", "XfsInterruptedError", "XfsTimeoutError", "lab", "policy",
]
