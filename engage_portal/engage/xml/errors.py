"""What can be wrong with a file. Sentences for people; none quotes what stands in the file."""


class UnreadableExportError(Exception):
    """A contacts export that must not be read, not even in part. Its text is one sentence without personal data."""


class BadNamesError(Exception):
    """A file that describes the tenant's files (`profile_file.py`) and cannot be used.

    Its text is the end of a sentence: "… names a file that".
    """


class UnfitRecordsError(ValueError):
    """Records that may not share a file, or too many: a mistake of whoever put them together."""


class NoRecordsError(UnfitRecordsError):
    """Nothing is left for a file."""


class InvalidRecordError(Exception):
    """One record that Engage would drop, or with which the file could not be written. The others are not at fault."""

    def __init__(self, position: int, sentence: str) -> None:
        self.position = position
        """Its place among the records of the file, from 0."""
        self.sentence = sentence
        """Without personal data."""
        super().__init__(f"Record {position}: {sentence}")


class UnusableTransformationError(Exception):
    """A tenant's XSLT that cannot be read, or whose result is no XML. Its text is one sentence."""
