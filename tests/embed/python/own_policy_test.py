"""Policies that are classes of the program."""
import asyncio
import gc
import logging
import os
import subprocess
import sys
import threading
import time
import weakref

import pytest
from conftest import MIB, PATIENCE, interrupt_unheard, until

import xfsbus
from xfsbus import _own_policy, policy
from xfsbus._library import ffi
from xfsbus._views import Reader


def fetch(bus, **options):
    """Fetches a file with a sink of these options; what it says of its policies afterwards."""
    bus.write("a.bin", 3 * MIB)
    with bus.source(), bus.sink(**options) as sink:
        sink.download("a.bin", wait=PATIENCE, timeout=PATIENCE)
        return sink.policy(), sink.chunk_order()


def all_let_go():
    """Whether the library has given back whatever it was lent."""
    return not _own_policy._in_use


def test_a_class_decides_who_is_asked_and_is_told_how_it_went(bus):
    seen, told = [], []

    class MyFirst:
        """The first one.

        Others do as well.
        """

        version = "7"

        def pick(self, request, sources, rng):
            seen.append((request, sources))
            return 0

        def observe(self, source, outcome):
            told.append((source, outcome))

    info, _ = fetch(bus, policy=MyFirst)
    assert (info.used.name, info.used.version, info.description, info.path) == ("my-first", "7", "The first one.",
                                                                                None)
    assert info.picks >= len(seen) > 0 and info.faults == 0
    assert info.trouble == "" or info.slow > 0  # the machine may be busy
    request, (source,) = next(it for it in seen if it[0].purpose == "request")
    assert request.file_bytes == 3 * MIB and 0 < request.bytes <= 3 * MIB and request.places_used == 1
    assert source.endpoint.startswith("127.0.0.1:") and source.labels == "" and source.completeness == 1.0
    assert policy.SourceFlag.HAS_CHUNK in policy.SourceFlag(source.flags)
    assert 0 < sum(outcome.bytes for _, outcome in told if outcome.reason == "delivered") <= 3 * MIB
    assert {source.source_id for source, _ in told} == {source.source_id}
    assert all_let_go()


def test_what_a_class_raises_is_counted_told_with_its_place_and_made_good(bus, caplog):
    class Bad:
        def pick(self, request, sources, rng):
            raise ValueError("not today")

    with caplog.at_level(logging.DEBUG, "xfsbus.policy"):
        info, _ = fetch(bus, policy=Bad)
    assert info.faults > 0 and info.fallbacks >= info.faults
    assert "ValueError: not today (own_policy_test.py:" in info.trouble
    assert any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize("answer", ["0", -1, 0.5, 4711, [0]], ids=str)
def test_an_answer_of_a_class_that_makes_no_sense_is_a_fault(bus, answer):
    info, _ = fetch(bus, policy=lambda: type("Odd", (), {"pick": lambda *_: answer})())
    assert info.used.name == "lambda"
    assert info.faults > 0 and repr(answer) in info.trouble


def test_a_class_that_fails_ends_the_download_if_that_is_wanted(bus):
    class Bad:
        def pick(self, request, sources, rng):
            return sources[4711]

    with pytest.raises(xfsbus.PluginError, match="IndexError"):
        fetch(bus, policy=Bad, strict_policy=True)


def test_a_class_answers_the_questions_that_it_names_and_no_others(bus):
    asked = []

    class Careful:
        decides = ("admit", "window")

        def pick(self, request, sources, rng):
            return 0

        def decide(self, request, sources, rng):
            asked.append(request.purpose)
            return policy.limit(MIB) if request.purpose == "window" else policy.choose(
                next(i for i, it in enumerate(sources) if it.flags & policy.SourceFlag.ANSWERABLE))

    info, _ = fetch(bus, policy=Careful)
    assert info.faults == 0, info.trouble
    assert "admit" in asked and set(asked) <= set(Careful.decides)


def test_a_class_may_say_what_a_source_costs(bus):
    class Dear:
        def pick(self, request, sources, rng):
            return 0

        def cost(self, source):
            return 47.11

    bus.write("a.bin", 10)
    with bus.source(), bus.sink(policy=Dear) as sink:
        sink.wait_for_tracker(PATIENCE)
        assert [found.cost for found in sink.find("a.bin", timeout=PATIENCE)] == [47.11]


