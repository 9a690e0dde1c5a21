"""Studies of the learning engine: how well, how fast and in how many processes it learns."""
