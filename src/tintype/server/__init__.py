"""The web server: an HTTP API and the page that uses it. `tintype serve` starts it; it needs the extra `server`."""
