#!/usr/bin/python3
"""Attacks the real programs, and says whether they stood it.

    run.py --prefix BUILD [--seconds N] [--seed N] [NAME...]    runs, or single attacks
    run.py --list                                               their names

BUILD is a build tree, or where it was installed: the programs are in its bin/. Needs python3-zmq
and python3-msgpack. Exit codes: 0 they stood it, 1 they did not, 2 usage, 77 skipped.
"""
import argparse
import os
import signal
import sys

SKIPPED = 77
MIB = 1 << 20
RUN_MOST = 240  # seconds for one run, then it is given up
# A time is measured again: here strangers and victims share the processors, which a stranger of
# another machine would not. What is wrong once is wrong.
ATTEMPTS = 3


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--prefix", help="where bin/xfs-peer and bin/xfs-tracker are")
    parser.add_argument("--seconds", type=float, help="how long each attack lasts, at least")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers")
    parser.add_argument("--instrumented", action="store_true",
                        help="the programs are built with a sanitizer: larger limits")
    parser.add_argument("--list", action="store_true", help="all runs and their attacks")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a run or an attack; none: all runs")
    options = parser.parse_args()
    if not options.list:
        if not options.prefix:
            parser.error("--prefix BUILD says where the programs are")
        for program in ("xfs-peer", "xfs-tracker"):
            if not os.path.exists(os.path.join(options.prefix, "bin", program)):
                parser.error(f"{options.prefix}/bin has no {program}: build it first")
    return options


def show_list(runs):
    for run in runs:
        print(run.name)
        for kind in run.attacks:
            print(f"    {kind.__name__}: {' '.join(kind.__doc__.split())}")


def chosen(runs, names):
    """The runs of these names; of an attack's name, its run with this attack alone."""
    picked = []
    for name in names:
        found = [run for run in runs if run.name == name] or [
            run.alone(kind) for run in runs for kind in run.attacks if kind.__name__ == name]
        if not found:
            sys.exit(f"run.py: there is no run and no attack '{name}'; --list shows all")
        picked.append(found[0])
    return picked


def tell(outcome):
    print(f"== {outcome.name}: {'FAILED' if outcome.failures else 'stood'}")
    for name, report in outcome.attacks:
        print(f"  {name:<28} {report.get('connections', 0):6d} connections "
              f"{report.get('messages', 0):9d} messages {report.get('bytes', 0) / MIB:8.1f} MiB"
              f"  {'FAILED' if report.get('wrongs') or 'crash' in report else ''}")
        for note, count in sorted(report.get("notes", {}).items())[:8]:
            print(f"      {note}: {count}")
    for line in outcome.programs + outcome.figures:
        print("  " + line)
    for failure in outcome.failures:
        print("  FAILED: " + failure.replace("\n", "\n    "))
    for tail in outcome.tails:
        print("  -- " + tail)
    sys.stdout.flush()


def tell_table(runs, outcomes):
    """A row for each attack, as Markdown. Memory is that of the program of the run that grew most."""
    does = {kind.__name__: " ".join(kind.__doc__.split()) for run in runs for kind in run.attacks}
    print("| attack | what it does | connections | messages | MiB sent | memory grew by | outcome |")
    print("|---|---|---|---|---|---|---|")
    for outcome in outcomes:
        for name, report in outcome.attacks:
            print(f"| `{name}` | {does[name]} "
                  f"| {report.get('connections', 0)} | {report.get('messages', 0)} "
                  f"| {report.get('bytes', 0) / MIB:.1f} | {outcome.growth / MIB:.0f} MiB "
                  f"| {'FAILED' if outcome.failures else 'stood'} |")


def give_up(*_):
    raise RuntimeError("the run took too long, and was given up")


def leave(*_):
    sys.exit(1)  # the run in progress cleans up


def main():
    options = parse()
    try:
        import runs
        from harness import Options, Outcome
        from isolation import NotAllowed
    except ImportError as missing:
        print(f"skipped: {missing}; install python3-zmq and python3-msgpack")
        return SKIPPED
    if options.list:
        show_list(runs.ALL)
        return 0
    outcomes = []
    skipped = 0
    picked = chosen(runs.ALL, options.names) if options.names else runs.ALL
    signal.signal(signal.SIGALRM, give_up)
    signal.signal(signal.SIGTERM, leave)
    for run in picked:
        for _ in range(ATTEMPTS):
            signal.alarm(RUN_MOST)
            try:
                outcome = run.execute(
                    Options(options.prefix, options.seconds, options.seed, options.instrumented))
            except NotAllowed as reason:
                print(f"== {run.name}: skipped: {reason}")
                skipped += 1
                outcome = None
                break
            except RuntimeError as error:
                outcome = Outcome(run.name)
                outcome.fail(str(error))
            finally:
                signal.alarm(0)
            tell(outcome)
            if not outcome.was_only_late():
                break
        if outcome:
            outcomes.append(outcome)
    failed = sum(bool(outcome.failures) for outcome in outcomes)
    if len(picked) > 1:
        tell_table(picked, outcomes)
        print(f"{len(picked)} runs: {failed} failed, {skipped} skipped; seed {options.seed}")
    return 1 if failed else SKIPPED if skipped == len(picked) else 0


if __name__ == "__main__":
    sys.exit(main())
