"""The peer whose calls wait."""
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import MIB, PATIENCE, interrupt_unheard, until

import xfsbus


def test_a_file_is_found_and_fetched(bus):
    data = bus.write("sub/ä file.bin", 3 * MIB)
    with bus.source(labels="rack=7") as source, bus.sink() as sink:
        sink.wait_for_tracker(PATIENCE)
        (found,) = sink.find("sub/*", timeout=PATIENCE)
        assert (found.name, found.bytes, found.labels) == ("sub/ä file.bin", len(data), "rack=7")
        assert not found.self and found.latency_ms >= 0 and found.load == 0 and found.cost is not None
        report = sink.download(found.name, timeout=PATIENCE)
        assert report.path == bus.downloads / "sub/ä file.bin"
        assert report.path.read_bytes() == data
        assert report.files[0].content == found.content
        assert sum(source.bytes for source in report.files[0].sources) == len(data)
        assert report.policy.name == "loadlatency"
        assert source.status().port == found.port


def test_a_download_says_how_it_stands_until_it_is_done(bus):
    data = bus.write("a.bin", MIB)
    with bus.source(), bus.sink(download_limit=MIB) as sink:
        job = sink.start_download("a.bin", wait=PATIENCE)
        seen = [progress for progress in job]
        assert seen and all(p.bytes_total in (0, len(data)) for p in seen)
        assert any(0 < p.fraction < 1 for p in seen)
        ranges = [r for p in seen for file in p.running for r in file.ranges]
        assert all(r.begin < r.end <= len(data) for r in ranges)
        assert job.done()
        assert job.result().bytes_fetched == len(data)


