"""What a peer says of itself."""
import asyncio
import gc
import logging
import os
import subprocess
import sys
import threading

import pytest
from conftest import PATIENCE, until

import xfsbus


def names_of(lines):
    return [line.name for line in lines]


def test_a_function_is_told_each_line_with_its_fields_and_the_last_one_before_close_returns(bus):
    lines, threads = [], set()

    def tell(line):
        lines.append(line)
        threads.add(threading.current_thread().name)

    bus.write("a.bin", 2 * 1024 * 1024)
    with bus.source():
        peer = bus.sink(log=tell, download_limit=1000)
        peer.wait_for_tracker(PATIENCE)
        job = peer.start_download("a.bin")
        until(lambda: "download-begun" in names_of(lines))
        peer.close()
    assert not job.done() or job._handle
    assert names_of(lines).count("started") == 1
    assert "download-failed" in names_of(lines)
    started = next(line for line in lines if line.name == "started")
    assert started.level == xfsbus.LogLevel.INFO
    assert started.fields["tracker"] == bus.tracker
    assert started.fields["data_port"] == 0
    assert threads == {"xfsbus-log"}
    told = len(lines)
    gc.collect()
    assert len(lines) == told


def test_without_a_word_a_peer_logs_to_the_logger_that_has_its_name(bus, caplog):
    with caplog.at_level(logging.INFO, "xfsbus"):
        with bus.sink() as peer:
            peer.wait_for_tracker(PATIENCE)
    records = [it for it in caplog.records if it.name == "xfsbus"]
    found = next(it for it in records if it.xfsbus_event == "tracker-found")
    assert found.levelno == logging.INFO
    assert bus.tracker in found.getMessage()
    assert found.xfsbus_fields["tracker"] == bus.tracker


def test_a_peer_logs_to_the_logger_it_is_given_and_no_less_than_is_wanted(bus, caplog):
    mine = logging.getLogger("mine.alone")
    with caplog.at_level(logging.DEBUG, "mine.alone"):
        with bus.sink(log=mine, log_level="error") as peer:
            peer.wait_for_tracker(PATIENCE)
        assert not caplog.records
        with bus.sink(log=mine) as peer:
            peer.wait_for_tracker(PATIENCE)
    assert {it.name for it in caplog.records} == {"mine.alone"}


def test_a_peer_that_is_to_log_nothing_has_no_thread_for_it(bus):
    with bus.sink(log_level="off"):
        assert not any(it.name == "xfsbus-log" for it in threading.enumerate())
    with pytest.raises(xfsbus.UsageError):
        bus.sink(log_level="loud")


def test_what_a_log_raises_is_told_by_the_hook_for_that_and_the_next_line_comes(bus, monkeypatch):
    ignored, lines = [], []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)

    def tell(line):
        lines.append(line)
        raise RuntimeError(line.name)

    with bus.sink(log=tell) as peer:
        peer.wait_for_tracker(PATIENCE)
    assert len(lines) >= 2
    assert [str(it.exc_value) for it in ignored] == names_of(lines)
    assert ignored[0].object is tell


def test_a_peer_may_be_closed_by_its_log(bus):
    made, closed = threading.Event(), threading.Event()

    def tell(line):
        if line.name == "tracker-found" and made.wait(PATIENCE):
            peer.close()
            closed.set()

    peer = bus.sink(log=tell)
    made.set()
    assert closed.wait(PATIENCE)
    with pytest.raises(xfsbus.EndedError):
        peer.status()


def test_a_log_that_holds_the_interpreter_does_not_hold_up_its_peer(bus):
    begun, go_on = threading.Event(), threading.Event()

    def tell(_):
        begun.set()
        go_on.wait(PATIENCE)

    with bus.sink(log=tell) as peer:
        assert begun.wait(PATIENCE)
        peer.wait_for_tracker(PATIENCE)
        assert peer.status().tracker_connected
        go_on.set()


def test_asyncio_logs_as_well_and_closes_after_the_last_line(bus):
    lines = []

    async def main():
        async with bus.sink(xfsbus.AsyncPeer, log=lines.append) as peer:
            await peer.wait_for_tracker(PATIENCE)

    asyncio.run(asyncio.wait_for(main(), PATIENCE))
    assert "tracker-found" in names_of(lines)
    assert not any(it.name == "xfsbus-log" for it in threading.enumerate())


def test_a_program_that_never_closes_its_peer_ends_all_the_same(bus):
    program = ("import sys, xfsbus\n"
               "peer = xfsbus.Peer(sys.argv[1], log=lambda line: print(line.name, flush=True))\n"
               "peer.wait_for_tracker(20)\n")
    done = subprocess.run([sys.executable, "-c", program, bus.tracker], cwd=bus.downloads,
                          env=os.environ, capture_output=True, text=True, timeout=PATIENCE,
                          check=True)
    assert "tracker-found" in done.stdout.split()
    assert done.stderr == ""


def test_a_child_of_fork_that_ends_like_any_program_leaves_the_log_alone(bus):
    program = ("import os, sys, xfsbus\n"
               "peer = xfsbus.Peer(sys.argv[1])\n"
               "peer.wait_for_tracker(20)\n"
               "child = os.fork()\n"
               "if child == 0:\n"
               "    del peer\n"
               "    sys.exit(7)\n"
               "_, status = os.waitpid(child, 0)\n"
               "peer.close()\n"
               "print(os.waitstatus_to_exitcode(status))\n")
    done = subprocess.run([sys.executable, "-c", program, bus.tracker], cwd=bus.downloads,
                          env=os.environ, capture_output=True, text=True, timeout=PATIENCE,
                          check=True)
    assert done.stdout == "7\n"


def test_a_peer_that_cannot_be_started_leaves_no_thread_for_its_log(bus):
    with pytest.raises(xfsbus.XfsError):
        bus.sink(latency_file="/nonexistent")
    assert not any(it.name == "xfsbus-log" for it in threading.enumerate())
