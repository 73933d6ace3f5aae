#!/usr/bin/env python3
"""make_declarations.py FILE: writes FILE, xfsbus/_declarations.py, from which cffi knows the interface in C,
out of its headers. The build does."""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEADERS = HERE.parent / "c" / "include" / "xfsbus" / "c"
IN_ORDER = ("base", "log", "requests", "answers", "status", "job", "events", "peer", "reader", "publish")


def declarations_of(header: str) -> str:
    """A header without comments, and without what only a preprocessor understands."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    text = re.sub(r"^#ifdef __cplusplus\n.*?^#endif\n", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("XFSBUS_C_API ", "")
    return "".join(line.rstrip() + "\n" for line in text.splitlines() if line.strip())


def module() -> str:
    declarations = "".join(declarations_of((HEADERS / f"{name}.h").read_text())
                           for name in IN_ORDER)
    return ('"""The interface in C, as cffi reads it. Made by make_declarations.py."""\n'
            f'DECLARATIONS = """\n{declarations}"""\n')


Path(sys.argv[1]).write_text(module())
