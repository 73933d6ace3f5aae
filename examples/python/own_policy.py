"""Fetches a file, and asks rather those sources that have served this program well before: a policy of the
program's own, whose objects share what they learn.

    own_policy.py TRACKER NAME DIRECTORY        NAME may be a pattern
"""
import collections
import sys
import threading

import xfsbus


class Grateful:
    """Who has delivered most comes first."""

    def __init__(self, known, lock):
        self.known, self.lock = known, lock

    def pick(self, request, sources, rng):
        with self.lock:
            return max(range(len(sources)), key=lambda i: self.known[sources[i].endpoint])

    def observe(self, source, outcome):
        if outcome.reason == "delivered":
            with self.lock:
                self.known[source.endpoint] += outcome.bytes


def main(tracker, name, directory):
    known, lock = collections.Counter(), threading.Lock()

    def grateful():
        return Grateful(known, lock)

    with xfsbus.Peer(tracker, download_directory=directory, policy=grateful) as peer:
        peer.download(name, wait=10)
        policy = peer.policy()
        print(f"{policy.used.name} has decided {policy.picks} times; {policy.trouble or 'without a fault'}")
        print(*(f"{source}: {count} bytes" for source, count in known.most_common()), sep="\n")


if len(sys.argv) != 4:
    sys.exit(__doc__)
try:
    main(*sys.argv[1:])
except xfsbus.XfsError as error:
    sys.exit(f"own_policy.py: {error}")
