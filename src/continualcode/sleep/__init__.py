"""The night: curate, train, gate, promote or refuse; one night is staged and resumable. Reads the train
split for data and the gate split for decisions, never the test split."""
