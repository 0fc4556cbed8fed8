"""Rust as the rest of the program sees it: what rustc, clippy and cargo say of a text, as values.

Holds the toolchain, diagnostics, verdicts and their cache. It does not know models, koans or the store;
whatever a model wrote is compiled and run in `continualcode.sandbox` only.
"""
