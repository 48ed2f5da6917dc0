"""Names of services, the references behind them, and how a channel to one is made."""
