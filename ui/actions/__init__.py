"""What a person can do, each thing undoable: see `actions.py`."""
