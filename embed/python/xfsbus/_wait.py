"""Waits that hear of Ctrl-C."""
from __future__ import annotations

import time
from typing import Callable, TypeVar

from .errors import XfsTimeoutError

_Answer = TypeVar("_Answer")

#: So many seconds a question may wait in the library, where Ctrl-C is not heard, if it can be put again.
_SLICE = 0.2


class Deadline:
    """When a wait is over. None: never."""

    def __init__(self, timeout: float | None) -> None:
        self._end = None if timeout is None else time.monotonic() + timeout

    def left(self) -> float | None:
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def over(self) -> bool:
        return self.left() == 0


def in_slices(question: Callable[[float], _Answer], timeout: float | None) -> _Answer:
    """Puts a question, which takes so many seconds at most, until it is answered or the time is over."""
    deadline = Deadline(timeout)
    while True:
        left = deadline.left()
        try:
            return question(_SLICE if left is None else min(left, _SLICE))
        except XfsTimeoutError:
            if deadline.over():
                raise
