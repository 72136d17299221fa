"""What a repository says about its excursions."""

from __future__ import annotations

import pytest

from bot.config import FIRST_TEXT, Config, read_config
from bot.errors import RequestError


def test_the_first_text_is_the_defaults_written_out() -> None:
    assert read_config(FIRST_TEXT.format(default_branch="main")) == Config()


def test_nothing_said_means_the_defaults() -> None:
    assert read_config("") == Config()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('rot = "src"', "excursions.toml: unknown key 'rot'\n  Did you mean 'root'?"),
        ('[runners.local]\ntimout = "1h"', "Did you mean 'timeout'?"),
        ('[runners.local]\ntimeout = "soon"', "'soon' is not a duration"),
        ('[runners.local]\nengine = "lsf"', "Input should be 'local' or 'slurm'"),
        ('default_branch = ""', "default_branch"),
        ("root = 3", "root: Input should be a valid string"),
    ],
)
def test_a_mistake_is_named_with_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_config(text)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "root",
    ["/etc", "..", "a/../../b", "", ".", ".git", "a/.git/b", "a\\u0000b", "a\\nb", "\\u202e"],
)
def test_a_root_outside_of_the_repository_is_refused(root: str) -> None:
    with pytest.raises(RequestError, match="must be a folder inside the repository"):
        read_config(f'root = "{root}"')


@pytest.mark.parametrize(
    ("root", "folder"), [("src", "src"), ("a//b/", "a/b"), ("./my notes", "my notes")]
)
def test_a_root_inside_is_written_in_one_way(root: str, folder: str) -> None:
    assert read_config(f'root = "{root}"').root == folder


def test_a_runner_that_is_not_configured_is_refused_with_the_nearest() -> None:
    config = read_config("[runners.gpu]\n[runners.local]\n")
    assert config.runner_named("gpu", where="x").engine == "local"
    with pytest.raises(RequestError, match="Did you mean 'gpu'"):
        config.runner_named("gpus", where="excursion.toml")
