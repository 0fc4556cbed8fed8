"""Commands only: parse, call one function, print. No logic lives here; `output.py` states the convention
that every command follows, `app.py` puts the groups together."""
