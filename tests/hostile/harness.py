"""An honest transfer beside attacks, and the judgement over both.

A run starts a tracker, a source and a sink, lets the sink download at a limited rate while the
attackers are at work, and looks at every honest program from outside.
"""
import copy
import filecmp
import os
import random
import shutil
import signal
import tempfile
import time

import wire
from attack import Attacker, Scene
from programs import MIB, Program

RATE = 20 * MIB  # bytes/s of the honest transfer
SIZE = 105 * MIB  # of its file: more than 5 s
SLOWER_MOST = 1.5  # times as long as undisturbed
GROWTH_MOST = 128 * MIB  # of a program's memory
FIND_MOST = 2.0  # seconds, of a fresh client, its start included
FDS_LOOSE = 4  # files and events that come and go
FDS_WAIT = 10.0  # seconds until all descriptors are closed again
END_MOST = 10.0  # seconds from SIGTERM to the end
FIND_EVERY = 1.0
TICK = 0.05


class Limits:
    """What is judged. Instrumented programs are slow and large: they need only stay alive."""

    def __init__(self, instrumented=False):
        self.instrumented = instrumented
        factor = 8 if instrumented else 1
        self.rate = RATE // 4 if instrumented else RATE
        self.size = SIZE // 4 if instrumented else SIZE
        self.undisturbed = self.size / self.rate
        self.transfer = self.undisturbed * SLOWER_MOST * factor
        self.growth = GROWTH_MOST * factor
        self.find = FIND_MOST * factor
        self.fds_wait = FDS_WAIT * factor
        self.end = END_MOST * factor


def addresses(process):
    """Three addresses of this process alone, so that runs can be side by side."""
    low = f"{process >> 8 & 255}.{process & 255}"
    part = (process >> 16) % 48
    return f"127.{128 + part}.{low}", f"127.{192 + part}.{low}", f"127.{16 + part}.{low}"


class Outcome:
    """What is told of a run."""

    def __init__(self, name):
        self.name = name
        self.failures = []
        self.late = 0  # of them, those that only took too long
        self.attacks = []  # (name, report)
        self.programs = []  # lines
        self.figures = []
        self.tails = []
        self.growth = 0  # bytes, of the program that grew most

    def fail(self, what):
        self.failures.append(what)

    def fail_of_time(self, what):
        self.fail(what)
        self.late += 1

    def was_only_late(self):
        return self.late > 0 and self.late == len(self.failures)

    def check_attacks(self):
        for name, report in self.attacks:
            if "crash" in report:
                self.fail(f"{name}: the attack itself failed:\n{report['crash']}")
                continue
            if report.get("idle"):
                self.fail(f"{name}: the attack did nothing: {report['notes']}")
            for wrong in report["wrongs"]:
                self.fail(f"{name}: {wrong}")


class Run:
    """Some attacks on one of the honest programs, beside a transfer."""

    stage = property(lambda self: Stage)

    def __init__(self, name, attacks, seconds=5.0, tracker_options=(), source_options=(),
                 sink_options=(), descriptors=1024, fds_wait=None):
        self.name = name
        self.attacks = attacks
        self.seconds = seconds
        self.tracker_options = list(tracker_options)
        self.source_options = list(source_options)
        self.sink_options = list(sink_options)
        self.descriptors = descriptors
        self.fds_wait = fds_wait

    def alone(self, kind):
        """This run with one of its attacks only."""
        other = copy.copy(self)
        other.name, other.attacks = kind.__name__, [kind]
        return other

    def execute(self, options):
        """Its Outcome. All that it started is gone when it returns, or throws."""
        return self.stage(self, options).play()


class Options:
    """Of the command line."""

    def __init__(self, prefix, seconds=None, seed=1, instrumented=False):
        self.bin = os.path.join(os.path.abspath(prefix), "bin")
        self.seconds = seconds
        self.seed = seed
        self.limits = Limits(instrumented)


