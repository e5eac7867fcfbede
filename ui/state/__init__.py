"""What the panel knows, as plain data that can be watched and kept: see `panel.py`."""
