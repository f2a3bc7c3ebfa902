"""Renders the block that Backstage reads, `backend.database` of app-config.yaml: pure functions, no resources."""

from .block import ENVIRONMENT_VARIABLES as ENVIRONMENT_VARIABLES
from .block import WHITESPACE_AROUND as WHITESPACE_AROUND
from .block import app_config as app_config
from .block import app_config_from_env as app_config_from_env
from .block import database_config as database_config
from .block import environment as environment
from .block import with_variables as with_variables
