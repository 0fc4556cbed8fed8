"""Ownership and smart pointers: Box, Rc, RefCell, and what they hand out."""
