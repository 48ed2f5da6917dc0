"""Measuring this host: cache lines sent between its cores."""
