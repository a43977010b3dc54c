"""The door: who asks, what an error looks like, and addresses that carry their own permission."""
