"""Where commands run: without network, with nothing writable but their workspace, within limits.

`run` is the one way in; `available` says which backends work on this machine; `inside` keeps the file
tools in the workspace. It does not protect from bugs of the kernel, and it does not keep a program from
spoiling the workspace it was given.
"""

from continualcode.sandbox.confined import available, run
from continualcode.sandbox.limits import Limits, Result, SandboxError
from continualcode.sandbox.paths import OutsideWorkspace, inside

__all__ = ["Limits", "OutsideWorkspace", "Result", "SandboxError", "available", "inside", "run"]
