"""Policies of the program's own: what the library calls, and the objects of Python that it reaches.

All functions that the library calls run on threads of a peer, which come into Python for the time of the
call; what they raise never leaves them.
"""
from __future__ import annotations

import array
import logging
import operator
import os
import random
import re
from typing import Any, Callable

from . import policy as views
from ._common import bits_of, said
from ._library import ffi, lib
from ._views import Reader, words_of
from .errors import UsageError

_log = logging.getLogger("xfsbus.policy")
_here = os.path.dirname(os.path.abspath(__file__))

_PURPOSES = words_of("PURPOSE")
_ACTIONS = {"choose": lib.XFSBUS_ANSWER_CHOOSE, "wait_for": lib.XFSBUS_ANSWER_WAIT_FOR,
            "nobody": lib.XFSBUS_ANSWER_NONE, "limit": lib.XFSBUS_ANSWER_LIMIT}
_DECIDED = "what choose(), swap(), wait_for(), nobody() or limit() returns"

#: What the library may still call, by its own account, and by what it has of it.
_in_use: dict[Any, Any] = {}

_requests = Reader("xfsbus_request", views.Request, _PURPOSES)
_sources = Reader("xfsbus_source", views.Source)
_outcomes = Reader("xfsbus_outcome", views.Outcome, words_of("OUTCOME"))
_chunks = Reader("xfsbus_chunk", views.Chunk)
_upload_requests = Reader("xfsbus_upload_request", views.UploadRequest)
_sinks = Reader("xfsbus_upload_sink", views.UploadSink)


class _Lent:
    """Something that the library has a pointer to, until it says that it has it no more."""

    def __init__(self) -> None:
        self.handle = ffi.new_handle(self)

    def lend(self) -> Any:
        _in_use[self.handle] = self
        return self.handle


class _Object(_Lent):
    """An object of a policy, with what is looked up once."""

    def __init__(self, policy: Any) -> None:
        super().__init__()
        self.policy = policy
        self.decides = bits_of(policy, _PURPOSES)
        self.cost = getattr(policy, "cost", None)
        self.observe = getattr(policy, "observe", None)
        self._rng = random.Random(0)

    def drawn(self, generator: Any) -> random.Random:
        """Seeded with the host's generator: so it is good for longer than that."""
        self._rng.seed(generator.next(generator.state))
        return self._rng


class OwnPolicy(_Lent):
    """A policy of the program's own, as the library takes it. Belongs to one peer."""

    def __init__(self, kind: str, make: Callable[[], Any]) -> None:
        """kind: "peer-selection", "chunk-order" or "upload-choice"."""
        super().__init__()
        self.make = make
        self.needs, table = _KINDS[kind]
        self._texts = [ffi.new("char[]", text.encode()) for text in
                       (kind, _name_of(make), str(getattr(make, "version", "")), _description_of(make))]
        kind_text, name, version, description = self._texts
        self._descriptor = ffi.new("xfsbus_descriptor*", {
            "size": ffi.sizeof("xfsbus_descriptor"), "magic": lib.XFSBUS_POLICY_MAGIC,
            "abi_version": lib.XFSBUS_POLICY_ABI, "kind": kind_text, "name": name, "version": version,
            "description": description, "operations": table, "create": _create, "destroy": _destroy})
        self.pointer = ffi.new("xfsbus_own_policy*", {
            "size": ffi.sizeof("xfsbus_own_policy"), "descriptor": self._descriptor,
            "context": self.handle, "release": _release})


def _name_of(make: Any) -> str:
    """What status and logs call it."""
    given = getattr(make, "name", None)
    name = given if isinstance(given, str) else getattr(make, "__name__", type(make).__name__)
    if name is not given:  # MyPolicy: my-policy
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
        name = re.sub("[^a-z0-9]+", "-", name).strip("-")[:32] or "python"
    if not re.fullmatch("[a-z0-9-]{1,32}", name):
        raise UsageError(f"{name!r} cannot be the name of a policy: it is not 1 to 32 of [a-z0-9-]")
    return name


