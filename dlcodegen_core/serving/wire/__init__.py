"""What the protocols send and get: JSON bodies to requests, predictions to replies. Pure; no HTTP and no model here."""
