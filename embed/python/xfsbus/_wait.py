"""Waits that hear of Ctrl-C."""
from __future__ import annotations

import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from typing import Callable, TypeVar

from .errors import XfsTimeoutError

_Answer = TypeVar("_Answer")

#: So many seconds a wait may take before it looks for Ctrl-C again: it is not heard in the library, nor
#: when it comes at the moment at which Python begins to wait.
SLICE = 0.2


class Deadline:
    """When a wait is over. None: never."""

    def __init__(self, timeout: float | None) -> None:
        self._end = None if timeout is None else time.monotonic() + timeout

    def left(self) -> float | None:
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def slice(self) -> float:
        """How long to wait now, before Ctrl-C is looked for again."""
        left = self.left()
        return SLICE if left is None else min(left, SLICE)

    def over(self) -> bool:
        return self.left() == 0


def in_slices(question: Callable[[float], _Answer], timeout: float | None) -> _Answer:
    """Puts a question, which takes so many seconds at most, until it is answered or the time is over."""
    deadline = Deadline(timeout)
    while True:
        try:
            return question(deadline.slice())
        except XfsTimeoutError:
            if deadline.over():
                raise


def answer_of(future: Future[_Answer]) -> _Answer:
    """What another thread comes to. Not future.result(): that may miss Ctrl-C."""
    while True:
        try:
            return future.result(SLICE)
        except NotYet:
            if future.done():  # it is what the thread raised
                raise
