"""The console script, and `python -m tintype`: says that it starts, and answers Ctrl-C, before the rest is imported."""

import sys

from .console import answer_at_once, status


def main() -> None:
    """Run the command line; ends with SystemExit."""
    answer_at_once()
    status.begin(sys.argv[1:])
    status.say("tintype: starting ...")
    from .cli import main as run

    try:
        run()
    finally:
        status.end()
        answer_at_once()  # threads are waited for


if __name__ == "__main__":
    main()
