"""The life of a spool file: claimed, written, uploaded, picked up; or withdrawn before it left."""
