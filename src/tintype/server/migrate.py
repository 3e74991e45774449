"""`python -m tintype.server.migrate`: bring the database's tables up to date and end, for deployments that do this once
before anything else starts (TINTYPE_MIGRATE=false for the rest)."""

import sys

from ..errors import TintypeError


def main() -> int:
    from ..cli import complain, server_settings
    from .database import Database

    try:
        database = Database(server_settings().database)
        database.upgrade()
        database.close()
    except TintypeError as error:
        complain(str(error))
        return 1
    print("the tables are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
