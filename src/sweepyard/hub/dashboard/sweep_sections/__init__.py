"""What a sweep's page shows, part by part."""
