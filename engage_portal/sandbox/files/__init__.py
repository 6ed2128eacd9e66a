"""Engage's import and export folders: what a tenant's FTP account shows, and the jobs behind it (files.md).

Files are read and written with the standard library alone, so that a mistake of the portal's own code is not made
here as well.
"""
