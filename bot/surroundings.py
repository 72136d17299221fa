"""Where a thread is read ─► how its commands are written there, and where its things are found."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.quoting import bare_or_quoted


@dataclass(frozen=True)
class Surroundings:
    """The place that a thread is read in.

    Attributes:
        page: The repository's own page, such as `https://github.com/O/R`; empty where the thread
            lies on this machine.
        log: The page that tells what the machines did; empty where there is none.
        kept: Ref ─► the commit under which its files can be had, where they are published.
        attached: SHA-256 of a picture ─► its address, of those of an entry that are attached.
        trouble: Why pictures cannot be shown as they should, if they cannot.
    """

    page: str = ""
    log: str = ""
    kept: Mapping[str, str] | None = None
    attached: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""

    @property
    def is_github(self) -> bool:
        """Whether the thread is an issue on GitHub, where pull requests are reviewed."""
        return bool(self.page)

    @property
    def language(self) -> str:
        """The language of commands, for whoever colours them."""
        return "" if self.is_github else "sh"

    def command(
        self, word: str, issue: int, named: Mapping[str, str] | None = None, *flags: str
    ) -> str:
        """Write a command with parameters and flags as it is given here."""
        given = dict(named or {})
        if not self.is_github:
            words = ["excursion", word, str(issue)]
            for name, value in given.items():
                words += ["-p", f"{name}={value}"]
            return shlex.join([*words, *(f"--{flag}" for flag in flags)])
        pairs = [f"{name}={bare_or_quoted(value)}" for name, value in given.items()]
        return " ".join([f"/{word}", *flags, *pairs])

    def example(self, word: str, issue: int, rest: str = "", option: str = "") -> str:
        """Write a command for people to fill in: `excursion answer 12 "…" --outcome mixed`.

        Args:
            word: The command.
            issue: The excursion's issue.
            rest: What people write, such as `…`.
            option: A pair such as `outcome=mixed`.
        """
        if self.is_github:
            return " ".join(part for part in (f"/{word}", rest, option) if part)
        quoted = f'"{rest}"' if rest else ""
        if word != "predict":  # the only command that reads pairs on the command line, too
            option = "--" + option.replace("=", " ", 1) if option else ""
        return " ".join(p for p in (f"excursion {word} {issue}", quoted, option) if p)

    def numbered(self, word: str, issue: int, number: int) -> str:
        """Write a command about one of an excursion's runs: `excursion cancel 12 3`."""
        return f"/{word} {number}" if self.is_github else f"excursion {word} {issue} {number}"

    def figures(self, ref: str, folder: str) -> str:
        """Say where the pictures under a ref are found, ending in `/`; empty if nowhere.

        Args:
            ref: The ref that keeps them.
            folder: Where they lie beside a thread on this machine.
        """
        if not self.is_github:
            return folder
        commit = (self.kept or {}).get(ref)
        return f"{self.page}/raw/{commit}/figures/" if commit else ""


LOCAL = Surroundings()
