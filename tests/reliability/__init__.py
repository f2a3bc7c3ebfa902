"""What is broken and survived, fuzzed and loaded, with numbers measured in one run: see __main__.py."""