def test_progress_is_told_to_a_function_and_what_it_raises_cancels_the_download(bus):
    bus.write("a.bin", MIB)
    seen = []

    def stop(progress):
        seen.append(progress)
        if progress.bytes_done:
            raise RuntimeError("enough")

    with bus.source(), bus.sink(download_limit=MIB // 4) as sink:
        with pytest.raises(RuntimeError, match="enough"):
            sink.download("a.bin", wait=PATIENCE, on_progress=stop)
        assert seen
        until(lambda: not sink.status().downloading)


def test_what_nobody_has_raises_an_error_of_its_kind(bus):
    with bus.sink() as sink:
        sink.wait_for_tracker(PATIENCE)
        with pytest.raises(xfsbus.NotFoundError, match="nothing") as caught:
            sink.find("nothing", timeout=PATIENCE)
        assert isinstance(caught.value, LookupError)
        assert (caught.value.code, caught.value.name) == (3, "not-found")
        with pytest.raises(xfsbus.NotFoundError):
            sink.download("nothing", timeout=PATIENCE)


def test_a_download_of_which_some_files_are_there_raises_and_has_a_report(bus):
    bus.write("a.bin", 10)
    bus.write("b.bin", 10)
    (bus.downloads / "b.bin").write_bytes(b"other")
    with bus.source(), bus.sink() as sink:
        with pytest.raises(xfsbus.DiskError, match="b.bin") as caught:
            sink.download("*.bin", wait=PATIENCE, timeout=PATIENCE)
        paths = {file.name: file.path for file in caught.value.report.files}
        assert paths == {"a.bin": bus.downloads / "a.bin", "b.bin": None}
        assert sink.download("b.bin", force=True, timeout=PATIENCE).path.stat().st_size == 10


def test_a_call_that_takes_too_long_is_cancelled(bus):
    bus.write("a.bin", MIB)
    with bus.source(), bus.sink(download_limit=MIB // 100) as sink:
        sink.wait_for_tracker(PATIENCE)
        with pytest.raises(TimeoutError):
            sink.download("a.bin", timeout=0.2)
        job = sink.start_download("a.bin")
        assert not job.wait(timeout=0)
        with pytest.raises(xfsbus.XfsTimeoutError):
            job.result(timeout=0)
        job.cancel()
        with pytest.raises(xfsbus.XfsInterruptedError):
            job.result(timeout=PATIENCE)


def test_ctrl_c_ends_a_wait_at_once(bus):
    with xfsbus.Peer("tcp://127.0.0.1:1", download_directory=bus.downloads) as peer:
        def interrupt():
            until(lambda: peer._pump._reading)
            interrupt_unheard()

        thread = threading.Thread(target=interrupt)
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            thread.start()
            peer.wait_for_tracker(10 * PATIENCE)
        thread.join()
        assert time.monotonic() - begun < PATIENCE


def test_a_child_of_fork_leaves_the_peer_alone(bus):
    with bus.sink() as sink:
        child = os.fork()
        if child == 0:
            signal.alarm(int(PATIENCE))
            sink.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert sink.status().tracker == bus.tracker


def test_the_library_stays_as_long_as_its_threads_when_it_is_closed():
    close = ("import xfsbus; xfsbus._library.ffi.dlclose(xfsbus._library.lib); "
             "assert '/libxfsbus.so.' in open('/proc/self/maps').read()")
    subprocess.run([sys.executable, "-B", "-c", close], check=True, timeout=PATIENCE)


def test_several_threads_wait_at_the_same_time(bus):
    names = [f"{number}.bin" for number in range(8)]
    sizes = {name: len(bus.write(name, MIB // 4)) for name in names}
    fetched = {}
    with bus.source(), bus.sink(download_limit=MIB) as sink:
        def fetch(name):
            fetched[name] = sink.download(name, wait=PATIENCE, timeout=PATIENCE).path.stat().st_size

        threads = [threading.Thread(target=fetch, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert fetched == sizes


def test_a_peer_that_is_closed_ends_what_goes_on_and_answers_no_more(bus):
    bus.write("a.bin", MIB)
    with bus.source():
        sink = bus.sink(download_limit=MIB // 100)
        sink.wait_for_tracker(PATIENCE)
        job = sink.start_download("a.bin")
        raised = []

        def wait():
            try:
                job.result()
            except xfsbus.XfsError as error:
                raised.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        sink.close()
        waiting.join()
        assert isinstance(raised[0], (xfsbus.EndedError, xfsbus.XfsInterruptedError))
        for call in (sink.files, sink.status, sink.start_update, lambda: sink.find("a.bin")):
            with pytest.raises(xfsbus.EndedError):
                call()
        sink.close()


def test_a_peer_says_who_is_there_what_it_shares_and_how_it_is(bus):
    bus.write("a.bin", 1000)
    with bus.source(labels="rack=7") as source:
        (known,) = source.peers()
        assert (known.self, known.files, known.labels) == (True, 1, "rack=7")
        (file,) = source.files()
        assert (file.name, file.bytes, len(file.content)) == ("a.bin", 1000, 64)
        status = source.status()
        assert status.tracker_connected and status.port == known.port
        assert status.scan.files == 1 and status.directory == str(bus.share)
        assert len(status.counters) > 10 and status.tracker == bus.tracker
        assert source.wait_until_scanned(PATIENCE).files == 1
        bus.write("b.bin", 10)
        assert source.update(PATIENCE).files == 2


def test_a_file_is_pushed_to_those_who_take_it(bus, tmp_path):
    bus.write("a.bin", 1000)
    taken = tmp_path / "taken"
    taken.mkdir()
    with bus.source() as source, xfsbus.Peer(bus.tracker, directory=taken, accept_push="new",
                                             durability="process") as taker:
        taker.wait_until_shared(PATIENCE)
        pushed = source.push("a.bin", to="accepting", timeout=PATIENCE)
        assert pushed.settled
        assert [t.state for t in pushed.files[0].targets] == [xfsbus.PushState.THERE]
        assert (taken / "a.bin").stat().st_size == 1000


def test_a_policy_is_swapped_and_one_that_is_refused_is_said(bus):
    with bus.sink() as sink:
        info = sink.load_policy("libqueuetime.so", timeout=PATIENCE)
        assert (info.used.name, info.kind) == ("queuetime", "peer-selection")
        assert info.path.exists()
        with pytest.raises(xfsbus.PluginError, match="libnothing.so"):
            sink.load_policy("libnothing.so", timeout=PATIENCE)
        assert sink.policy().used.name == "queuetime"


def test_a_tracker_that_is_not_there_is_said_when_the_time_is_over(bus):
    with xfsbus.Peer("tcp://127.0.0.1:1", download_directory=bus.downloads) as peer:
        with pytest.raises(xfsbus.TrackerUnreachableError) as caught:
            peer.wait_for_tracker(0)
        assert isinstance(caught.value, ConnectionError) and str(caught.value)


def test_options_that_make_no_sense_raise_usage_errors(bus):
    for options in ({"accept_push": "maybe"}, {"durability": "never"}, {"labels": "a\0b"},
                    {"port": 70_000}):
        with pytest.raises(xfsbus.UsageError):
            xfsbus.Peer(bus.tracker, **options)
    with pytest.raises(xfsbus.PluginError, match="libnothing.so"):
        xfsbus.Peer(bus.tracker, policy="libnothing.so")
    with pytest.raises(TypeError):
        xfsbus.Peer(bus.tracker, unheard_of=1)
    with bus.sink() as sink:
        for request in (lambda: sink.start_push("a", to="some"), lambda: sink.find("a\0b"),
                        lambda: sink.start_download("a", wait=-1)):
            with pytest.raises(xfsbus.UsageError):
                request()


def test_options_are_what_the_peer_is_like(bus):
    bus.write("a.bin", 10)
    bus.write("b.log", 10)
    bus.write(".git/config", 10)
    with bus.source(ignore=["*.log"], default_ignores=False, watch=False, rescan=0,
                    policy="libqueuetime.so", heartbeat=False) as source:
        assert sorted(file.name for file in source.files()) == [".git/config", "a.bin"]
        assert "queuetime" in source.status().policy
