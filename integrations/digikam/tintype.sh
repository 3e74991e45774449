#!/bin/sh
# For digiKam's batch queue manager, tool "Custom Script": digiKam sets INPUT and OUTPUT. The options stand in
# ~/.config/tintype/config.toml, or here. The exit status tells digiKam whether it went well.
exec "${TINTYPE_COMMAND:-tintype}" colorize "$INPUT" --output "$OUTPUT" --overwrite
