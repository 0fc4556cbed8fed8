"""Pictures and pages of what the store holds. Makes no measurement, and no figure that an evaluation did not write down."""
