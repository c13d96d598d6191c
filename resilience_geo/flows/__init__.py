"""Models on arrays without geography: people through networks, and people to places."""