class Stage:
    """One execution of a Run."""

    def __init__(self, run, options):
        self.run = run
        self.options = options
        self.limits = options.limits
        self.seconds = options.seconds or run.seconds
        self.outcome = Outcome(run.name)
        self.programs = []
        self.ended = []  # of them, those of which it was said
        self.attackers = []
        self.finder = None
        self.find_due = 0.0
        self.finds = []  # seconds
        self.sink = self.source = self.tracker = None
        self.transfer_seconds = None
        self.steps = []  # (time, bytes that the sink has), twice a second

    def play(self):
        self.directory = tempfile.mkdtemp(prefix="xfs-hostile-")
        try:
            self._arrange()
            self._perform()
            self._finish()
        except RuntimeError as error:
            self.outcome.fail(str(error))
        finally:
            self._clean()
        self._tell_programs()
        self.outcome.check_attacks()
        return self.outcome

    # ---- before ----

    def addresses(self):
        return addresses(os.getpid())

    def _arrange(self):
        scene = self.scene = Scene(*self.addresses(), self.options.seed)
        scene.directory = self._folder("stranger")
        shared = self._folder("source")
        self.original = os.path.join(shared, scene.name)
        _write_noise(self.original, self.limits.size, self.options.seed)
        with open(os.path.join(shared, scene.small), "w", encoding="ascii") as file:
            file.write("a small file\n")
        scene.content = wire.Content(self.original)
        self._start_tracker()
        early = [kind for kind in self.run.attacks if kind.after_ready]
        self.tracker.take_baseline()
        self.tracker.base_fds += 2  # of the two honest peers
        self._attack(early)
        self._start_source(shared)
        self._start_sink()
        for program in (self.source, self.sink):
            program.take_baseline()
        self._attack([kind for kind in self.run.attacks if kind not in early])

    def _folder(self, name):
        path = os.path.join(self.directory, name)
        os.makedirs(path)
        return path

    def _start(self, name, program, words):
        words = [os.path.join(self.options.bin, program), *words]
        started = Program(name, words, self.directory, self.run.descriptors)
        self.programs.append(started)
        return started

    def _start_tracker(self):
        words = ["--bind", f"tcp://{self.scene.host}:0", *self.run.tracker_options]
        self.tracker = self._start("tracker", "xfs-tracker", words)
        self.scene.tracker = _address_of(self.tracker)

    def _peer_words(self, *more):
        host, port = self.scene.tracker
        return ["--tracker", f"tcp://{host}:{port}", "--bind", f"{self.scene.host}:0", "--json", *more]

    def _start_source(self, shared):
        self.source = self._start("source", "xfs-peer", self._peer_words(
            "--dir", shared, "--serve",
            *(option.format(host=self.scene.host) for option in self.run.source_options)))
        ready = self.source.wait_for(lambda: self.source.events("ready"), 30, "does not get ready")
        self.scene.source = (ready[0]["ip"], ready[0]["port"])

    def _start_sink(self):
        """It downloads from its first moment on."""
        self.fetched = os.path.join(self._folder("sink"), self.scene.name)
        self.sink = self._start("sink", "xfs-peer", self._peer_words(
            "--dir", os.path.dirname(self.fetched), "--serve",
            "--max-download-limit", str(self.limits.rate), *self.run.sink_options,
            "-c", "download " + self.scene.name))
        self.scene.sink_pid = self.sink.pid
        self.sink.wait_for(lambda: any(event["bytes_done"] for event in self.sink.events("progress")),
                           self.limits.transfer, "does not begin to download")

    def _attack(self, kinds):
        begun = [Attacker(kind, self.scene) for kind in kinds]
        self.attackers += begun
        for attacker in begun:
            if attacker.kind.after_ready:
                attacker.wait_ready(10)

    # ---- meanwhile ----

    def _perform(self):
        begun = time.monotonic()
        give_up = self.sink.begun + max(2 * self.limits.transfer, self.seconds)
        while True:
            now = time.monotonic()
            self._watch_transfer(now)
            self._watch_find(now)
            self._sample()
            over = now >= begun + self.seconds and self.transfer_seconds is not None
            if over or now >= give_up or not self._all_alive():
                break
            time.sleep(TICK)

    def _watch_transfer(self, now):
        if self.transfer_seconds is not None:
            return
        if self.sink.events("downloaded"):
            self.transfer_seconds = now - self.sink.begun
        progress = self.sink.events("progress")
        if progress and (not self.steps or now >= self.steps[-1][0] + 0.5):
            self.steps.append((now, progress[-1]["bytes_done"]))

    def _watch_find(self, now):
        """A fresh client asks for an honest name, again and again."""
        if self.finder is None:
            if now >= self.find_due:
                self.finder = Program("finder", [
                    os.path.join(self.options.bin, "xfs-peer"),
                    *self._peer_words("-c", "find " + self.scene.small)], self.directory)
            return
        took = now - self.finder.begun
        if not self.finder.alive():
            self._judge_find(took)
        elif took > 2 * self.limits.find:
            self.outcome.fail(f"find: no answer within {took:.1f} s, at most {self.limits.find} s")
            self.finds.append(took)
            self._end_finder()

    def _judge_find(self, took):
        self.finds.append(took)
        rows = [(row["ip"], row["port"]) for row in self.finder.events("source")]
        if self.scene.source not in rows:
            self.outcome.fail(f"find: the honest source is not among {rows}, exit code "
                              f"{self.finder.process.poll()}:\n{self.finder.tail(4)}")
        elif took > self.limits.find:
            self.outcome.fail_of_time(f"find: took {took:.2f} s, at most {self.limits.find} s")
        self._end_finder()

    def _end_finder(self):
        self.finder.kill()
        self.finder = None
        self.find_due = time.monotonic() + FIND_EVERY

    def _sample(self):
        for program in self.programs:
            program.sample()

    def _all_alive(self):
        return all(program.alive() for program in self.programs)

    # ---- after ----

    def _finish(self):
        self._end_attackers()
        if self.finder:
            self._end_finder()
        self._judge_alive()
        self._judge_transfer()
        self._judge_descriptors()
        self._judge_memory()
        self._judge_end()

    def _end_attackers(self):
        for attacker in self.attackers:
            attacker.tell_stop()
        while self.attackers:
            attacker = self.attackers.pop(0)
            self.outcome.attacks.append((attacker.name, attacker.end()))

    def _judge_alive(self):
        for program in self.programs:
            if not program.alive() and program not in self.ended:
                self.ended.append(program)
                self.outcome.fail(f"{program.name} ended by itself, exit code {program.process.poll()}")

    def _judge_transfer(self):
        most = self.limits.transfer
        if self.transfer_seconds is None:
            done = [event["bytes_done"] for event in self.sink.events("progress")] or [0]
            self.outcome.fail(f"transfer: {done[-1] / MIB:.1f} of {self.limits.size / MIB:.0f} MiB "
                              f"after {2 * most:.1f} s, at most {most:.1f} s for all of it")
            return
        result = self.sink.events("downloaded")[0]
        self.outcome.figures.append(f"transfer {self.transfer_seconds:.2f} s "
                                    f"(undisturbed {self.limits.undisturbed:.2f} s)")
        if not result["ok"]:
            self.outcome.fail(f"transfer: failed: {result.get('error')}")
        elif not filecmp.cmp(self.original, self.fetched, shallow=False):
            self.outcome.fail("transfer: wrong bytes")
        if self.transfer_seconds > most:
            self.outcome.fail_of_time(
                f"transfer: took {self.transfer_seconds:.2f} s, at most {most:.2f} s; "
                f"MiB there after s: {self._steps()}")

    def _steps(self):
        return ", ".join(f"{done / MIB:.0f} after {now - self.sink.begun:.1f}"
                         for now, done in self.steps)

    def _judge_descriptors(self):
        wait = self.run.fds_wait or self.limits.fds_wait
        begun = time.monotonic()
        while True:
            self._sample()
            above = [p for p in self.programs if p.alive() and p.last_fds > p.base_fds + FDS_LOOSE]
            took = time.monotonic() - begun
            if not above or took > wait:
                break
            time.sleep(TICK)
        self.outcome.figures.append(f"descriptors back after {took:.1f} s")
        for program in above:
            self.outcome.fail(f"{program.name}: {program.last_fds} descriptors {wait:.0f} s after the "
                              f"end of the attack, {program.base_fds} before it")

    def _judge_memory(self):
        for program in self.programs:
            self.outcome.growth = max(self.outcome.growth, program.growth())
            if program.growth() > self.limits.growth:
                self.outcome.fail(
                    f"{program.name}: memory grew by {program.growth() / MIB:.0f} MiB, at most "
                    f"{self.limits.growth / MIB:.0f} MiB")

    def _judge_end(self):
        self._judge_alive()
        alive = [program for program in self.programs if program.alive()]
        for program in alive:
            program.signal(signal.SIGTERM)
        end = time.monotonic() + self.limits.end
        for program in alive:
            code = program.wait(end - time.monotonic())
            if code is None:
                self.outcome.fail(f"{program.name}: still there {self.limits.end:.0f} s after SIGTERM")
            elif code != self._right_code(program, code):
                self.outcome.fail(f"{program.name}: exit code {code} after SIGTERM")
        for program in self.programs:
            for mark in ("Sanitizer", "runtime error: ", "\x1b"):
                if mark in program.out() + program.err():
                    self.outcome.fail(f"{program.name}: has written {mark!r}")

    def _right_code(self, program, code):
        """0; of a sink whose download failed, or was interrupted, any that it chose itself."""
        done = self.sink.events("downloaded")
        failed = program is self.sink and not (done and done[0]["ok"])
        return code if failed and code >= 0 else 0

    def _tell_programs(self):
        self.outcome.figures.append(f"{len(self.finds)} finds, the slowest "
                                    f"{max(self.finds, default=0):.2f} s")
        for program in self.programs:
            self.outcome.programs.append(
                f"{program.name:<8} {program.base_rss / MIB:6.1f} MiB, at most "
                f"{program.peak_rss / MIB:6.1f} MiB; descriptors {program.base_fds:4d}, at most "
                f"{program.peak_fds:4d}, then {program.last_fds:4d}")

    def _clean(self):
        for attacker in self.attackers:
            attacker.end(0)
        if self.finder:
            self.finder.kill()
        for program in self.programs:
            program.kill()
        if self.outcome.failures:
            for program in self.programs:
                self.outcome.tails.append(f"{program.name}: {' '.join(program.words)}\n{program.tail()}")
        shutil.rmtree(self.directory, ignore_errors=True)


def _address_of(tracker):
    start = "xfs-tracker: ready on tcp://"
    line = tracker.wait_for(lambda: next((line for line in tracker.out().splitlines(keepends=True)
                                          if line.startswith(start) and line.endswith("\n")), None),
                            30, "does not get ready")
    host, port = line[len(start):].strip().rsplit(":", 1)
    return host, int(port)


def _write_noise(path, size, seed):
    noise = random.Random(seed)
    with open(path, "wb") as file:
        for _ in range(size // MIB):
            file.write(noise.randbytes(MIB))
        file.write(noise.randbytes(size % MIB))
