"""Reading what was sold, from our copy."""
