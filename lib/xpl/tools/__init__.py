"""The command-line tools: xpl-hub, xpl-listen, xpl-send."""
