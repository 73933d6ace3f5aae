"""What jobs of both kinds of peers have in common."""
from __future__ import annotations

from typing import Any, Generic, TypeVar

from . import values
from ._convert import tuple_of, value_of
from ._library import ffi, lib, message_of
from .errors import error_of

Outcome = TypeVar("Outcome")

#: What asks a job for its outcome, and makes a value of it.
_OUTCOMES = {
    "find": (lib.xfsbus_job_found, "found_list",
             lambda it: tuple_of(values.Found, it.items, it.items_count)),
    "download": (lib.xfsbus_job_report, "report", lambda it: value_of(values.Report, it)),
    "push": (lib.xfsbus_job_pushed, "pushed", lambda it: value_of(values.Pushed, it)),
    "update": (lib.xfsbus_job_summary, "summary", lambda it: value_of(values.Summary, it)),
    "list": (lib.xfsbus_job_listing, "listing",
             lambda it: tuple_of(values.ListedFile, it.items, it.items_count)),
    "publish": (lib.xfsbus_job_published, "published",
                lambda it: value_of(values.Published, it)),
    "load_policy": (lib.xfsbus_job_policy, "policy_info",
                    lambda it: value_of(values.PolicyInfo, it)),
}
_OUTCOMES["subscription"] = _OUTCOMES["list"]
_OUTCOMES["publish_memory"] = _OUTCOMES["publish_file"] = _OUTCOMES["publish"]


class BaseJob(Generic[Outcome]):
    """Something that a peer is doing. It goes on without anybody who looks, and ends with its peer."""

    def __init__(self, kind: str, handle: Any) -> None:
        self._kind = kind
        self._handle = handle
        self._progress: Any = None

    @property
    def id(self) -> int:
        """No two jobs of a peer have the same."""
        return int(lib.xfsbus_job_id(self._handle))

    def done(self) -> bool:
        """Whether it is over, in whatever way."""
        return bool(lib.xfsbus_job_done(self._handle))

    def cancel(self) -> None:
        """Has it end soon, with XfsInterruptedError for what is not done. Does not wait for that."""
        lib.xfsbus_job_cancel(self._handle)

    def on_progress(self, progress: Any) -> None:
        """Is told how it stands."""
        self._progress = progress

    def on_change(self, change: values.Change) -> None:
        """Is told what has become of a file, if it is a subscription."""

    def on_peer_change(self, change: values.ChangedPeer) -> None:
        """The same of a peer."""

    def on_done(self) -> None:
        """Is told that it is over."""

    def _take_progress(self) -> Any:
        progress, self._progress = self._progress, None
        return progress

    def _outcome(self) -> Outcome:
        """What it comes to; only once it is done. Raises why it did not all work."""
        ask, kind, convert = _OUTCOMES[self._kind]
        out = ffi.new(f"const xfsbus_{kind}**")
        error = ffi.new("xfsbus_error*")
        code = ask(self._handle, 0, out, error)
        answer = ffi.gc(out[0], getattr(lib, f"xfsbus_{kind}_free")) if out[0] else None
        value = convert(answer) if answer else None
        if code != lib.XFSBUS_OK:
            raise error_of(error.code, message_of(error), value)
        return value  # type: ignore[return-value]
