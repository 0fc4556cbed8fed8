"""continualcode: a coding agent that learns from corrections by gradient steps, and proves it.

This file stays empty of imports: `import continualcode` must cost nothing.
"""

__version__ = "0.1.0"
