"""What HTTP servers share: error shape, limits, headers."""
