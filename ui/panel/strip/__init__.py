"""The strip: picture, storyboards and music on one time axis. See `strip.py`."""
