"""``python -m aqe``: the same as the ``aqe`` command."""

from aqe.cli.main import main

if __name__ == "__main__":
    main()
