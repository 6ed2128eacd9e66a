"""`manage.py spool`: files for Engage on the command line."""
