#!/usr/bin/env python3
"""Writes xfsbus/_declarations.py, what cffi is told of the interface in C, from its headers; with --check
only says whether it is up to date."""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEADERS = HERE.parent / "c" / "include" / "xfsbus" / "c"
MADE = HERE / "xfsbus" / "_declarations.py"
IN_ORDER = ("base", "requests", "answers", "status", "job", "events", "peer", "reader")


def declarations_of(header: str) -> str:
    """A header without comments, and without what only a preprocessor understands."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    text = re.sub(r"^#ifdef __cplusplus\n.*?^#endif\n", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("XFSBUS_C_API ", "")
    return "".join(line.rstrip() + "\n" for line in text.splitlines() if line.strip())


def module() -> str:
    declarations = "".join(declarations_of((HEADERS / f"{name}.h").read_text())
                           for name in IN_ORDER)
    return ('"""The interface in C, as cffi reads it. Made by make_declarations.py; not to be edited."""\n'
            f'DECLARATIONS = """\n{declarations}"""\n')


def main() -> None:
    if "--check" not in sys.argv:
        MADE.write_text(module())
    elif MADE.read_text() != module():
        sys.exit(f"{MADE} is not what the headers say: run {Path(__file__).name}")


main()
