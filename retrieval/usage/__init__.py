"""Who wrote a pattern, who used it, and what that proved: trust, evidence, erasure."""
