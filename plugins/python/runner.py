"""Runs a peer-selection policy that is written in Python, for the plug-in `python`.

A line of JSON comes in for each call, and one goes out for each answer. The policy is a file that
has a function `pick`, or a class `Policy` with such a method; docs/POLICIES.md says what they get.
common.py stands before this when it is run.
"""
import collections
import inspect
import json
import os
import random
import sys


# ---- the policies ----

class LowestCost:
    """What is used where no file is named: latency_ms + 10 x load."""

    def cost(self, source):
        return source.latency_ms + 10 * source.load

    def pick(self, request, sources, rng):
        return min(range(len(sources)), key=lambda i: self.cost(sources[i]))


class Functions:
    """A file of functions is a policy without a state of its own."""

    def __init__(self, namespace):
        for name in ("pick", "decide", "cost", "observe"):
            if callable(namespace.get(name)):
                setattr(self, name, namespace[name])
        self.decides = namespace.get("decides", ())


class Host:
    """One peer: its policies share the file's global names."""

    def __init__(self, path):
        self.namespace = dict(HELPERS, __name__="policy", __file__=path)
        if path:
            with open(path, encoding="utf-8") as file:
                exec(compile(file.read(), path, "exec"), self.namespace)

    def make(self, path, name, parameter):
        if not path:
            return LowestCost()
        wanted = name or "Policy"
        made = self.namespace.get(wanted)
        if made is None:
            if name:
                raise NameError(f"it has no class `{name}`")
            policy = Functions(self.namespace)
        else:
            policy = made(parameter) if inspect.signature(made).parameters else made()
        if not callable(getattr(policy, "pick", None)):
            raise TypeError(f"it has no function `pick`, and no class `{wanted}` that has one")
        return policy


class Runner:
    def __init__(self):
        self.hosts = {}
        self.policies = {}
        self.types = {}
        self.purposes = []
        self.rng = random.Random()

    def view(self, kind, values):
        return self.types[kind](*values)

    def sources(self, all_values):
        return [self.view("source", values) for values in all_values]

    def drawn(self, call):
        self.rng.seed(call["random"])
        return self.rng

    # ---- one method for each call ----

    def words(self, call):
        self.purposes = call["purposes"]
        for kind in ("request", "source", "outcome"):
            self.types[kind] = collections.namedtuple(kind.capitalize(), call[kind])

    def create(self, call):
        path = call["file"]
        if call["host"] not in self.hosts:
            self.hosts[call["host"]] = Host(path)
        policy = self.hosts[call["host"]].make(path, call["class"], call["parameter"])
        self.policies[call["object"]] = policy
        return bits_of(policy, self.purposes)

    def destroy(self, call):
        del self.policies[call["object"]]

    def leave(self, call):
        self.hosts.pop(call["host"], None)

    def pick(self, call):
        return self.policies[call["object"]].pick(
            self.view("request", call["request"]), self.sources(call["sources"]), self.drawn(call))

    def decide(self, call):
        return self.policies[call["object"]].decide(
            self.view("request", call["request"]), self.sources(call["sources"]), self.drawn(call))

    def cost(self, call):
        cost = getattr(self.policies[call["object"]], "cost", None)
        return None if cost is None else cost(self.view("source", call["source"]))

    def observe(self, call):
        observe = getattr(self.policies[call["object"]], "observe", None)
        if observe is not None:
            observe(self.view("source", call["source"]), self.view("outcome", call["outcome"]))


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a policy prints is no answer
    if sys.argv[1]:
        sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[1])))
    runner = Runner()
    for line in sys.stdin:
        call = json.loads(line)
        try:
            answer = {"ok": getattr(runner, call["do"])(call)}
            text = json.dumps(answer)
        except Exception as error:  # whatever a policy may raise
            text = json.dumps({"error": said(error, lambda file: file == "<string>")})
        answers.write(text + "\n")
        answers.flush()


main()
