"""What `manage.py outbox` does, a module for each group of its subcommands."""
