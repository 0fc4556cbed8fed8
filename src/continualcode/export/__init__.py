"""A version of the weights in the formats of other programs, each loaded again by its reader before it counts.

`write.py` is the way in. Not here: which version is in use, or how one is trained.
"""