def test_a_class_orders_chunks(bus):
    shown = []

    class Backwards:
        def rank(self, chunks, rng):
            shown.extend(chunks)
            return [-chunk.chunk for chunk in chunks]

    _, info = fetch(bus, chunk_order=Backwards)
    assert info.used.name == "backwards" and info.faults == 0 and info.picks > 0
    assert {chunk.chunk for chunk in shown} == set(range(shown[0].chunks))
    assert shown[-1].offset_bytes + shown[-1].bytes <= 3 * MIB


@pytest.mark.parametrize("ranks, words", [([], "0 numbers"), (["1"], "TypeError"), (None, "TypeError"),
                                          ([float("nan")] * 3, "")], ids=str)
def test_ranks_of_a_class_that_make_no_sense_are_a_fault(bus, ranks, words):
    _, info = fetch(bus, chunk_order=lambda: type("Odd", (), {"rank": lambda *_: ranks})())
    assert info.faults > 0 and words in info.trouble


def test_a_class_chooses_who_is_served(bus):
    hosts = set()

    class InTurn:
        def rank(self, request, sinks):
            hosts.update(sink.host for sink in sinks)
            return [sink.share_bytes for sink in sinks]

    bus.write("a.bin", 3 * MIB)
    with bus.source(upload_policy=InTurn) as source, bus.sink() as sink:
        sink.download("a.bin", wait=PATIENCE, timeout=PATIENCE)
        info = source.upload_policy()
    assert info.used.name == "in-turn" and info.picks > 0 and info.faults == 0
    assert hosts == {"127.0.0.1"}


def test_a_class_whose_objects_cannot_be_made_is_refused_at_the_start(bus):
    class NeedsMore:
        def __init__(self, table):
            pass

        def pick(self, request, sources, rng):
            return 0

    class PicksNothing:
        pass

    class Asks:
        decides = ("everything",)

        def pick(self, request, sources, rng):
            return 0

    for made, words in ((NeedsMore, "table"), (PicksNothing, "no method `pick`"), (Asks, "everything")):
        with pytest.raises(xfsbus.PluginError, match=words):
            bus.sink(policy=made)
        assert all_let_go()


def test_what_cannot_be_a_policy_is_refused_with_a_word(bus):
    class Named:
        name = "Not So"

    with pytest.raises(xfsbus.UsageError, match="Not So"):
        bus.sink(policy=Named)
    with pytest.raises(xfsbus.UsageError, match="upload_policy"):
        bus.sink(upload_policy=4711)


def test_equal_seeds_draw_equal_numbers(bus):
    def drawn():
        numbers = []

        class Draws:
            def pick(self, request, sources, rng):
                numbers.append((rng.random(), rng.choice("abcdef")))
                return 0

        with bus.sink(policy=Draws, seed=7) as sink:
            sink.wait_for_tracker(PATIENCE)
            sink.find("a.bin", timeout=PATIENCE)
        return numbers

    bus.write("a.bin", 10)
    with bus.source():
        first = drawn()
        assert first and first == drawn()


def test_a_policy_that_waits_for_its_peer_is_refused_and_takes_no_harm(bus):
    raised = []

    class Waits:
        def pick(self, request, sources, rng):
            try:
                sink.status()
            except xfsbus.XfsError as error:
                raised.append(error)
            return 0

    bus.write("a.bin", MIB)
    with bus.source(), bus.sink(policy=Waits) as sink:
        sink.download("a.bin", wait=PATIENCE, timeout=PATIENCE)
    assert raised and all(isinstance(error, xfsbus.UsageError) for error in raised)


def test_a_class_that_is_slow_is_given_up_and_the_download_goes_on(bus):
    class Slow:
        def pick(self, request, sources, rng):
            end = time.monotonic() + 0.02  # twice what a call may take
            while time.monotonic() < end:
                pass
            return 0

    info, _ = fetch(bus, policy=Slow)
    assert info.slow > 0 and "more than" in info.trouble


