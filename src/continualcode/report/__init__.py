"""Pictures of what the store holds. Computes no figure that an evaluation did not write down."""
