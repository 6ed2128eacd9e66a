"""What goes beside Engage's API: files in the dropbox, from which Engage takes them and where it leaves its own."""
