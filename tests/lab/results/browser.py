#!/usr/bin/env python3
"""browser.py XFS-LAB

Runs an example, opens its report in a browser without a network, and reads what is drawn. Ends with 77
where there is no browser.
"""
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77
PATIENCE = 60  # seconds
NAMES = ("chromium", "chromium-browser", "google-chrome")
EXPERIMENT = """name = "A <b>small</b> swarm"
seeds = 2
[[peers]]
role = "seed"
up = "10MB/s"
down = "10MB/s"
[[peers]]
count = 4
up = "10MB/s"
down = "10MB/s"
[content]
size = "4M"
[[policy]]
name = "usual"
[[policy]]
name = "a <i>name</i>"
select = "random"
"""


def browser():
    """The first browser that starts here."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    print("SKIPPED: no browser; install chromium to have the report tested in one")
    sys.exit(SKIPPED)


def check(right, what):
    if not right:
        sys.exit(f"FAILED: {what}")


# The report in a frame of the width that is asked for, which a window may refuse, and what is drawn in
# it, written where --dump-dom shows it.
FRAME = """<!DOCTYPE html><html><body><iframe style="width: WIDTHpx; height: 800px; border: 0"
srcdoc="PAGE"></iframe><script>
window.onload = () => {
    const page = document.querySelector('iframe').contentDocument;
    const all = page.documentElement;
    const boxes = [...page.querySelectorAll('svg.chart .mark, svg.chart .steps, svg.chart .rates')]
        .map(e => e.getBoundingClientRect());
    const rates = [...page.querySelectorAll('path.rates')];
    const cells = [...page.querySelectorAll('#messages tr')].map(row => [...row.cells]);
    const styles = rates.map(e => getComputedStyle(e));
    document.body.dataset.width = all.clientWidth;
    document.body.dataset.lines = page.querySelectorAll('path.steps').length;
    document.body.dataset.rates =
        rates.filter(e => e.getBoundingClientRect().height > 50 && e.getTotalLength() > 100).length;
    document.body.dataset.ratemarks =
        rates.filter(e => e.parentNode.querySelectorAll('.mark').length >= 4).length;
    document.body.dataset.dashes = new Set(styles.map(s => s.strokeDasharray)).size;
    document.body.dataset.small = [...page.querySelectorAll('svg.chart text')]
        .filter(e => e.getBoundingClientRect().height < 9).length;
    document.body.dataset.kinds = cells.length > 0 ? cells[0].length : 0;
    document.body.dataset.counted = cells.slice(1).filter(row => Number(row[3].innerText) > 0).length;
    document.body.dataset.whiskers = page.querySelectorAll('.whisker').length;
    document.body.dataset.drawn = boxes.filter(b => b.width > 1 && b.height > 1).length;
    document.body.dataset.outside =
        boxes.filter(b => b.left < 0 || b.right > all.clientWidth).length;
    document.body.dataset.overflow = all.scrollWidth - all.clientWidth;
    document.body.dataset.strange = page.querySelectorAll('i, b').length;
};
</script></body></html>"""


def shown(program, page, home, width):
    """The document that the browser makes of the report."""
    framed = home / f"framed-{width}.html"
    framed.write_text(FRAME.replace("WIDTH", str(width)).replace("PAGE", html.escape(page)),
                      encoding="utf-8")
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
               f"--user-data-dir={home / 'browser'}", "--window-size=1200,900", "--dump-dom",
               framed.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False,
                          env={**os.environ, "HOME": str(home)})
    check(done.returncode == 0, f"the browser ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def measured(document, name):
    found = re.search(rf'data-{name}="(-?\d+)"', document)
    check(found, f"the page has not measured {name}")
    return int(found.group(1))


def main():
    lab = Path(sys.argv[1])
    program = browser()
    with tempfile.TemporaryDirectory(prefix="xfs-lab-report-") as folder:
        home = Path(folder)
        (home / "small.toml").write_text(EXPERIMENT, encoding="utf-8")
        subprocess.run([lab, "run", home / "small.toml", "--sim", "--memory-limit", "0",
                        "--out", home / "out"], check=True, timeout=PATIENCE,
                       stdout=subprocess.DEVNULL)
        page = (home / "out" / "report.html").read_text(encoding="utf-8")
        for width in (1000, 400):
            document = shown(program, page, home, width)
            check(abs(measured(document, "width") - width) < 20, f"the page is {width} wide")
            check(measured(document, "lines") == 2, "each policy has a line")
            check(measured(document, "rates") == 2, "each policy has rates that rise from the axis")
            check(measured(document, "ratemarks") == 2, "rates have marks")
            check(measured(document, "dashes") == 2, "lines differ without colours")
            check(measured(document, "small") == 0, f"words can be read at a width of {width}")
            check(measured(document, "kinds") == 10, "messages have a column for each kind")
            check(measured(document, "counted") == 2, "each policy has sent wants")
            check(measured(document, "whiskers") == 4, "each policy has two intervals")
            check(measured(document, "drawn") >= 8, "marks are drawn")
            check(measured(document, "outside") == 0, f"all is within a width of {width}")
            check(measured(document, "overflow") <= 0, f"the page is not wider than {width}")
            check(measured(document, "strange") == 0, "names are text")
    print("the report is drawn")


main()
