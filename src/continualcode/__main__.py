"""`python -m continualcode` is the same program as `continualcode`."""

from continualcode.cli.app import main

if __name__ == "__main__":
    main()
