"""What gives way where more is asked for than there is: everybody alike, or as an administrator's rules say."""
