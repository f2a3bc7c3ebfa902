"""Backstage must use the credential, the TLS settings and the renewal that the arguments ask for."""

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from components import backstage
from components.backstage import duration
from tests.backstage import node
from tests.backstage.azure import (
    CLIENT,
    GROUP,
    HOST,
    IDENTITY_CLIENT,
    LOGIN_TENANT,
    PRINCIPAL,
    SERVER_NAME,
    TENANT,
    USER,
    outputs,
)

SECRET = 'p~.Q ${POSTGRES_USER} "$$" 089'
SCOPE = "https://ossrdbms-aad.database.windows.net/.default"
VERIFIED = True
DEFAULT_RENEWAL = 5 * 60_000

DEFAULT = ["DefaultAzureCredential"]
SELECTIONS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({}, ["ManagedIdentityCredential", IDENTITY_CLIENT]),
    "the created identity by default credential": ({"use_default_credential": True}, DEFAULT),
    "a service principal": (PRINCIPAL, DEFAULT),
    "a service principal by default credential": ({**PRINCIPAL, "use_default_credential": True}, DEFAULT),
    "a group": (GROUP, DEFAULT),
    "a tenant": ({**PRINCIPAL, "tenant_id": TENANT}, DEFAULT),
    "a client id": ({**PRINCIPAL, "client_id": CLIENT}, ["ManagedIdentityCredential", CLIENT]),
    "a client id and a tenant": (
        {**PRINCIPAL, "client_id": CLIENT, "tenant_id": TENANT},
        ["ManagedIdentityCredential", CLIENT],
    ),
    "a client secret and a tenant": (
        {**PRINCIPAL, "client_id": CLIENT, "client_secret": SECRET, "tenant_id": TENANT},
        ["ClientSecretCredential", TENANT, CLIENT, SECRET],
    ),
    "a client secret": (
        {**PRINCIPAL, "client_id": CLIENT, "client_secret": SECRET},
        ["ClientSecretCredential", LOGIN_TENANT, CLIENT, SECRET],
    ),
    "a user without admin rights": ({**PRINCIPAL, **USER, "client_id": CLIENT}, ["ManagedIdentityCredential", CLIENT]),
    "a group's user": ({**GROUP, **USER}, DEFAULT),
}
"""The arguments, and the class of @azure/identity that Backstage constructs, with its arguments."""

NETWORK = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
SUBNET = f"{NETWORK}/virtualNetworks/v/subnets/s"
NETWORKS: dict[str, dict[str, Any]] = {
    "closed": {},
    "firewall rule": {"firewall_rules": {"office": "203.0.113.7"}},
    "all of Azure": {"allow_azure_services": True},
    "private endpoint": {"private_endpoint_subnet_id": SUBNET},
    "private endpoint with its zone": {
        "private_endpoint_subnet_id": SUBNET,
        "private_dns_zone_id": f"{NETWORK}/privateDnsZones/privatelink.postgres.database.azure.com",
    },
    "VNet integration": {
        "delegated_subnet_id": SUBNET,
        "private_dns_zone_id": f"{NETWORK}/privateDnsZones/backstage.postgres.database.azure.com",
    },
}

OFFSETS = {
    "4 minutes": 240_000,
    "30 seconds": 30_000,
    "30s": 30_000,
    " 1.5 Mins ": 90_000,
    "250ms": 250,
    "2 hours": 7_200_000,
    "1d": 86_400_000,
    "2 weeks": 1_209_600_000,
    "PT4M": 240_000,
    "PT1M30.5S": 90_500,
    "P1DT1H": 90_000_000,
    '{"minutes": 3, "seconds": 30}': 210_000,
    '{"hours": 0.05}': 180_000,
    '{"days": 1, "milliseconds": 1}': 86_400_001,
}
"""Every form that Backstage documents, the maps as JSON, and its length in milliseconds."""


def observe(folder: Path, documents: Sequence[tuple[str, Mapping[str, str]]]) -> list[dict[str, Any]]:
    """Returns what Backstage does with each document and environment; see credentials.mjs."""
    done = node.run(
        folder, "credentials.mjs", stdin=json.dumps([{"layers": [yaml], "env": env} for yaml, env in documents])
    )
    assert done.returncode == 0, f"credentials.mjs failed:\n{done.stderr}"
    return json.loads(done.stdout)


def documents(known: Mapping[str, Any]) -> list[tuple[str, Mapping[str, str]]]:
    """Returns the literal form and the environment form."""
    return [(known["app_config"], {}), (known["app_config_from_env"], known["environment"])]


