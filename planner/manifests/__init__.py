"""What applications state that they need: manifests in text and TOML."""
