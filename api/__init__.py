"""The window: REST, WebSocket feed, archive and page. Kept empty of imports: each process loads its own part."""
