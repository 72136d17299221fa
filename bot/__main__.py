"""`python -m bot`: the `excursion` command."""

from bot.cli import main

main()
