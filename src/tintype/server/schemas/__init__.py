"""What the API takes and gives, as pydantic models; the database's tables are in `tables`."""
