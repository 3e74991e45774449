"""`python -m tintype.server.migrate`: bring the database's tables up to date and end, for deployments that do this once
before anything else starts (TINTYPE_MIGRATE=false for the rest)."""

import sys

from tintype.errors import TintypeError


def main() -> int:
    from .database import Database
    from .settings import load_settings

    try:
        database = Database(load_settings().database)
        database.upgrade()
        database.close()
    except TintypeError as error:
        print(f"tintype: error: {error}", file=sys.stderr)
        return 1
    print("the tables are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
