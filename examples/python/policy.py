"""A policy in Python: the fastest source that is known, and now and then another one.

    xfs-lab run EXPERIMENT.toml --sim          with select = "python:file=examples/python/policy.py"
    xfs-peer --policy=libpython.so:file=examples/python/policy.py,parameter=0.1 ...
"""


class Policy:
    def __init__(self, parameter):
        self.curious = float(parameter or 0.05)
        self.rates = {}  # by source_id; bytes per second

    def pick(self, request, sources, rng):
        unknown = [i for i, each in enumerate(sources) if each.source_id not in self.rates]
        if unknown and rng.random() < self.curious:
            return rng.choice(unknown)
        return max(range(len(sources)), key=lambda i: self.rates.get(sources[i].source_id, 0.0))

    def observe(self, source, outcome):
        if outcome.reason == "delivered":
            rate = outcome.bytes / (max(outcome.elapsed_us, 1) / 1e6)
            known = self.rates.get(source.source_id, rate)
            self.rates[source.source_id] = 0.8 * known + 0.2 * rate
