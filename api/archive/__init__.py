"""The archive: copies Redis streams to PostgreSQL, and trims behind itself what PostgreSQL has committed."""
