"""Pictures and pages of what the store holds. Measures nothing: every figure rests on evaluations that were kept."""