def test_ctrl_c_ends_a_download_whose_class_is_being_asked(bus):
    asked = []

    class Interrupts:
        def pick(self, request, sources, rng):
            if not asked:
                interrupt_unheard()
            asked.append(request)
            return 0

    bus.write("a.bin", 3 * MIB)
    with bus.source(), bus.sink(policy=Interrupts, download_limit=MIB // 4) as sink:
        with pytest.raises(KeyboardInterrupt):
            sink.download("a.bin", wait=PATIENCE, timeout=PATIENCE)
    assert all_let_go()


def test_a_peer_is_closed_while_its_class_is_being_asked(bus):
    asked, go_on = threading.Event(), threading.Event()

    class Waits:
        def pick(self, request, sources, rng):
            asked.set()
            go_on.wait(PATIENCE)
            return 0

    bus.write("a.bin", 3 * MIB)
    with bus.source():
        sink = bus.sink(policy=Waits)
        sink.start_download("a.bin", wait=PATIENCE)
        assert asked.wait(PATIENCE)
        closing = threading.Thread(target=sink.close)
        closing.start()
        go_on.set()
        closing.join(PATIENCE)
        assert not closing.is_alive()
    assert all_let_go()


def test_a_peer_may_end_within_a_call_of_its_own_class(bus):
    held = []

    class LetsGo:
        def pick(self, request, sources, rng):
            held.clear()
            gc.collect()
            return 0

    bus.write("a.bin", 3 * MIB)
    with bus.source():
        held.append(bus.sink(policy=LetsGo))
        job = held[0].start_download("a.bin", wait=PATIENCE)
        with pytest.raises(xfsbus.XfsError):
            job.result(PATIENCE)
        assert job.done() and not held
    until(all_let_go)


def test_objects_of_a_class_are_let_go_of_with_their_peer(bus):
    alive = weakref.WeakSet()

    class Counted:
        def __init__(self):
            alive.add(self)

        def pick(self, request, sources, rng):
            return 0

    fetch(bus, policy=Counted)
    gc.collect()
    assert not alive
    made = weakref.ref(Counted)
    del Counted
    gc.collect()
    assert made() is None


def test_a_program_may_end_without_closing_a_peer_that_asks_its_class(bus):
    bus.write("a.bin", 3 * MIB)
    program = """
import sys, threading, xfsbus

asked = threading.Event()

class First:
    def pick(self, request, sources, rng):
        asked.set()
        return 0

peer = xfsbus.Peer(sys.argv[1], download_directory=sys.argv[2], policy=First, download_limit=2**18,
                   durability="process")
peer.start_download("a.bin", wait=20)
assert asked.wait(20)
"""
    with bus.source():
        done = subprocess.run([sys.executable, "-B", "-c", program, bus.tracker, bus.downloads],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=PATIENCE, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_child_of_fork_ends_and_leaves_the_class_to_its_parent(bus):
    class First:
        def pick(self, request, sources, rng):
            return 0

    bus.write("a.bin", MIB)
    with bus.source(), bus.sink(policy=First) as sink:
        child = os.fork()
        if child == 0:
            gc.collect()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        sink.download("a.bin", wait=PATIENCE, timeout=PATIENCE)
        assert sink.policy().picks > 0


def test_a_class_decides_for_asyncio_too(bus):
    class First:
        def pick(self, request, sources, rng):
            return 0

    async def run():
        async with bus.sink(xfsbus.AsyncPeer, policy=First) as sink:
            await asyncio.wait_for(sink.download("a.bin", wait=PATIENCE), PATIENCE)
            return await sink.policy(), await sink.chunk_order(), await sink.upload_policy()

    bus.write("a.bin", MIB)
    with bus.source():
        info, order, upload = asyncio.run(run())
    assert (info.used.name, order.used.name, upload.used.name) == ("first", "rarest", "fair")
    assert info.picks > 0 and info.faults == 0


def test_a_policy_sees_every_field_of_the_interface_under_its_name():
    for kind, view in (("request", policy.Request), ("source", policy.Source), ("outcome", policy.Outcome),
                       ("chunk", policy.Chunk), ("upload_request", policy.UploadRequest),
                       ("upload_sink", policy.UploadSink)):
        fields = [name for name, _ in ffi.typeof(f"xfsbus_{kind}").fields]
        assert fields == ["size", *view._fields]


def test_what_an_older_library_does_not_show_is_nought_and_what_a_newer_one_adds_is_passed_over():
    reader = Reader("xfsbus_chunk", policy.Chunk)
    whole = ffi.sizeof("xfsbus_chunk")
    for size, known in ((whole - 24, 5), (whole, 8), (whole + 16, 8)):
        memory = ffi.new("char[]", 2 * size)
        for at in (0, 1):
            chunk = ffi.new("xfsbus_chunk*", [size, at, 2, 3, 4, 5, 6, 7, 8.0])
            ffi.memmove(memory + at * size, chunk, min(size, whole))
        read = reader.several(ffi.cast("const xfsbus_chunk*", memory), 2)
        expected = (2, 3, 4, 5, 6, 7, 8.0)[:known - 1]
        assert [tuple(chunk) for chunk in read] == [(at, *expected, *(0,) * (8 - known)) for at in (0, 1)]
