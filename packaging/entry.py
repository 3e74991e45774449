"""Where the bundle starts: the command line, which opens the page when there are no words (a double click)."""

from multiprocessing import freeze_support

if __name__ == "__main__":
    freeze_support()
    from tintype.__main__ import main

    main()
