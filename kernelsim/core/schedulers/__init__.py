"""Who runs next on a core: RBED, and the schedulers that it is set beside."""
