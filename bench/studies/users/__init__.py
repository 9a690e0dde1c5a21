"""Studies of people who use aqe for the first time: what they type, and what they see."""
