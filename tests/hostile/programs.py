"""The honest programs: how they are started, looked at from outside, and ended."""
import ctypes
import json
import os
import resource
import signal
import subprocess
import time

MIB = 1 << 20
DESCRIPTORS = 1024  # what a login shell usually gives; a program may raise it

libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    PR_SET_PDEATHSIG = 1
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit_descriptors(most):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, hard), hard))


def _environment(home):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("XFS_", "XDG_", "NO_COLOR"))}
    return {**kept, "HOME": home, "XDG_CACHE_HOME": home + "/cache", "TERM": "dumb",
            "XDG_STATE_HOME": home + "/state"}


class Program:
    """One of them. Its output goes to two files in the directory of the run."""

    def __init__(self, name, words, directory, descriptors=DESCRIPTORS):
        self.name = name
        self.words = words
        self.out_path = os.path.join(directory, name + ".out")
        self.err_path = os.path.join(directory, name + ".err")
        self.begun = time.monotonic()
        self.base_rss = self.peak_rss = 0
        self.base_fds = self.peak_fds = self.last_fds = 0
        home = os.path.join(directory, "home-" + name)
        os.makedirs(home, exist_ok=True)

        def prepare():
            die_with_parent()
            _limit_descriptors(descriptors)

        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=home,
                env=_environment(home), preexec_fn=prepare, start_new_session=True)
        self.pid = self.process.pid

    # ---- what it says ----

    def out(self):
        return _text(self.out_path)

    def err(self):
        return _text(self.err_path)

    def events(self, kind):
        found = []
        for line in self.out().splitlines():
            if line.startswith('{"event":"' + kind + '"'):
                try:
                    found.append(json.loads(line))
                except ValueError:  # not written to its end yet
                    pass
        return found

    def wait_for(self, holds, wait, what):
        end = time.monotonic() + wait
        while True:
            found = holds()
            if found:
                return found
            if not self.alive() or time.monotonic() > end:
                raise RuntimeError(f"{self.name} {what}, exit code {self.process.poll()}\n"
                                   + self.tail())
            time.sleep(0.01)

    def tail(self, lines=15):
        text = [f"    {stream}: {line}" for stream, all_of in (("out", self.out()), ("err", self.err()))
                for line in [line for line in all_of.splitlines() if '"progress"' not in line][-lines:]]
        return "\n".join(line[:400] for line in text) or "    (it has written nothing)"

    # ---- what it takes ----

    def alive(self):
        return self.process.poll() is None

    def rss(self):
        return _kib_of(self.pid, "VmRSS") * 1024

    def fds(self):
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except OSError:
            return 0

    def take_baseline(self):
        """From here on its memory and its descriptors are compared with what they are now."""
        try:
            with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as file:
                file.write("5")  # resets VmHWM
        except OSError:
            pass  # then the samples alone count
        self.base_rss = self.peak_rss = self.rss()
        self.base_fds = self.peak_fds = self.last_fds = self.fds()

    def sample(self):
        if not self.alive():
            return
        self.peak_rss = max(self.peak_rss, self.rss(), _kib_of(self.pid, "VmHWM") * 1024)
        self.last_fds = self.fds()
        self.peak_fds = max(self.peak_fds, self.last_fds)

    def growth(self):
        return max(0, self.peak_rss - self.base_rss)

    # ---- its end ----

    def signal(self, number):
        if self.alive():
            self.process.send_signal(number)

    def wait(self, wait):
        """Its exit code; None if it has not ended in time."""
        try:
            return self.process.wait(max(0.0, wait))
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        if self.alive():
            self.process.kill()
        self.process.wait()


def _text(path):
    with open(path, encoding="utf-8", errors="backslashreplace") as file:
        return file.read()


def _kib_of(pid, field):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def listening_ports(pid):
    """The TCP ports that a process listens at, as a scan of all ports would find them."""
    inodes = set()
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(entry.path)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    ports = []
    with open(f"/proc/{pid}/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            field = line.split()
            if field[3] == "0A" and field[9] in inodes:
                ports.append(int(field[1].split(":")[1], 16))
    return ports