def _description_of(make: Any) -> str:
    """The first line of what the class says of itself."""
    text = make.__doc__ if isinstance(make, type) and make.__doc__ else "in Python"
    return text.strip().partition("\n")[0].replace("\0", "")


# ---- what went wrong ----

def _is_ours(file: str) -> bool:
    return os.path.dirname(os.path.abspath(file)) == _here


def _fail(raised: BaseException, error: Any, error_size: int) -> int:
    """Tells the library why something failed."""
    _log.debug("a policy has failed", exc_info=raised)
    text = said(raised, _is_ours).encode("utf-8", "replace")[:error_size - 1] + b"\0"
    ffi.buffer(error, len(text))[:] = text
    return int(lib.XFSBUS_POLICY_FAILED)


def _whole(answer: Any) -> int | None:
    """A whole number from 0 on, of whichever type; None: it is none."""
    try:
        number = operator.index(answer)
    except TypeError:
        return None
    return number if number >= 0 else None


# ---- what the library calls ----

def _callback(signature: str, failed: Any) -> Callable[[Callable[..., Any]], Any]:
    """failed: what is returned should even the handling of a fault fail."""
    return ffi.callback(signature, error=failed)


_SELF_AND_SOURCES = "void*, const xfsbus_request*, const xfsbus_source*, size_t"
_ERROR = "char*, size_t"


@_callback(f"void*(const xfsbus_services*, const xfsbus_parameter*, size_t, {_ERROR})", ffi.NULL)
def _create(services: Any, _: Any, __: int, error: Any, error_size: int) -> Any:
    try:
        own = ffi.from_handle(services.context)
        made = own.make()
        if not callable(getattr(made, own.needs, None)):
            raise TypeError(f"it has no method `{own.needs}`")
        return _Object(made).lend()
    except BaseException as raised:
        _fail(raised, error, error_size)
        return ffi.NULL


#: For an object, and for a policy. They may come on the main thread, while it waits for the end of a peer: no
#: function of Python, which Ctrl-C could interrupt.
_destroy = _release = ffi.callback("void(void*)", _in_use.__delitem__)


@_callback(f"int64_t({_SELF_AND_SOURCES}, xfsbus_random*, {_ERROR})", lib.XFSBUS_POLICY_FAILED)
def _pick(self: Any, request: Any, sources: Any, count: int, generator: Any, error: Any,
          error_size: int) -> int:
    try:
        it = ffi.from_handle(self)
        answer = it.policy.pick(_requests.one(request), _sources.several(sources, count),
                                it.drawn(generator))
        if answer is None:
            return int(lib.XFSBUS_POLICY_NONE)
        index = _whole(answer)
        if index is None:
            raise TypeError(f"pick returned {answer!r}, and neither an index nor None")
        return index
    except BaseException as raised:
        return _fail(raised, error, error_size)


@_callback("uint32_t(void*)", 0)
def _decides(self: Any) -> int:
    return ffi.from_handle(self).decides


@_callback(f"int({_SELF_AND_SOURCES}, xfsbus_answer*, xfsbus_random*, {_ERROR})",
           lib.XFSBUS_POLICY_FAILED)
def _decide(self: Any, request: Any, sources: Any, count: int, answer: Any, generator: Any, error: Any,
            error_size: int) -> int:
    try:
        it = ffi.from_handle(self)
        decided = it.policy.decide(_requests.one(request), _sources.several(sources, count),
                                   it.drawn(generator))
        if decided is not None:
            _write(decided, answer)
        return int(lib.XFSBUS_POLICY_OK)
    except BaseException as raised:
        return _fail(raised, error, error_size)


