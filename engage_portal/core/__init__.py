"""Tools every layer may use: clock, masking, typed ids, logging, privacy. No models, no settings of its own."""
