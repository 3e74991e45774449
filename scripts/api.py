"""Write docs/api.md from the server's OpenAPI schema: `python scripts/api.py`."""

from pathlib import Path

from tintype.server.api_docs import as_markdown
from tintype.server.app import create_app
from tintype.server.settings import Settings

TARGET = Path(__file__).parents[1] / "docs" / "api.md"

if __name__ == "__main__":
    TARGET.write_text(as_markdown(create_app(Settings()).openapi()), encoding="utf-8")
