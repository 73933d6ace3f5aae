"""The peer for asyncio."""
import asyncio
import threading

import pytest
from conftest import MIB, PATIENCE

import xfsbus


def in_time(main):
    """Runs a coroutine to its end, which must not take for ever."""
    return asyncio.run(asyncio.wait_for(main, PATIENCE))


def test_asyncio_finds_and_fetches_a_file(bus):
    data = bus.write("a.bin", 3 * MIB)

    async def main():
        async with bus.sink(xfsbus.AsyncPeer) as sink:
            await sink.wait_for_tracker(PATIENCE)
            (found,) = await sink.find("*")
            assert found.bytes == len(data)
            return await sink.download("a.bin")

    with bus.source():
        assert in_time(main()).path.read_bytes() == data


def test_asyncio_iterates_over_the_progress_of_a_download(bus):
    data = bus.write("a.bin", MIB)

    async def main():
        async with bus.sink(xfsbus.AsyncPeer, download_limit=MIB) as sink:
            job = sink.start_download("a.bin", wait=PATIENCE)
            seen = [progress async for progress in job]
            assert any(0 < progress.fraction < 1 for progress in seen)
            return await job

    with bus.source():
        assert in_time(main()).bytes_fetched == len(data)


def test_asyncio_runs_many_downloads_at_once_without_a_thread_for_each(bus):
    names = [f"{number}.bin" for number in range(20)]
    for name in names:
        bus.write(name, 1000)

    async def main():
        async with bus.sink(xfsbus.AsyncPeer) as sink:
            before = threading.active_count()
            jobs = [sink.start_download(name, wait=PATIENCE) for name in names]
            reports = await asyncio.gather(*jobs)
            assert threading.active_count() == before
            return reports

    with bus.source():
        assert [report.files[0].name for report in in_time(main())] == names


def test_a_task_that_is_cancelled_cancels_its_download(bus):
    bus.write("a.bin", MIB)

    async def main():
        async with bus.sink(xfsbus.AsyncPeer, download_limit=MIB // 100) as sink:
            task = asyncio.create_task(sink.download("a.bin", wait=PATIENCE))
            while not (await sink.status()).downloading:
                pass
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            while (await sink.status()).downloading:
                pass

    with bus.source():
        in_time(main())


def test_what_fails_raises_in_asyncio_too(bus):
    async def main():
        async with bus.sink(xfsbus.AsyncPeer) as sink:
            await sink.wait_for_tracker(PATIENCE)
            with pytest.raises(xfsbus.NotFoundError):
                await sink.find("nothing")
            with pytest.raises(xfsbus.NotFoundError):
                await sink.download("nothing")
            with pytest.raises(xfsbus.PluginError):
                await sink.load_policy("libnothing.so")
        async with xfsbus.AsyncPeer("tcp://127.0.0.1:1") as lost:
            with pytest.raises(xfsbus.TrackerUnreachableError):
                await lost.wait_for_tracker(0.01)

    in_time(main())


def test_an_asyncio_peer_that_is_closed_ends_its_jobs_and_waits(bus):
    bus.write("a.bin", MIB)

    async def main():
        sink = bus.sink(xfsbus.AsyncPeer, download_limit=MIB // 100)
        with pytest.raises(xfsbus.EndedError):
            await sink.wait_for_tracker()
        await sink.start()
        with pytest.raises(xfsbus.UsageError):
            await sink.start()
        job = sink.start_download("a.bin", wait=PATIENCE)
        scan = asyncio.create_task(sink.wait_until_scanned())
        await asyncio.sleep(0)
        await sink.close()
        with pytest.raises((xfsbus.EndedError, xfsbus.XfsInterruptedError)):
            await job
        with pytest.raises(xfsbus.EndedError):
            await scan
        with pytest.raises(xfsbus.EndedError):
            sink.start_find("a.bin")
        await sink.close()

    with bus.source():
        in_time(main())


def test_asyncio_shares_a_directory_and_tells_of_it(bus):
    bus.write("a.bin", 10)

    async def main():
        async with xfsbus.AsyncPeer(bus.tracker, directory=bus.share) as source:
            assert (await source.wait_until_scanned()).files == 1
            assert (await source.wait_until_shared()).files == 1
            assert [file.name for file in await source.files()] == ["a.bin"]
            assert [known.self for known in await source.peers()] == [True]
            assert (await source.status()).tracker_connected
            assert (await source.policy()).used.name == "loadlatency"
            assert (await source.update()).bytes == 10
            with pytest.raises(xfsbus.NotFoundError, match="no other peer"):
                await source.push("a.bin", to=1)

    in_time(main())


def test_asyncio_reads_a_file_while_it_comes_from_anywhere(bus):
    data = bus.write("film.bin", 2 * MIB)

    async def main():
        async with bus.sink(xfsbus.AsyncPeer) as sink:
            await sink.wait_for_tracker(PATIENCE)
            async with await sink.open("film.bin", wait=PATIENCE) as film:
                assert (film.name, film.size, len(film.content)) == ("film.bin", len(data), 64)
                assert await film.seek(-100, 2) == len(data) - 100
                assert await film.read() == data[-100:]
                assert await film.read(1) == b""
                room = bytearray(1000)
                assert await film.seek(MIB) == MIB
                read = await film.readinto(room)
                assert 0 < read <= 1000 and room[:read] == data[MIB:MIB + read]
                assert await film.tell() == MIB + read
                await film.seek(0)
                assert b"".join(await asyncio.gather(film.read(MIB), film.read(MIB))) == data
                await film.wait_until_whole()
                for place in ((-1, 0), (0, 7)):
                    with pytest.raises(ValueError):
                        await film.seek(*place)
            assert film.closed
            for call in (film.read, film.tell, film.wait_until_whole):
                with pytest.raises(ValueError):
                    await call()

    with bus.source():
        in_time(main())


def test_asyncio_opens_files_and_reads_them_side_by_side_while_others_wait(bus):
    data = bus.write("film.bin", 4 * MIB)

    async def main():
        async with bus.sink(xfsbus.AsyncPeer, download_limit=MIB // 4) as sink:
            slow = await sink.open("film.bin", wait=PATIENCE)
            reading = asyncio.ensure_future(slow.read())
            await asyncio.wait([reading], timeout=0.01)
            other = await sink.open("film.bin", wait=PATIENCE)
            assert await other.read(1) == data[:1]
            assert not reading.done()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert await slow.tell() == 0
            assert await slow.read(1) == data[:1]
            await slow.close()
            await other.close()

    with bus.source():
        in_time(main())


def test_asyncio_opens_nothing_that_nobody_has_and_a_cancelled_opening_ends(bus):
    async def main():
        async with bus.sink(xfsbus.AsyncPeer) as sink:
            await sink.wait_for_tracker(PATIENCE)
            with pytest.raises(xfsbus.NotFoundError):
                await sink.open("nothing")
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(sink.open("nothing", wait=10 * PATIENCE), 0.05)

    in_time(main())
