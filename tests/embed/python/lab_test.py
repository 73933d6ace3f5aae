"""Classes of Python in experiments of the lab."""

import pytest

import xfsbus

EXPERIMENT = """name = "small"
seeds = 2
[[peers]]
role = "seed"
up = "10MB/s"
down = "10MB/s"
[[peers]]
count = 3
up = {uniform = ["1MB/s", "10MB/s"]}
down = "10MB/s"
[content]
size = "8M"
[[policy]]
name = "usual"
"""


class Lowest:
    """The rule of the default."""

    def pick(self, request, sources, rng):
        return min(range(len(sources)), key=lambda i: sources[i].latency_ms + 10 * sources[i].load)


class Bad:
    def pick(self, request, sources, rng):
        raise ValueError("not today")


class PicksNothing:
    pass


@pytest.fixture
def experiment(tmp_path):
    file = tmp_path / "small.toml"
    file.write_text(EXPERIMENT)
    return file


def run(*args, **options):
    """Without a limit, since a sanitizer takes more addresses than there are bytes."""
    return xfsbus.lab.run(*args, memory_limit=0, **options)


def rows_of(results, policy):
    lines = (results.folder / "results.csv").read_text().splitlines()
    return [line.removeprefix(policy) for line in lines if line.startswith(f"{policy},")]


def test_a_class_is_compared_in_the_lab_and_its_cost_told(experiment):
    results = run(experiment, {"mine": Lowest})
    assert results.folder == experiment.with_suffix(".results")
    assert rows_of(results, "usual") and rows_of(results, "usual") == rows_of(results, "mine")
    assert [policy["name"] for policy in results.summary["policies"]] == ["usual", "mine"]
    assert set(results.decision_us) == {"usual", "mine"}
    assert 0 < results.decision_us["usual"] < results.decision_us["mine"]
    assert "us (mine)" in results.text
    again = run(experiment, {"mine": Lowest}, out=experiment.parent / "again", jobs=1)
    assert (again.folder / "results.csv").read_bytes() == (results.folder / "results.csv").read_bytes()
    assert again.summary == results.summary


def test_what_a_class_does_wrong_in_the_lab_is_raised_with_its_words(experiment):
    with pytest.raises(xfsbus.XfsError, match="ValueError: not today"):
        run(experiment, {"bad": Bad})
    with pytest.raises(xfsbus.PluginError, match="no class `PicksNothing` that has one"):
        run(experiment, {"bad": PicksNothing}, force=True)
    with pytest.raises(xfsbus.UsageError, match="another policy has this name"):
        run(experiment, {"usual": Lowest}, force=True)


def test_a_class_that_stands_in_no_file_is_refused(experiment):
    class Inner:
        pass

    typed: dict = {"__name__": "typed"}
    exec("class Typed: pass", typed)
    for made, words in ((Inner, "top level"), (lambda: None, "top level"), (typed["Typed"], "in a file")):
        with pytest.raises(xfsbus.UsageError, match=words):
            run(experiment, {"mine": made})
    assert not experiment.with_suffix(".results").exists()
