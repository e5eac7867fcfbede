"""A small film of our own, so that `hitpoint demo` needs nobody's media."""
