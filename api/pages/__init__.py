"""Pages for reading in a browser: server-rendered, without scripts, without anything from elsewhere."""
