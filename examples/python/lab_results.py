"""Reads the results of an experiment with pandas: how long the downloads of each policy took, and how much
sooner than with the first policy the last one was done, seed by seed.

    lab_results.py FOLDER        what `xfs-lab run FILE --out FOLDER` has written

Needs pandas (Debian: python3-pandas). docs/LAB.md says what the columns are.
"""
import sys

try:
    import pandas
except ImportError:
    sys.exit("lab_results.py: pandas is missing: install python3-pandas")


def main(folder):
    peers = pandas.read_csv(f"{folder}/results.csv", dtype={"parameters": "string"})
    sinks = peers[peers.bytes_down > 0]
    policies = sinks.policy + (" " + sinks.parameters.fillna("")).str.rstrip()
    took = (sinks.completed_s - sinks.arrived_s).groupby(policies, sort=False)
    print(took.describe(percentiles=[0.5, 0.9]).round(3).to_string())

    # Of a run in which somebody was not done it is not known.
    last = sinks.groupby([policies, "seed"], sort=False).completed_s.agg(lambda each: each.max(skipna=False))
    makespan = last.unstack(0)
    first = makespan.columns[0]
    change = 100 * makespan.drop(columns=first).div(makespan[first], axis=0) - 100
    if not change.empty:
        print(f"\nmakespan, % over that of {first!r} with the same seed:")
        print(change.agg(["mean", "min", "max"]).round(1).to_string())


if len(sys.argv) != 2:
    sys.exit(__doc__)
try:
    main(sys.argv[1])
except OSError as error:
    sys.exit(f"lab_results.py: {error}")
