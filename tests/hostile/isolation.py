"""Networks and files of a run's own, where the system allows them."""
import os
import pickle
import shutil
import signal
import subprocess

from attack import unshare
from programs import die_with_parent

NEW_USER, NEW_NETWORK, NEW_MOUNTS = 0x10000000, 0x40000000, 0x00020000


class NotAllowed(Exception):
    """Why the run cannot be done here."""


def leave(flags, what):
    """Into namespaces of its own; where only root may, as root of a user namespace of its own."""
    user, group = os.getuid(), os.getgid()
    try:
        if user == 0:
            unshare(flags)
            return
        unshare(flags | NEW_USER)
        for file, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"),
                           ("gid_map", f"0 {group} 1")):
            with open(f"/proc/self/{file}", "w", encoding="ascii") as map_file:
                map_file.write(text)
    except OSError as error:
        raise NotAllowed(f"no {what} of its own: {error}") from error


def command(*words):
    if not shutil.which(words[0]):
        raise NotAllowed(f"'{words[0]}' is not installed")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotAllowed(f"{' '.join(words)}: {done.stderr.strip()}")


def loopback_up():
    command("ip", "link", "set", "lo", "up")


def apart(work):
    """What `work()` returns, done in a process of its own, so that this one stays where it is."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(ours)
            die_with_parent()
            try:
                result = work()
            except NotAllowed as reason:
                result = reason
            with os.fdopen(theirs, "wb") as pipe:
                pickle.dump(result, pipe)
        finally:
            os._exit(0)
    os.close(theirs)
    try:
        with os.fdopen(ours, "rb") as pipe:
            data = pipe.read()
    except BaseException:
        os.kill(pid, signal.SIGTERM)  # it cleans up
        raise
    finally:
        os.waitpid(pid, 0)
    if not data:
        raise RuntimeError("the run ended without a result")
    result = pickle.loads(data)
    if isinstance(result, NotAllowed):
        raise result
    return result
