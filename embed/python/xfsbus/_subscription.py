"""What subscriptions of both kinds of peers have in common."""
from __future__ import annotations

from typing import Any, Tuple

from . import values
from ._job import BaseJob

_NEW = (values.ListingChange.THERE, values.ListingChange.APPEARED, values.ListingChange.CHANGED)


class Subscription(BaseJob[Tuple[values.ListedFile, ...]]):
    """A subscription to files, and the changes that nobody has taken yet: of each content of each name
    one at most, so that there are no more of them than files, however long nobody takes them."""

    def __init__(self, kind: str, handle: Any) -> None:
        super().__init__(kind, handle)
        self._unread: dict[tuple[str, str], values.Change] = {}
        self._over = False

    def on_change(self, change: values.Change) -> None:
        """Is told what has become of a file."""
        key = (change.file.name, change.file.content)
        before = self._unread.pop(key, None)
        if before is None or before.what not in _NEW:
            self._unread[key] = change
        elif change.file.complete or change.file.partial:
            self._unread[key] = values.Change(before.what, change.file)
        # Else it has come and gone: nobody was told of it, and nobody has to be.

    def on_done(self) -> None:
        self._over = True

    def has_news(self) -> bool:
        """Whether there is a change to be taken, or there will be none any more."""
        return bool(self._unread) or self._over

    def take(self) -> values.Change | None:
        """The oldest change. None: there is none. Raises why there will be none any more."""
        if self._unread:
            return self._unread.pop(next(iter(self._unread)))
        if self._over:
            self._outcome()
        return None
