"""What `manage.py contacts` does, a module for each of its subcommands."""
