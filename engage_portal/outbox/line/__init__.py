"""The one line to Engage, shared by all processes: its door, its breaker, its pace."""
