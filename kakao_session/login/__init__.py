"""The first login: the user agrees in a browser, and the code that comes back becomes a token."""
