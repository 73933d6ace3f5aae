#!/usr/bin/python3
"""Fetches a file, or all that match a pattern, and shows how it goes, in a terminal or a notebook.

    fetch.py TRACKER NAME DIRECTORY      fetch.py tcp://192.168.1.2:7470 model.bin /tmp
"""
import sys

import xfsbus


def bar(progress, width=40):
    done = int(width * progress.fraction)
    rate = progress.bytes_per_second / 2**20
    return f"[{'#' * done}{'.' * (width - done)}] {progress.fraction:4.0%} {rate:8.1f} MiB/s"


def main():
    tracker, name, directory = sys.argv[1:]
    with xfsbus.Peer(tracker, download_directory=directory) as peer:
        job = peer.start_download(name, wait=10)
        try:
            for progress in job:
                print("\r" + bar(progress), end="", file=sys.stderr, flush=True)
            report = job.result()
        except xfsbus.XfsError as error:
            sys.exit(f"\nfetch: {error}")
        finally:
            job.cancel()  # after Ctrl-C; what is done already stays so
        print(file=sys.stderr)
        for file in report.files:
            print(file.path)


main()