def _write(decided: Any, answer: Any) -> None:
    if not isinstance(decided, dict) or decided.get("action") not in _ACTIONS:
        raise TypeError(f"decide returned {decided!r}, and neither None nor {_DECIDED}")
    for field, value in decided.items():
        if field != "action" and _whole(value) is None:
            raise TypeError(f"{field} is {value!r}, and not a whole number from 0 on")
    answer.action = _ACTIONS[decided["action"]]
    most = 2**32 - 1  # what does not fit is refused by the host as no source
    answer.source = min(decided.get("source", 0), most)
    answer.gives_way = min(decided.get("gives_way", 0), most)
    answer.again_us = decided.get("again_us", 0)
    answer.bytes = decided.get("bytes", 0)


@_callback(f"int(void*, const xfsbus_source*, double*, {_ERROR})", lib.XFSBUS_POLICY_FAILED)
def _cost(self: Any, source: Any, cost: Any, error: Any, error_size: int) -> int:
    try:
        it = ffi.from_handle(self)
        value = it.cost(_sources.one(source)) if it.cost else None
        if value is None:
            return int(lib.XFSBUS_POLICY_NONE)
        cost[0] = value
        return int(lib.XFSBUS_POLICY_OK)
    except BaseException as raised:
        return _fail(raised, error, error_size)


@_callback(f"int(void*, const xfsbus_source*, const xfsbus_outcome*, {_ERROR})",
           lib.XFSBUS_POLICY_FAILED)
def _observe(self: Any, source: Any, outcome: Any, error: Any, error_size: int) -> int:
    try:
        it = ffi.from_handle(self)
        if it.observe:
            it.observe(_sources.one(source), _outcomes.one(outcome))
        return int(lib.XFSBUS_POLICY_OK)
    except BaseException as raised:
        return _fail(raised, error, error_size)


def _put(ranked: Any, count: int, ranks: Any) -> int:
    numbers = array.array("d", ranked)
    if len(numbers) != count:
        raise ValueError(f"rank returned {len(numbers)} numbers for {count}")
    ffi.buffer(ranks, count * numbers.itemsize)[:] = numbers.tobytes()
    return int(lib.XFSBUS_POLICY_OK)


@_callback(f"int(void*, const xfsbus_chunk*, size_t, double*, xfsbus_random*, {_ERROR})",
           lib.XFSBUS_POLICY_FAILED)
def _rank_chunks(self: Any, chunks: Any, count: int, ranks: Any, generator: Any, error: Any,
                 error_size: int) -> int:
    try:
        it = ffi.from_handle(self)
        return _put(it.policy.rank(_chunks.several(chunks, count), it.drawn(generator)), count, ranks)
    except BaseException as raised:
        return _fail(raised, error, error_size)


@_callback(f"int(void*, const xfsbus_upload_request*, const xfsbus_upload_sink*, size_t, double*, {_ERROR})",
           lib.XFSBUS_POLICY_FAILED)
def _rank_sinks(self: Any, request: Any, sinks: Any, count: int, ranks: Any, error: Any,
                error_size: int) -> int:
    try:
        it = ffi.from_handle(self)
        return _put(it.policy.rank(_upload_requests.one(request), _sinks.several(sinks, count)), count,
                    ranks)
    except BaseException as raised:
        return _fail(raised, error, error_size)


# ---- the tables of them ----

def _table(kind: str, **operations: Any) -> Any:
    return ffi.new(f"{kind}*", {"size": ffi.sizeof(kind), **operations})


#: Of each kind the method that is needed, and what the library calls.
_KINDS = {
    "peer-selection": ("pick", _table("xfsbus_peer_selector_operations", purposes=len(_PURPOSES), pick=_pick,
                                      decide=_decide, decides=_decides, cost=_cost, observe=_observe)),
    "chunk-order": ("rank", _table("xfsbus_chunk_order_operations", rank=_rank_chunks)),
    "upload-choice": ("rank", _table("xfsbus_upload_choice_operations", rank=_rank_sinks)),
}
