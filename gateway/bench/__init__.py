"""Speed, measured side by side in one run: documents against a running gateway, by wrk."""
