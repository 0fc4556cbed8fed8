"""The day: tools, approval, the conversation and its loops, and every prompt. No weights and no tensors live
here: the engine holds them, and `learn` turns a correction into a step."""
