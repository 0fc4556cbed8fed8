"""The endpoint in front of the engine: OpenAI's chat completions for any agent or editor, and feedback that teaches.
What a lesson is, and where lessons are kept, is not decided here (see `agent/teaching.py`)."""
