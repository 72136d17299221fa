"""No value that a job tells the next can end early, or tell another."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.actions.outputs import outputs_text, write_outputs
from bot.errors import ForgeError


def as_github_reads(text: str) -> dict[str, str]:
    """Read the file as the runner does (actions/runner, FileCommandManager.cs)."""
    found = {}
    lines = iter(text.replace("\r\n", "\n").split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            found[line[:equals]] = line[equals + 1 :]
        else:
            name, _, delimiter = line.partition("<<")
            value = []
            while (inner := next(lines)) != delimiter:
                value.append(inner)
            found[name] = "\n".join(value)
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | st.lists(st.sampled_from(["\n", "EOF", "<<", "=", "matrix", "x"])).map("".join))
@example("x\nEOF\ncount=99")
@example("x\nghadelimiter\ncount<<EOF\n99\nEOF")
@example("::set-output name=count::99")
@example("\ud800")
def test_a_value_is_read_back_as_it_is_and_no_other_beside_it(tmp_path: Path, value: str) -> None:
    path = tmp_path / "output"
    path.unlink(missing_ok=True)
    write_outputs(path, {"matrix": value, "count": "1"})
    read = as_github_reads(path.read_bytes().decode())
    assert list(read) == ["matrix", "count"]
    assert read["count"] == "1"
    assert read["matrix"] == value.replace("\r\n", "\n").encode(errors="replace").decode()


def test_outputs_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "output"
    path.write_text("before=1\n")
    write_outputs(path, {"a": "x"})
    write_outputs(path, {"b": "y"})
    assert as_github_reads(path.read_text()) == {"before": "1", "a": "x", "b": "y"}
    delimiters = {line.partition("<<")[2] for line in path.read_text().split("\n") if "<<" in line}
    assert len(delimiters) == 2


def test_a_value_that_holds_the_delimiter_is_refused() -> None:
    with pytest.raises(ForgeError, match="delimiter"):
        outputs_text({"matrix": "before\nguessed\nafter"}, delimiter="guessed")


def test_more_than_github_takes_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="1000000 at most"):
        write_outputs(tmp_path / "output", {"matrix": "x" * 500_001})
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "a<<b", "a=b", "${{ x }}"])
def test_only_a_name_names_an_output(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        outputs_text({name: "x"}, delimiter="d")
