"""Runs that need more than an address: a network of their own, or a tracker that lies."""
import os
import shutil
import signal
import socket
import tempfile
import time

import isolation
from attack import Attacker, Scene
from harness import TICK, Outcome, Run, Stage, addresses
from programs import MIB, Program

HERE, THERE = "10.77.0.1", "10.77.0.2"  # in networks of their own
ANSWER_MOST = 60.0  # seconds until a peer has given up with a tracker that lies
INTERRUPT_AFTER = 2.0
INTERRUPT_MOST = 5.0


class IsolatedRun(Run):
    """In a network of its own, in which nobody answers who is asked for a DNS name."""

    flags = isolation.NEW_NETWORK | isolation.NEW_MOUNTS

    def execute(self, options):
        return isolation.apart(lambda: self._inside(options))

    def _inside(self, options):
        signal.alarm(0)
        isolation.leave(self.flags, "network and files")
        isolation.loopback_up()
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
            server = addresses(os.getpid())[2]
            resolver.bind((server, 53))  # never read
            conf.write(f"nameserver {server}\n")
            conf.flush()
            os.chmod(conf.name, 0o644)
            isolation.command("mount", "--make-rprivate", "/")
            isolation.command("mount", "--bind", conf.name, os.path.realpath("/etc/resolv.conf"))
            return self.stage(self, options).play()


class HalfOpenRun(Run):
    """The attackers' machine, a network of its own, is cut off instead of leaving."""

    stage = property(lambda self: HalfOpenStage)

    def execute(self, options):
        return isolation.apart(lambda: self._inside(options))

    def _inside(self, options):
        signal.alarm(0)
        isolation.leave(isolation.NEW_NETWORK, "network")
        isolation.loopback_up()
        isolation.command("ip", "link", "add", "near", "type", "veth", "peer", "name", "far")
        isolation.command("ip", "address", "add", HERE + "/24", "dev", "near")
        isolation.command("ip", "link", "set", "near", "up")
        return self.stage(self, options).play()


class HalfOpenStage(Stage):
    """A Stage whose attackers are on the other side of a cable."""

    def addresses(self):
        return HERE, THERE, "10.77.0.3"

    def _attack(self, kinds):
        for kind in kinds:
            left, tell = os.pipe()
            done, go = os.pipe()
            self.attackers.append(Attacker(kind, self.scene, lambda: _move_out(tell, done)))
            os.close(tell)
            os.close(done)
            if os.read(left, 1) != b"x":
                raise isolation.NotAllowed("no second network of its own")
            isolation.command("ip", "link", "set", "far", "netns", str(self.attackers[-1].pid))
            os.write(go, b"x")
            os.close(left)
            os.close(go)

    def _finish(self):
        isolation.command("ip", "link", "set", "near", "down")
        if self.finder:
            self._end_finder()
        self._judge_alive()
        self._judge_transfer()
        self._judge_descriptors()
        self._judge_memory()
        self._end_attackers()
        self._judge_end()


def _move_out(tell, done):
    """In the attacker: into a network of its own, with the other end of the cable."""
    isolation.leave(isolation.NEW_NETWORK, "network")
    os.write(tell, b"x")
    os.read(done, 1)
    isolation.loopback_up()
    isolation.command("ip", "address", "add", THERE + "/24", "dev", "far")
    isolation.command("ip", "link", "set", "far", "up")


class FalseTrackerRun(Run):
    """Peers with a tracker that lies. There is no transfer: each must end with an answer in time."""

    def execute(self, options):
        return FalseTrackerStage(self, options).play()


class Victims:
    """The peers of one false tracker: one that shares, and clients that ask and are interrupted."""

    def __init__(self, stage, kind):
        self.kind = kind
        self.attacker = Attacker(kind, stage.scene)
        stage.attackers.append(self.attacker)
        port = self.attacker.wait_ready(10)
        host = stage.scene.host if kind.same_host else stage.scene.stranger
        self.base = [os.path.join(stage.options.bin, "xfs-peer"), "--json", "--bind",
                     stage.scene.host + ":0", "--tracker", f"tcp://{host}:{port}"]
        self.stage = stage
        self.sharing = self._peer("sharing", "--dir", stage.shared, "--serve")
        ask = ["--tracker-timeout", "10s", "-c"]
        self.clients = [self._peer("find", *ask, "find **"), self._peer("named", *ask, "find " + kind.name),
                        self._peer("download", *ask, "download " + kind.name)]
        self.interrupted = self._peer("interrupted", "-c", "download **")
        self.all = [self.sharing, self.interrupted, *self.clients]
        self.took = {}

    def _peer(self, name, *words):
        return Program(f"{self.kind.__name__}-{name}", [*self.base, *words], self.stage.directory)

    def watch(self):
        for program in self.all:
            if program.base_rss == 0 or program is not self.sharing and \
                    time.monotonic() < program.begun + 0.1:
                program.take_baseline()
            program.sample()
            if not program.alive() and program not in self.took:
                self.took[program] = time.monotonic() - program.begun

    def done(self):
        return all(client in self.took for client in self.clients)


