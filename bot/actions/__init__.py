"""The three jobs on GitHub: triage, execute, publish."""
