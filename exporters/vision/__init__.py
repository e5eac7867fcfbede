"""CLIP's image tower as a vision pack."""
