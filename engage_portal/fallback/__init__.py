"""What goes beside Engage's API: files on an SFTP server."""
