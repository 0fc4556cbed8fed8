"""Measuring: koan sessions in lockstep, suites, metrics and their intervals. Decides nothing (that is
`sleep/gate.py`) and trains nothing."""
