"""What every HTTP door needs: one error shape, limits on bodies, host and security headers."""
