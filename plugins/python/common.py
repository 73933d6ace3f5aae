"""What policies in Python have in common, wherever they run: in the program that the plug-in `python` runs
beside a peer, and in a program that embeds one, by the package xfsbus. It needs no packages."""
import os
import traceback


# ---- what a policy answers with ----

def choose(source):
    """This one, an index into the sources."""
    return {"action": "choose", "source": source}


def swap(candidate, gives_way):
    """The candidate comes in, and the other one gives way; indices into the sources."""
    return {"action": "choose", "source": candidate, "gives_way": gives_way}


def wait_for(source, seconds=0.0):
    """The chunk waits until this one, an index, has room; asked again after so long at the latest."""
    return {"action": "wait_for", "source": source, "again_us": int(seconds * 1e6)}


def nobody(seconds=0.0):
    """Nobody for now; asked again after so long at the latest; 0: half a second."""
    return {"action": "nobody", "again_us": int(seconds * 1e6)}


def limit(size):
    """So many bytes may be under way."""
    return {"action": "limit", "bytes": int(size)}


HELPERS = {each.__name__: each for each in (choose, swap, wait_for, nobody, limit)}


# ---- what a policy says of itself, and what it fails at ----

def bits_of(policy, purposes):
    """The questions that its `decide` answers, a bit for each; purposes: the words of all, in order."""
    bits = 0
    for purpose in getattr(policy, "decides", ()):
        if purpose not in purposes:
            raise ValueError(f"decides: {purpose!r} is none of {', '.join(purposes)}")
        bits |= 1 << purposes.index(purpose)
    return bits if callable(getattr(policy, "decide", None)) else 0


def said(error, is_ours):
    """The error and where it is, in a line. is_ours: of a file's name, whether it is not the policy's."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if not is_ours(each.filename)]
    where = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
