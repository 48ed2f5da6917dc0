"""The TOML files of experiments, read into typed values."""
