"""Services: what the hub does, over ports; pure of HTTP and SQL."""
