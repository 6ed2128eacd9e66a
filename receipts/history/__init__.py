"""A contact's purchases as Engage lists them: our copy of the list, and reading it a page at a time."""
