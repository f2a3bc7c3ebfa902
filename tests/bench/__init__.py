"""What our code costs against the least possible, as ratios measured side by side: see __main__.py."""
