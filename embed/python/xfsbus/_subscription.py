"""What subscriptions of both kinds of peers have in common."""
from __future__ import annotations

from typing import Any, Callable, Tuple, Union

from . import values
from ._job import BaseJob

_NEW = (values.ListingChange.THERE, values.ListingChange.APPEARED, values.ListingChange.CHANGED)
_NEW_PEER = (values.PeerChange.THERE, values.PeerChange.APPEARED)

#: What is told by one that is about files and peers.
AnyChange = Union[values.Change, values.ChangedPeer]


class Subscription(BaseJob[Tuple[values.ListedFile, ...]]):
    """A subscription to files or peers, and the changes that nobody has taken yet: of each content of each
    name, and of each peer, one at most, so that there are no more of them than of these, however long
    nobody takes them."""

    def __init__(self, kind: str, handle: Any) -> None:
        super().__init__(kind, handle)
        self._unread: dict[tuple[str, str] | str, Any] = {}
        self._over = False

    def on_change(self, change: values.Change) -> None:
        """Is told what has become of a file."""
        there = bool(change.file.complete or change.file.partial)
        self._put((change.file.name, change.file.content), change, there,
                  lambda before: values.Change(before.what, change.file)
                  if before.what in _NEW else None)

    def on_peer_change(self, change: values.ChangedPeer) -> None:
        """Is told what has become of a peer."""
        there = change.what != values.PeerChange.GONE
        self._put(change.peer.id, change, there, lambda before: values.ChangedPeer(
            before.what, change.peer) if before.what in _NEW_PEER else None)

    def _put(self, key: tuple[str, str] | str, change: AnyChange, there: bool,
             renewed: Callable[[Any], AnyChange | None]) -> None:
        """`renewed` makes of one that was not taken, if that told of something new, one that tells of it as
        it is now; what has come and gone since is not told: nobody has to be."""
        before = self._unread.pop(key, None)
        still_new = renewed(before) if before else None
        if still_new is None:
            self._unread[key] = change
        elif there:
            self._unread[key] = still_new

    def on_done(self) -> None:
        self._over = True

    def has_news(self) -> bool:
        """Whether there is a change to be taken, or there will be none any more."""
        return bool(self._unread) or self._over

    def take(self) -> Any:
        """The oldest change. None: there is none. Raises why there will be none any more."""
        if self._unread:
            return self._unread.pop(next(iter(self._unread)))
        if self._over:
            self._outcome()
        return None
