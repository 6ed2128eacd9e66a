"""The staff screens: what has not reached Engage, why, and what people can do about it."""
