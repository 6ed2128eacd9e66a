"""The copy of the offers follows Engage's promotions exports: `reader.py` registers with `contacts/importing/`."""
