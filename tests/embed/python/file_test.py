"""Files that are read while they come, and what is told of the files of all peers."""
import asyncio
import io
import os
import signal
import threading
import time

import pytest
from conftest import MIB, PATIENCE, interrupt_unheard, until, waits_in

import xfsbus
from xfsbus._options import subscription_of
from xfsbus._subscription import Subscription

CHANGE = xfsbus.ListingChange
PEER = xfsbus.PeerChange


def changes_of(change):
    """What a change says, but for numbers of holders, which come when they come."""
    return (change.what, change.file.name, change.file.bytes)


def test_a_file_is_read_while_it_comes_from_anywhere(bus):
    data = bus.write("film.bin", 3 * MIB)
    with bus.source(), bus.sink() as sink:
        with sink.open("film.bin", wait=PATIENCE, timeout=PATIENCE) as film:
            assert isinstance(film, io.BufferedIOBase) and film.readable() and film.seekable()
            assert (film.name, film.size, len(film.content)) == ("film.bin", len(data), 64)
            assert film.seek(-100, io.SEEK_END) == len(data) - 100
            assert film.read() == data[-100:]
            assert film.read(1) == b""
            film.seek(MIB)
            assert film.read(MIB) == data[MIB:2 * MIB]
            assert film.tell() == 2 * MIB
            film.seek(0)
            assert film.read() == data
            film.wait_until_whole(PATIENCE)
        assert (bus.downloads / "film.bin").read_bytes() == data
        with pytest.raises(ValueError):
            film.read(1)


def test_a_file_without_a_buffer_reads_what_is_there(bus):
    data = bus.write("film.bin", 1000)
    with bus.source() as source, source.open("film.bin", buffering=0, timeout=PATIENCE) as film:
        assert isinstance(film, xfsbus.OpenFile)
        room = bytearray(10)
        assert film.readinto(room) == 10 and bytes(room) == data[:10]
        assert film.seek(5, io.SEEK_CUR) == 15 and film.read(5) == data[15:20]
        assert film.readinto(bytearray()) == 0
        assert film.seek(5000) == 5000 and film.read(1) == b""
        with pytest.raises(ValueError):
            film.seek(-1)
        with pytest.raises(ValueError):
            film.seek(0, 7)
        film.close()
        for call in (film.readall, lambda: film.seek(0), film.wait_until_whole):
            with pytest.raises(ValueError):
                call()


def is_missing(film, place):
    """Whether a read there is not answered at once, and leaves the file as it was."""
    film.seek(place)
    try:
        film.read(1)
    except xfsbus.XfsTimeoutError:
        assert film.tell() == place
        return True
    return False