class FalseTrackerStage:
    """One execution of a FalseTrackerRun."""

    def __init__(self, run, options):
        self.run = run
        self.options = options
        self.limits = options.limits
        self.outcome = Outcome(run.name)
        self.attackers = []
        self.groups = []

    def play(self):
        self.directory = tempfile.mkdtemp(prefix="xfs-hostile-")
        try:
            self.scene = Scene(*addresses(os.getpid()), self.options.seed)
            self.shared = os.path.join(self.directory, "shared")
            os.makedirs(self.shared)
            with open(os.path.join(self.shared, "mine.txt"), "w", encoding="ascii") as file:
                file.write("mine\n")
            for kind in self.run.attacks:
                self.groups.append(Victims(self, kind))
            self._watch()
            self._judge()
        except RuntimeError as error:
            self.outcome.fail(str(error))
        finally:
            self._clean()
        self.outcome.check_attacks()
        return self.outcome

    def _watch(self):
        begun = time.monotonic()
        least = self.options.seconds or self.run.seconds
        interrupted = False
        while time.monotonic() < begun + ANSWER_MOST:
            for group in self.groups:
                group.watch()
            now = time.monotonic() - begun
            if not interrupted and now > INTERRUPT_AFTER:
                self._interrupt()
                interrupted = True
            if now > max(least, INTERRUPT_AFTER) and all(group.done() for group in self.groups):
                break
            time.sleep(TICK)

    def _interrupt(self):
        for group in self.groups:
            group.interrupted.signal(signal.SIGINT)
        end = time.monotonic() + INTERRUPT_MOST
        for group in self.groups:
            if group.interrupted.wait(end - time.monotonic()) is None:
                self.outcome.fail(f"{group.interrupted.name}: still there {INTERRUPT_MOST} s after Ctrl-C")

    def _judge(self):
        for group in self.groups:
            for client in group.clients:
                if client.alive():
                    self.outcome.fail(f"{client.name}: no answer within {ANSWER_MOST:.0f} s")
            if not group.sharing.alive():
                self.outcome.fail(f"{group.sharing.name}: ended, exit code {group.sharing.process.poll()}")
            for program in group.all:
                self._judge_program(program)
            group.sharing.signal(signal.SIGTERM)
        end = time.monotonic() + self.limits.end
        for group in self.groups:
            code = group.sharing.wait(end - time.monotonic())
            if code != 0:
                self.outcome.fail(f"{group.sharing.name}: exit code {code} after SIGTERM")
            self._tell(group)

    def _judge_program(self, program):
        code = program.process.poll()
        if code is not None and code < 0:
            self.outcome.fail(f"{program.name}: killed by signal {-code}")
        self.outcome.growth = max(self.outcome.growth, program.growth())
        if program.growth() > self.limits.growth:
            self.outcome.fail(f"{program.name}: memory grew by {program.growth() / MIB:.0f} MiB, at most "
                              f"{self.limits.growth / MIB:.0f} MiB")
        for mark in ("Sanitizer", "runtime error: ", "\x1b"):
            if mark in program.out() + program.err():
                self.outcome.fail(f"{program.name}: has written {mark!r}")

    def _tell(self, group):
        times = ", ".join(f"{client.name.split('-')[1]} {group.took[client]:.1f} s "
                          f"(code {client.process.poll()})"
                          for client in group.clients if client in group.took)
        peak = max(program.peak_rss for program in group.all)
        fds = max(program.peak_fds for program in group.all)
        self.outcome.programs.append(f"{group.kind.__name__:<16} at most {peak / MIB:6.1f} MiB, {fds:4d} "
                                     f"descriptors; {times}")

    def _clean(self):
        for attacker in self.attackers:
            attacker.tell_stop()
        for attacker in self.attackers:
            self.outcome.attacks.append((attacker.name, attacker.end()))
        for group in self.groups:
            for program in group.all:
                program.kill()
                if any(program.name in failure for failure in self.outcome.failures):
                    self.outcome.tails.append(f"{' '.join(program.words)}\n{program.tail(5)}")
        shutil.rmtree(self.directory, ignore_errors=True)
