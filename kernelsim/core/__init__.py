"""What stands on one core: its scheduler, its CPU driver, its dispatchers with their threads."""
