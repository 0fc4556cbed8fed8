"""Koans: small broken Rust programs with a known repair and tests; how they are found, checked and made.

The tasks themselves lie in `koans/` of the checkout (`continualcode/data/koans` of a wheel). Nothing here
knows a model.
"""
