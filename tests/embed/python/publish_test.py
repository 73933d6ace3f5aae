"""What is shared without a directory."""
import asyncio
import gc
import weakref

import pytest
from conftest import MIB, PATIENCE, until

import xfsbus


class Kept(bytearray):
    """Bytes of which one can see whether anybody has them."""


def fetched(bus, sink, name):
    return sink.download(name, wait=PATIENCE, timeout=PATIENCE).path.read_bytes()


def test_bytes_are_published_found_and_fetched(bus):
    data = bytes(range(256)) * 8192
    with bus.sink() as source, bus.sink() as sink:
        source.wait_for_tracker(PATIENCE)
        published = source.publish("made/a.bin", data, timeout=PATIENCE)
        assert (published.name, published.bytes) == ("made/a.bin", len(data))
        assert len(published.content) == 64 and len(published.manifest) > 16 * 32
        assert [file.name for file in source.files()] == ["made/a.bin"]
        sink.wait_for_tracker(PATIENCE)
        (found,) = sink.find("made/*", timeout=PATIENCE)
        assert found.content == published.content
        assert fetched(bus, sink, "made/a.bin") == data


def test_a_view_of_memory_is_published_and_let_go_when_it_is_unpublished(bus):
    data = Kept(b"x" * MIB)
    gone = weakref.ref(data)
    with bus.sink() as source, bus.sink() as sink:
        source.publish("a", memoryview(data)[100:], timeout=PATIENCE)
        del data
        gc.collect()
        assert gone() is not None
        assert fetched(bus, sink, "a") == b"x" * (MIB - 100)
        source.unpublish("a", timeout=PATIENCE)
        gc.collect()
        assert gone() is None
        with pytest.raises(xfsbus.NotFoundError):
            source.unpublish("a")
        assert source.files() == ()


def test_what_is_published_is_let_go_with_its_peer(bus):
    data = Kept(b"x")
    gone = weakref.ref(data)
    source = bus.sink()
    source.publish("a", data, timeout=PATIENCE)
    del data
    source.close()
    gc.collect()
    assert gone() is None
    source = bus.sink()
    data = Kept(b"x")
    gone = weakref.ref(data)
    source.publish("a", data, timeout=PATIENCE)
    del data, source  # without an end
    gc.collect()
    assert gone() is None


def test_a_file_elsewhere_is_published_and_no_more_once_it_is_changed(bus, tmp_path):
    path = tmp_path / "ä file"
    path.write_bytes(b"abc")
    with bus.sink() as source, bus.sink() as sink:
        source.publish("a", path=path, timeout=PATIENCE)
        assert fetched(bus, sink, "a") == b"abc"
        path.write_bytes(b"longer")
        job = sink.start_download("a", out="b")
        until(lambda: not source.files())
        job.cancel()
        with pytest.raises(xfsbus.XfsError):
            job.result(PATIENCE)
        assert not (bus.downloads / "b").exists()


def test_with_a_known_manifest_nothing_is_read(bus):
    with bus.sink() as source, bus.sink() as sink:
        first = source.publish("a", b"abc", timeout=PATIENCE)
        second = source.publish("b", b"abc", manifest=first.manifest, timeout=PATIENCE)
        assert second.content == first.content
        assert fetched(bus, sink, "b") == b"abc"
        with pytest.raises(xfsbus.IntegrityError):
            source.publish("c", b"abcd", manifest=first.manifest, timeout=PATIENCE)


def test_what_makes_no_sense_is_not_published(bus):
    with bus.sink(published_most=2) as source:
        for arguments in ({}, {"data": b"a", "path": "a"}):
            with pytest.raises(xfsbus.UsageError):
                source.publish("a", **arguments)
        with pytest.raises(xfsbus.UsageError):
            source.publish("../a", b"", timeout=PATIENCE)
        with pytest.raises(TypeError):
            source.publish("a", "text")
        source.publish("a", b"", timeout=PATIENCE)
        with pytest.raises(xfsbus.UsageError, match="already"):
            source.publish("a", b"", timeout=PATIENCE)
        source.publish("b", b"", timeout=PATIENCE)
        with pytest.raises(xfsbus.UsageError, match="published_most"):
            source.publish("c", b"", timeout=PATIENCE)
    with pytest.raises(xfsbus.EndedError):
        source.publish("d", b"")


def test_asyncio_publishes_many_at_once_and_takes_them_back(bus):
    names = [f"{number}.bin" for number in range(20)]

    async def main():
        async with bus.sink(xfsbus.AsyncPeer) as source:
            await source.wait_for_tracker(PATIENCE)
            all_published = await asyncio.gather(
                *(source.publish(name, name.encode()) for name in names))
            assert [one.name for one in all_published] == names
            assert len(await source.files()) == 20
            data = await asyncio.to_thread(fetched, bus, sink, "7.bin")
            assert data == b"7.bin"
            for name in names:
                await source.unpublish(name)
            assert await source.files() == ()

    with bus.sink() as sink:
        asyncio.run(asyncio.wait_for(main(), PATIENCE))
