"""Runs the ``aqe`` command as ``python -m aqe``."""

from aqe.cli.main import main

if __name__ == "__main__":
    main()
