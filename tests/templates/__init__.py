"""Tests of the templates, and how they are tried."""
