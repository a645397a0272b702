"""Addresses of files that need no key: for browsers and build scripts, for ten minutes."""
