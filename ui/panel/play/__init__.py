"""Playing: one clock, which is what is heard, and a picture that follows it."""
