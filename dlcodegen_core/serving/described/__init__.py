"""What each route takes and gives, protocol by protocol, for the OpenAPI document. Knows no handler."""
