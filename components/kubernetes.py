"""Validates the Kubernetes service account that Backstage's pods run as."""

import re
from typing import Any

from .validators import is_valid_string

# Kubernetes, "Object Names and IDs": a namespace is a DNS label (RFC 1123), a service account's name a DNS subdomain.
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAMESPACE = rf"(?=.{{1,63}}/){_LABEL}"
_NAME = rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*"


def service_account(value: Any) -> str:
    """Validates `namespace/name`."""
    if not is_valid_string(value) or not re.fullmatch(rf"{_NAMESPACE}/{_NAME}", value, re.ASCII):
        raise ValueError(
            "must be namespace/name of a Kubernetes service account, such as backstage/backstage: a-z, 0-9 and - in "
            "each, periods in the name too, starting and ending with a letter or digit; at most 63 and 253 characters."
        )
    return value