def connections(user: str, *databases: str) -> list[dict[str, Any]]:
    """Returns what pg must be told: its password is the token."""
    return [
        {"host": HOST, "port": 5432, "user": user, "database": name, "password": "the token", "ssl": VERIFIED}
        for name in databases
    ]


def renewals(folder: Path, offsets: Sequence[Any]) -> list[Any]:
    """Returns how many milliseconds before a token's end Backstage renews it, for each `token_renewal_offset`."""
    block = outputs(token_renewal_offset="1s")["database_config"]
    blocks = []
    for offset in offsets:
        value = duration.duration(offset)
        keys = dict.fromkeys(("tokenRenewalOffsetTime", "tokenRenewableOffsetTime"), value)
        assert keys.keys() < block["connection"]["tokenCredential"].keys()
        credential = {**block["connection"]["tokenCredential"], **keys}
        blocks.append({**block, "connection": {**block["connection"], "tokenCredential": credential}})
    seen = observe(folder, [(backstage.app_config(block), {}) for block in blocks])
    return [answer.get("renewal", answer.get("error")) for answer in seen]


@pytest.fixture(scope="module")
def selected(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    """Returns what Backstage does with the blocks of SELECTIONS, in both forms."""
    blocks = [document for args, _ in SELECTIONS.values() for document in documents(outputs(**args))]
    seen = observe(tmp_path_factory.mktemp("selections"), blocks)
    return dict(zip(itertools.product(SELECTIONS, ("literal", "variables")), seen, strict=True))


def test_each_set_of_identity_arguments_becomes_the_credential_that_it_stands_for(
    selected: dict[tuple[str, str], dict[str, Any]],
) -> None:
    meant = {(given, form): SELECTIONS[given][1] for given, form in selected}
    assert {key: answer.get("credential", answer) for key, answer in selected.items()} == meant
    assert {answer["scopes"] for answer in selected.values()} == {SCOPE}


def test_each_credentials_token_goes_to_the_servers_full_name_over_tls(
    selected: dict[tuple[str, str], dict[str, Any]],
) -> None:
    """TLS is verified."""
    for (given, form), answer in selected.items():
        args, _ = SELECTIONS[given]
        user = args.get("user", args.get("admin_name", SERVER_NAME))
        meant = connections(user, "postgres", "backstage_plugin_catalog")
        assert answer.get("connections") == meant, f"given {given}, {form}: {answer}"


def test_without_an_offset_tokens_are_renewed_five_minutes_early(
    selected: dict[tuple[str, str], dict[str, Any]],
) -> None:
    assert {answer["renewal"] for answer in selected.values()} == {DEFAULT_RENEWAL}


def test_on_each_network_backstage_connects_to_the_full_name_over_tls(tmp_path: Path) -> None:
    """TLS is verified."""
    known = [outputs(**args) for args in NETWORKS.values()]
    seen = observe(tmp_path, [document for values in known for document in documents(values)])
    meant = connections(SERVER_NAME, "postgres", "backstage_plugin_catalog")
    for number, answer in enumerate(seen):
        assert answer.get("connections") == meant, f"{list(NETWORKS)[number // 2]}: {answer}"


def test_in_schema_mode_every_plugin_uses_the_one_database(tmp_path: Path) -> None:
    known = outputs(plugin_division_mode="schema", database_name="portal")
    for answer in observe(tmp_path, documents(known)):
        assert {connection["database"] for connection in answer["connections"]} == {"postgres", "portal"}
        assert {json.dumps(connection["ssl"]) for connection in answer["connections"]} == {json.dumps(VERIFIED)}


def test_variables_of_postgresql_on_the_machine_change_nothing(tmp_path: Path) -> None:
    others = {"PGHOST": "elsewhere", "PGPORT": "1", "PGUSER": "other", "PGPASSWORD": "other", "PGDATABASE": "other"}
    modes = [{**others, "PGSSLMODE": mode} for mode in ("disable", "prefer", "no-verify", "require")]
    known = outputs()
    for answer in observe(tmp_path, [(yaml, {**mode, **env}) for yaml, env in documents(known) for mode in modes]):
        assert answer["connections"] == connections(known["user"], "postgres", "backstage_plugin_catalog")


# --- Token renewal


def test_every_documented_form_of_the_renewal_offset_is_the_length_that_it_says(tmp_path: Path) -> None:
    forms = [json.loads(offset) if offset.startswith("{") else offset for offset in OFFSETS]
    known = [outputs(token_renewal_offset=offset) for offset in forms]
    seen = observe(tmp_path, [document for values in known for document in documents(values)])
    assert [answer.get("renewal", answer) for answer in seen[::2]] == list(OFFSETS.values())
    assert [answer.get("renewal", answer) for answer in seen[1::2]] == list(OFFSETS.values())


def test_an_offset_changes_nothing_about_the_credential(tmp_path: Path) -> None:
    known = [outputs(**args, token_renewal_offset="4 minutes") for args, _ in SELECTIONS.values()]
    seen = observe(tmp_path, [document for values in known for document in documents(values)])
    assert [answer["credential"] for answer in seen[::2]] == [credential for _, credential in SELECTIONS.values()]
    assert [answer["credential"] for answer in seen[1::2]] == [credential for _, credential in SELECTIONS.values()]
    assert {answer["renewal"] for answer in seen} == {240_000}


NUMBERS = st.one_of(st.integers(0, 400).map(str), st.decimals(0, 400, places=2).map(str))
TEXTS = st.builds("{}{}{}".format, NUMBERS, st.sampled_from(["", " ", "  "]), st.sampled_from([*duration.UNIT_ALIASES]))
ISO = st.builds(
    lambda days, time: f"P{days}{'T' * bool(time)}{time}",
    st.sampled_from(["1Y", "2M", "3W", "4D", "1.5D", "1Y2M3W4D"]),
    st.sampled_from(["", "5H", "6M", "7S", "5H6M7.25S", "0.5S"]),
)
MAPS = st.dictionaries(
    st.sampled_from([*duration.MILLISECONDS]), st.one_of(st.integers(0, 99), st.floats(0, 99)), min_size=1
)


def test_backstage_and_the_component_agree_on_the_length_of_every_accepted_offset(tmp_path: Path) -> None:
    offsets: list[Any] = []

    @hypothesis.settings(
        max_examples=250,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @hypothesis.given(st.one_of(TEXTS, ISO, MAPS))
    def collect(offset: Any) -> None:
        offsets.append(offset)

    collect()
    assert len(offsets) >= 150
    for offset, seen in zip(offsets, renewals(tmp_path, offsets), strict=True):
        meant = duration.milliseconds(offset)
        # Backstage reads '1 year' as 365.25 days and then counts whole years as 365.
        agreed = isinstance(seen, int) and math.isclose(seen, meant, rel_tol=1e-3, abs_tol=1)
        assert agreed, f"{offset!r} is {meant} ms for the component and {seen} for Backstage"


# --- What the component keeps its users from


def test_backstage_reads_only_the_undocumented_spelling_of_the_renewal_offset(tmp_path: Path) -> None:
    block = outputs(token_renewal_offset="1 minute")["database_config"]
    credential = block["connection"]["tokenCredential"]
    keys = ("clientId", "tokenRenewalOffsetTime", "tokenRenewableOffsetTime")
    ways = [{key: value for key, value in credential.items() if key != left} for left in keys]
    blocks = [{**block, "connection": {**block["connection"], "tokenCredential": way}} for way in ways]
    seen = observe(tmp_path, [(backstage.app_config(block), {}) for block in blocks])
    found = {left: answer["renewal"] for left, answer in zip(keys, seen, strict=True)}
    assert found == {"clientId": 60_000, "tokenRenewalOffsetTime": 60_000, "tokenRenewableOffsetTime": DEFAULT_RENEWAL}


def test_without_ssl_in_the_block_the_token_would_be_sent_in_plain_text(tmp_path: Path) -> None:
    block = outputs()["database_config"]
    connection = {key: value for key, value in block["connection"].items() if key != "ssl"}
    (answer,) = observe(tmp_path, [(backstage.app_config({**block, "connection": connection}), {})])
    assert [connection["ssl"] for connection in answer["connections"]] == [False, False]


def test_the_variable_of_the_client_secret_must_be_set_where_backstage_runs(tmp_path: Path) -> None:
    known = outputs(**PRINCIPAL, client_id=CLIENT, client_secret=SECRET)
    document, variables = known["app_config_from_env"], dict(known["environment"])
    empty = {**variables, "AZURE_CLIENT_SECRET": ""}
    del variables["AZURE_CLIENT_SECRET"]
    without, with_empty = observe(tmp_path, [(document, variables), (document, empty)])
    assert without["credential"] == ["ManagedIdentityCredential", CLIENT]
    assert "'connection.tokenCredential.clientSecret'" in with_empty["error"]
