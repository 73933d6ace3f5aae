#!/usr/bin/python3
"""Fetches the weights of a model beside other work of an event loop, and maps them into memory, so that all
processes of a machine share one copy.

    load_weights.py TRACKER NAME DIRECTORY      load_weights.py tcp://192.168.1.2:7470 'model/*' /models
"""
import asyncio
import mmap
import sys

import xfsbus

try:
    import numpy
except ImportError:
    numpy = None


def mapped(path):
    """The bytes of a file; as float32 where there is numpy, and the file is a row of those."""
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return numpy.frombuffer(data, numpy.float32) if numpy and len(data) % 4 == 0 else data


async def main():
    tracker, name, directory = sys.argv[1:]
    async with xfsbus.AsyncPeer(tracker, download_directory=directory) as peer:
        report = await peer.download(name, wait=10)
    for file in report.files:
        weights = mapped(file.path)
        print(f"{file.name}: {file.bytes} bytes, mapped as {len(weights)} of {type(weights).__name__}")


asyncio.run(main())
