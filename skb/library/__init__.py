"""Standard rules: what users of the real SKB ask by name, over either vocabulary of facts."""