def test_a_read_that_takes_too_long_may_be_tried_again(bus):
    data = bus.write("film.bin", 4 * MIB)
    with bus.source(), bus.sink(download_limit=MIB // 2) as sink:
        film = sink.open("film.bin", buffering=0, wait=PATIENCE, timeout=PATIENCE)
        film._timeout = 0
        missing = [place for place in range(0, film.size, MIB // 4) if is_missing(film, place)]
        film._timeout = PATIENCE
        assert film.seek(missing[-1]) == missing[-1]
        assert film.read(1) == data[missing[-1]:][:1]


def test_a_file_that_is_closed_ends_its_download_unless_it_is_kept(bus):
    bus.write("film.bin", MIB)
    with bus.source(), bus.sink(download_limit=MIB // 4) as sink:
        sink.open("film.bin", wait=PATIENCE, timeout=PATIENCE).close()
        until(lambda: not sink.status().downloading)
        assert not (bus.downloads / "film.bin").exists()
    with bus.source(), bus.sink() as sink:
        sink.open("film.bin", keep=True, wait=PATIENCE, timeout=PATIENCE).close()
        until((bus.downloads / "film.bin").exists)


def test_a_file_that_nobody_has_is_not_found(bus):
    with bus.sink() as sink:
        sink.wait_for_tracker(PATIENCE)
        with pytest.raises(xfsbus.NotFoundError):
            sink.open("nothing", timeout=PATIENCE)
        with pytest.raises(xfsbus.XfsTimeoutError):
            sink.open("nothing", wait=PATIENCE, timeout=0.05)
        with pytest.raises(xfsbus.UsageError):
            sink.open("nothing", wait=-1)


@pytest.mark.parametrize("name", ["nothing", "film.bin"])
def test_ctrl_c_ends_an_opening_and_a_read(bus, name):
    bus.write("film.bin", MIB)
    with bus.source(), bus.sink(download_limit=MIB // 100) as sink:
        sink.wait_for_tracker(PATIENCE)

        def interrupt():
            until(lambda: waits_in("result") if name == "nothing" else sink.status().downloading)
            interrupt_unheard()

        thread = threading.Thread(target=interrupt)
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            thread.start()
            sink.open(name, wait=10 * PATIENCE).read()
        thread.join()
        assert time.monotonic() - begun < PATIENCE


def test_a_file_outlives_its_peer_and_is_left_alone_by_a_child_of_fork(bus):
    bus.write("film.bin", MIB)
    with bus.source():
        sink = bus.sink(download_limit=MIB // 100)
        film = sink.open("film.bin", buffering=0, wait=PATIENCE, timeout=PATIENCE)
        child = os.fork()
        if child == 0:
            signal.alarm(int(PATIENCE))
            film.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert sink.status().downloading
        sink.close()
        film.seek(-1, io.SEEK_END)
        with pytest.raises(xfsbus.EndedError):
            film.read(1)


def test_the_files_of_all_peers_are_listed_in_the_order_of_their_names(bus):
    for name in ("b.bin", "a.bin", "c.txt"):
        bus.write(name, 10)
    with bus.source(), bus.sink() as sink:
        sink.wait_for_tracker(PATIENCE)
        files = sink.list("*.bin", timeout=PATIENCE)
        assert [(file.name, file.bytes, file.complete) for file in files] == [
            ("a.bin", 10, 1), ("b.bin", 10, 1)]
        assert sink.list("nothing*", timeout=PATIENCE) == ()


def test_a_subscription_tells_of_what_is_there_appears_and_goes(bus):
    bus.write("a.bin", 10)
    with bus.source(), bus.sink() as sink:
        changes = sink.subscribe("*.bin", timeout=PATIENCE)
        assert changes_of(next(changes)) == (CHANGE.THERE, "a.bin", 10)
        bus.write("b.bin", 20)
        assert changes_of(next(changes)) == (CHANGE.APPEARED, "b.bin", 20)
        (bus.share / "a.bin").unlink()
        gone = next(changes)
        assert changes_of(gone) == (CHANGE.GONE, "a.bin", 10)
        assert (gone.file.complete, gone.file.partial) == (0, 0)
        changes.close()
        until(lambda: sink.list("*.bin", PATIENCE) and not sink._events.jobs)


def test_a_subscription_ends_when_its_time_is_over_or_its_peer_is_closed(bus):
    with bus.source(), bus.sink() as sink:
        assert list(sink.subscribe("*", timeout=0.05)) == []
        raised = []

        def follow():
            try:
                raised.append(list(sink.subscribe("*")))
            except xfsbus.XfsError as error:
                raised.append(error)

        thread = threading.Thread(target=follow)
        thread.start()
        until(lambda: sink._events.jobs)
        sink.close()
        thread.join()
        assert raised == [[]] or isinstance(raised[0],
                                            (xfsbus.EndedError, xfsbus.XfsInterruptedError))


def test_of_changes_that_nobody_takes_only_how_each_file_is_at_last_is_kept(bus):
    def change(what, complete, name="a.bin"):
        return xfsbus.Change(what, xfsbus.ListedFile(name, "c" * 64, 10, complete, 0))

    with bus.sink() as sink:
        kept = sink._begin(xfsbus.peer.Subscription, "subscription", subscription_of("*", True))
        for it in (change(CHANGE.APPEARED, 1), change(CHANGE.HOLDERS, 2)):
            kept.on_change(it)
        assert kept.take() == change(CHANGE.APPEARED, 2)
        for it in (change(CHANGE.HOLDERS, 3), change(CHANGE.GONE, 0)):
            kept.on_change(it)
        assert kept.take() == change(CHANGE.GONE, 0)
        for it in (change(CHANGE.APPEARED, 1), change(CHANGE.THERE, 1, "b"), change(CHANGE.GONE, 0)):
            kept.on_change(it)
        assert kept.take() == change(CHANGE.THERE, 1, "b")
        assert kept.take() is None and not kept.has_news()


def test_of_changes_of_a_peer_only_how_it_is_at_last_is_kept(bus):
    def change(what, load=0):
        return xfsbus.ChangedPeer(what, xfsbus.KnownPeer("10.0.0.1", 7, 0, load, 0, "", False, "aa"))

    with bus.sink() as sink:
        begun = sink._begin(Subscription, "subscription", subscription_of(None, True))
        kept = Subscription("subscription", begun._handle)  # which hears of no other
        for it in (change(PEER.APPEARED), change(PEER.CHANGED, 2)):
            kept.on_peer_change(it)
        assert kept.take() == change(PEER.APPEARED, 2)
        for it in (change(PEER.GONE), change(PEER.APPEARED)):
            kept.on_peer_change(it)
        assert kept.take() == change(PEER.APPEARED)
        for it in (change(PEER.APPEARED), change(PEER.GONE)):
            kept.on_peer_change(it)
        assert kept.take() is None and not kept.has_news()


def test_a_subscription_to_peers_tells_of_those_that_are_there_appear_and_go(bus):
    with bus.source() as source, bus.sink() as sink:
        source.wait_for_tracker(PATIENCE)
        changes = sink.subscribe(peers=True, timeout=PATIENCE)
        port = source.status().port
        there = next(it for it in changes if it.peer.port == port)
        assert isinstance(there, xfsbus.ChangedPeer)
        assert there.what in (PEER.THERE, PEER.APPEARED) and len(there.peer.id) == 32
        source.close()
        gone = next(it for it in changes if it.peer.port == port)
        assert gone.what == PEER.GONE and gone.peer.id == there.peer.id
        changes.close()


def test_a_subscription_may_be_to_files_and_peers_but_not_to_nothing(bus):
    bus.write("a.bin", 10)
    with bus.source(), bus.sink() as sink:
        told = sink.subscribe("*", PATIENCE, peers=True)
        seen = set()
        while len(seen) < 2:
            seen.add(type(next(told)))
        assert seen == {xfsbus.Change, xfsbus.ChangedPeer}
        told.close()
        with pytest.raises(xfsbus.UsageError):
            next(sink.subscribe())


def test_asyncio_follows_peers(bus):
    async def follow():
        async with bus.sink(xfsbus.AsyncPeer) as sink:
            changes = sink.subscribe(peers=True)
            async for change in changes:
                if change.peer.self:
                    await changes.aclose()
                    return change.what

    assert asyncio.run(asyncio.wait_for(follow(), PATIENCE)) in (PEER.THERE, PEER.APPEARED)


def test_asyncio_lists_files_and_follows_their_changes(bus):
    bus.write("a.bin", 10)

    async def main():
        async with bus.sink(xfsbus.AsyncPeer) as sink:
            await sink.wait_for_tracker(PATIENCE)
            assert [file.name for file in await sink.list("*.bin")] == ["a.bin"]
            changes = sink.subscribe("*.bin")
            assert changes_of(await changes.__anext__()) == (CHANGE.THERE, "a.bin", 10)
            bus.write("b.bin", 20)
            assert changes_of(await changes.__anext__()) == (CHANGE.APPEARED, "b.bin", 20)
            await changes.aclose()
            while sink._events.jobs:
                await sink.status()

    with bus.source():
        asyncio.run(asyncio.wait_for(main(), PATIENCE))
