"""Generics and closures: type parameters, bounds on functions, captures, and types to be named."""
