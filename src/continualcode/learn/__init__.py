"""A correction becomes a lesson: losses, the look at the teacher, the steps, the proof, undo. Weights are held
by the engine; who typed the correction, and what ran afterwards, is the agent's."""
