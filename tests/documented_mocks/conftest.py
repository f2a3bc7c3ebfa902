"""The folders are projects of users: they run in processes of their own, started by test_projects.py."""

collect_ignore = ["asynchronous", "minimal", "preview", "provider"]
