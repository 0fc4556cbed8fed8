"""The one error that is meant for the user."""


class UserError(Exception):
    """Bad input or a missing piece: its text is one sentence that says what is wrong and what to do.

    The command line prints it on one line and exits with 2. Every error at a border (settings, suites,
    models, toolchain, sandbox, store) derives from it; inside, let things fail loudly.
    """
