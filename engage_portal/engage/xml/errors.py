"""What can be wrong with a file. Sentences for people; none quotes what stands in the file."""


class UnreadableExportError(Exception):
    """A contacts export that must not be read, not even in part. Its text is one sentence without personal data."""


class BadNamesError(Exception):
    """A file of names (`names.py`) that cannot be used. Its text is one sentence."""
