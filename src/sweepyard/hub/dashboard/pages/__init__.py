"""One module a page: what the page is told (its context), and how that is built from what the services say."""
