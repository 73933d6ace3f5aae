#!/usr/bin/env python3
"""make_declarations.py FILE: writes FILE, xfsbus/_declarations.py, from which cffi knows the interface in C
and that of policies, out of their headers. The build does."""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEADERS = HERE.parent / "c" / "include" / "xfsbus" / "c"
IN_ORDER = ("base", "log", "requests", "answers", "status", "job", "events", "peer", "reader", "publish",
            "policy")
POLICIES = HERE.parents[1] / "policies" / "include" / "xfsbus" / "policies" / "abi.h"


def without_comments(header: str) -> str:
    return re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)


def declarations_of(header: str) -> str:
    """A header without comments, and without what only a preprocessor understands."""
    text = without_comments(header).replace("\\\n", "")
    text = re.sub(r"^#ifdef __cplusplus\n.*?^#endif\n", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("XFSBUS_C_API ", "")
    text = re.sub(r" XFSBUS_(SIZE_OF\(\w+\)|LATER)", "", text)
    return "".join(line.rstrip() + "\n" for line in text.splitlines() if line.strip())


def numbers_of(header: str) -> str:
    """The constants of a header that are whole numbers."""
    found = re.findall(r"^#define (XFSBUS_\w+) \(?(-?\w+?)u?\)?\s*$", without_comments(header),
                       flags=re.MULTILINE)
    return "".join(f"#define {name} {value}\n" for name, value in found
                   if re.fullmatch(r"-?(\d+|0x[0-9a-f]+)", value))


def module() -> str:
    policies = POLICIES.read_text()
    declarations = numbers_of(policies) + declarations_of(policies) + "".join(
        declarations_of((HEADERS / f"{name}.h").read_text()) for name in IN_ORDER)
    return ('"""The interfaces in C, as cffi reads them. Made by make_declarations.py."""\n'
            f'DECLARATIONS = """\n{declarations}"""\n')


Path(sys.argv[1]).write_text(module())
