"""Studies of the file: how it grows, and who can read it."""
