"""What an attack is, and the process of its own in which it runs."""
import ctypes
import json
import os
import random
import select
import signal
import sys
import time
import traceback

import wire
import zmtp
from programs import die_with_parent, libc

STOP_GRACE = 2.0  # seconds in which an attack ends by itself; then it is torn out of what it waits for
END_MOST = 10.0  # seconds until its report is there
NICENESS = 10  # a stranger's work is another machine's; here both share the processors


class Scene:
    """What strangers know of the honest ones."""

    def __init__(self, host, stranger, third, seed):
        self.host = host  # of the honest programs
        self.stranger = stranger  # another address, of the attackers
        self.third = third  # somebody who has nothing to do with it
        self.seed = seed
        self.tracker = self.source = None  # (host, port)
        self.source_id = None
        self.sink_pid = None
        self.content = None  # of the honest transfer
        self.name = "big.bin"
        self.small = "small.txt"
        self.directory = None  # for the attackers' own files


class TornOut(BaseException):
    """An attack still waits for something, long after it was told to stop."""


class Attack:
    """Base of all. A subclass says in its docstring what the stranger does."""

    same_host = False  # whether it comes from the honest programs' own address
    after_ready = False  # whether the honest peers start only when it says that it is ready
    victim = "tracker"  # or "source"

    def __init__(self, scene):
        self.scene = scene
        self.address = scene.host if self.same_host else scene.stranger
        self.random = random.Random(f"{scene.seed} {type(self).__name__}")
        self.connections = self.messages = self.bytes = 0
        self.notes = {}
        self.wrongs = []
        self.tell_ready = lambda port=0: None
        self.stopped = False

    def run(self):
        raise NotImplementedError

    def running(self):
        return not self.stopped

    def sleep(self, seconds):
        """Until the time is over, or the attack is."""
        end = time.monotonic() + seconds
        while self.running() and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))

    def wrong(self, what):
        """The victim did what it must not do."""
        if what not in self.wrongs and len(self.wrongs) < 20:
            self.wrongs.append(what)

    def note(self, what, count=1):
        self.notes[what] = self.notes.get(what, 0) + count

    # ---- what most need ----

    @property
    def to(self):
        """The control socket that is attacked."""
        return self.scene.tracker if self.victim == "tracker" else self.scene.source

    def client(self, to, **options):
        """Speaks properly; counted."""
        client = zmtp.Client(to, self.address, **options)
        self.connections += 1
        return client

    def ask(self, client, parts, wait=2.0):
        """(kind, request, fields) of the answer; None if there is none in time."""
        client.send(parts)
        self.messages += 1
        self.bytes += sum(map(len, parts))
        end = time.monotonic() + wait
        while (left := end - time.monotonic()) > 0 and self.running():
            answer = client.receive(min(left, 0.2))
            if answer is None:
                continue
            read = wire.read(answer)
            if read and read[0] == "Ping":
                client.send(wire.message("Pong", read[1], load=0))
            elif read:
                return read
        return None

    def lines(self, pump, to, count, data, window=None, per_round=1, **options):
        """Adds `count` connections that write `data`, which holds `per_round` messages."""
        options.setdefault("first", zmtp.ready())
        for _ in range(count):
            if not self.running():
                return
            try:
                sock = zmtp.connect(to, self.address, window)
                zmtp.greet(sock)
            except OSError as error:
                self.note(f"could not connect: {error}")
                continue
            self.connections += 1
            pump.add(zmtp.Line(sock, data, **options))
        pump.per_round = per_round

    def close(self, pump):
        pump.close()
        self.bytes += pump.sent
        self.messages += pump.rounds * pump.per_round
        if pump.read:
            self.note("bytes read", pump.read)

    def report(self):
        return {"connections": self.connections, "messages": self.messages, "bytes": self.bytes,
                "notes": self.notes, "wrongs": self.wrongs}


class Attacker:
    """An attack in a process of its own, which ends with this one."""

    def __init__(self, kind, scene, enter=None):
        self.name = kind.__name__
        self.kind = kind
        self.text = b""
        ours, theirs = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                os.close(ours)
                self._child(kind, scene, theirs, enter)
                code = 0
            finally:
                os._exit(code)
        os.close(theirs)
        self.pipe = ours

    @staticmethod
    def _child(kind, scene, pipe, enter):
        die_with_parent()
        os.setpgid(0, 0)
        os.nice(NICENESS)
        result = {}
        try:
            if enter:
                enter()
            attack = kind(scene)

            def stop(*_):
                attack.stopped = True
                signal.setitimer(signal.ITIMER_REAL, STOP_GRACE)

            def tear_out(*_):
                raise TornOut

            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGALRM, tear_out)
            signal.signal(signal.SIGTERM, stop)
            attack.tell_ready = lambda port=0: os.write(pipe, b"ready %d\n" % port)
            result = run_one(attack)
        except BaseException:  # nothing may come back into the parent's code
            result = {"crash": traceback.format_exc()}
        os.write(pipe, json.dumps(result).encode() + b"\n")

    def wait_ready(self, wait):
        """The port that it says it listens at."""
        end = time.monotonic() + wait
        while not self.text.startswith(b"ready ") or b"\n" not in self.text:
            if not self._read(end - time.monotonic()):
                raise RuntimeError(f"{self.name} does not get ready: {self.text.decode()}")
        return int(self.text.split()[1])

    def _read(self, wait):
        if not select.select([self.pipe], [], [], max(0.0, wait))[0]:
            return False
        data = os.read(self.pipe, 1 << 16)
        self.text += data
        return bool(data)

    def tell_stop(self):
        os.kill(self.pid, signal.SIGTERM)

    def end(self, wait=END_MOST):
        """Its report. What has not ended in time is killed, which closes its connections too."""
        limit = time.monotonic() + wait
        while self._read(limit - time.monotonic()):
            pass
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.pipe)
        last = self.text.decode().strip().rsplit("\n", 1)[-1]
        if not last.startswith("{"):
            return {"crash": "it has not ended in time, or was killed"}
        return json.loads(last)


def run_one(attack):
    """Runs it to its end; its report."""
    trouble = None
    try:
        attack.run()
    except OSError as error:
        trouble = f"{type(error).__name__}: {error}"
    except TornOut:
        attack.note("torn out of what it waited for")
    signal.setitimer(signal.ITIMER_REAL, 0)
    result = attack.report()
    if trouble:
        result["notes"]["ended early: " + trouble] = 1
    if not (attack.connections and attack.messages):
        result["idle"] = True
    return result


def at_source(kind):
    """The same attack on the source's ROUTER instead of the tracker's."""
    return type(kind.__name__ + "AtSource", (kind,), {"victim": "source", "__doc__": kind.__doc__})


def unshare(flags):
    """Leaves the namespaces that the others are in; OSError if that is not allowed."""
    if libc.unshare(flags) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
