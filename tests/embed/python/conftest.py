"""A tracker of its own for each test, and directories that go with it."""
import _thread
import os
import re
import subprocess
import sys
import threading
import time

import pytest

import xfsbus

PATIENCE = 20.0  # seconds
MIB = 1024 * 1024


class Bus:
    """A tracker, a directory that is shared, and one to fetch into."""

    def __init__(self, path):
        self.share = path / "share"
        self.downloads = path / "downloads"
        self.share.mkdir()
        self.downloads.mkdir()
        self._path = path
        self._tracker = subprocess.Popen(
            [os.environ["XFS_TRACKER_PROGRAM"], "--quiet", "--bind", "tcp://127.0.0.1:0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ready = re.match(r"xfs-tracker: ready on ([^ ,\n]+)", self._tracker.stdout.readline())
        assert ready
        self.tracker = ready[1]

    def close(self):
        self._tracker.kill()
        self._tracker.wait()
        self._tracker.stdout.close()

    def write(self, name, size):
        path = self.share / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
        return path.read_bytes()

    def source(self, **options):
        """A peer that shares `share`, once the tracker has its list."""
        peer = xfsbus.Peer(self.tracker, directory=self.share, durability="process", **options)
        peer.wait_until_shared(PATIENCE)
        return peer

    def sink(self, kind=xfsbus.Peer, **options):
        """A peer that fetches into `downloads`."""
        return kind(self.tracker, download_directory=self.downloads, durability="process", **options)


@pytest.fixture
def bus(tmp_path):
    it = Bus(tmp_path)
    yield it
    it.close()


def until(condition):
    """Waits for what only looking tells; a deadline ends it."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline


def waits_in(function):
    """Whether the main thread waits, and has been called by this function."""
    frame = sys._current_frames()[threading.main_thread().ident]
    return (frame.f_code.co_name == "wait" and frame.f_back is not None
            and frame.f_back.f_code.co_name == function)


def interrupt_unheard():
    """Ctrl-C that comes at the moment at which the main thread begins to wait: nothing wakes it."""
    _thread.interrupt_main()
