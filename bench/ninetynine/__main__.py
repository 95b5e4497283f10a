"""``python -m ninetynine`` is the ``bench`` command."""

from ninetynine.cli import main

if __name__ == "__main__":
    main()
