"""Threads and their index as web pages that need nothing but themselves."""
