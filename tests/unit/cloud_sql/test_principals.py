"""CloudSqlPostgres: who may log in, and by which name."""

import re
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.cloud_sql.principals import account_id
from components.cloud_sql.retry import import_id
from components.inputs import ArgumentError
from components.testing import Mocks
from tests.unit.cloud_sql.cases import (
    ACCOUNT,
    BINDING,
    EMAIL,
    POD_BINDING,
    PODS,
    PROJECT,
    STASH,
    TEAM,
    USER,
    Google,
    create,
    instance,
)
from tests.unit.inputs import by_name, name_of, of_type, output


@pytest.mark.parametrize(
    "instance_name", ["db", "backstage", "x" * 31, "a-" * 30 + "a", "production-portal-db-instance-1"]
)
def test_a_service_account_can_be_named_after_any_instance(instance_name: str) -> None:
    found = account_id(instance_name)
    assert 6 <= len(found) <= 30
    assert found == instance_name or found.startswith(instance_name[:20].rstrip("-"))
    assert found.strip("-") == found


@given(st.from_regex(r"[a-z]([a-z0-9-]{0,65}[a-z0-9])?", fullmatch=True))
def test_the_id_of_every_service_account_is_one_that_google_takes(instance_name: str) -> None:
    assert re.fullmatch(r"[a-z](?:[-a-z0-9]{4,28}[a-z0-9])", account_id(instance_name))


@pytest.mark.parametrize("instance_name", ["i" * 50, "i" * 67])
def test_the_display_name_of_the_created_account_is_one_that_iam_takes(instance_name: str) -> None:
    """At most 100 bytes (terraform-google-modules/terraform-google-sql-db#733)."""
    shown = create(instance_name=instance_name).resource(ACCOUNT).inputs["displayName"]
    assert len(shown) <= 100
    assert shown.startswith("Backstage, user of Cloud SQL instance iiii")


def test_a_created_account_with_too_long_a_postgresql_name_is_refused() -> None:
    """The message says what to do."""
    project = "p" * 30
    with pytest.raises(ArgumentError, match=r'"user" is missing, and the created service account is .* 63 bytes'):
        create(project=project, instance_name="i" * 30)


def test_the_created_account_stays_when_the_instance_gets_another_name_or_place() -> None:
    ignored = create().resource(ACCOUNT).options.ignoreChanges
    assert list(ignored) == ["accountId", "displayName", "project"]


def test_additional_users_are_named_after_their_keys_and_not_their_place() -> None:
    logins = {user.name: user.inputs["name"] for user in of_type(create(user=EMAIL, **TEAM), USER)}
    assert logins == {
        "db-user": f"backstage@{PROJECT}.iam",
        "db-user-jo": "jo@example.com",
        "db-user-team": "team@example.com",
    }


@pytest.mark.parametrize("as_output", [{"user"}, {"additional_users"}, {"user", "additional_users"}])
def test_a_principal_that_an_output_names_twice_is_refused(as_output: set[str]) -> None:
    def value(argument: str, email: str) -> Any:
        return output(email) if argument in as_output else email

    with pytest.raises(ArgumentError, match=r"which is a user already: additional_users\.me and user"):
        create(user=value("user", EMAIL), additional_users={"me": value("additional_users", EMAIL.upper())})


def test_the_created_account_cannot_be_an_additional_user_too() -> None:
    with pytest.raises(ArgumentError, match="which is a user already"):
        create(instance_name="portal-db", additional_users={"me": f"portal-db@{PROJECT}.iam.gserviceaccount.com"})


def test_an_additional_user_may_have_another_role_and_the_psql_line_follows() -> None:
    roles = {"jo": "cloudsqlsuperuser"}
    results = create(user=EMAIL, additional_user_roles=roles, **TEAM)
    granted = {user.name: user.inputs["databaseRoles"] for user in of_type(results, USER)}
    assert granted == {
        "db-user": ["cloudsqlsuperuser"],
        "db-user-jo": ["cloudsqlsuperuser"],
        "db-user-team": ["pg_read_all_data"],
    }
    assert "user=jo@example.com options=-crole=cloudsqlsuperuser" in results["psql_command"].value


def test_a_domain_scoped_projects_account_has_the_domain_at_its_end() -> None:
    results = create(project="example.com:portal", instance_name="portal-db")
    email = "portal-db@portal.example.com.iam.gserviceaccount.com"
    assert results["service_account_email"].value == email
    assert results["user"].value == "portal-db@portal.example.com.iam"
    inputs = {"accountId": "portal-db", "project": "example.com:portal"}
    assert import_id(ACCOUNT, inputs) == f"projects/example.com:portal/serviceAccounts/{email}"


def test_an_account_that_does_not_fit_is_refused_in_a_preview() -> None:
    """Also if the project is only known from the provider."""
    with pytest.raises(ArgumentError, match='"user" is missing, and the created service account is'):
        create(preview=True, mocks=Google(project="p" * 30), instance_name="i" * 30)


def test_every_principal_gets_both_iam_roles_on_this_instance_only() -> None:
    results = create(user=EMAIL, instance_name="db-1", **TEAM)
    bindings = {(one.inputs["member"], one.inputs["role"]) for one in of_type(results, BINDING)}
    members = (f"serviceAccount:{EMAIL}", "user:jo@example.com", "group:team@example.com")
    assert bindings == {
        (member, role) for member in members for role in ("roles/cloudsql.client", "roles/cloudsql.instanceUser")
    }
    conditions = [one.inputs["condition"] for one in of_type(results, BINDING)]
    assert conditions == 6 * [
        {
            "title": "db-1",
            "expression": 'resource.type == "sqladmin.googleapis.com/Instance" && '
            f'resource.name == "projects/{PROJECT}/instances/db-1"',
        }
    ]


def test_iam_roles_can_be_left_to_the_caller() -> None:
    assert of_type(create(grant_iam_roles=False, **TEAM), BINDING) == []


def test_project_and_region_are_the_providers_unless_they_are_given() -> None:
    google = Google()
    inputs = instance(mocks=google)
    assert (inputs["project"], inputs["region"]) == (PROJECT, "europe-west1")
    inputs = instance(mocks=Google(project=""), project="another-1", region="us-central1")
    assert (inputs["project"], inputs["region"]) == ("another-1", "us-central1")


def test_nothing_is_asked_when_project_and_region_are_given() -> None:
    google = Google()
    create(mocks=google, project="another-1", region="us-central1")
    assert google.asked == 0


@pytest.mark.parametrize("argument", ["project", "region"])
def test_a_provider_without_project_or_region_is_named_as_what_to_configure(argument: str) -> None:
    with pytest.raises(ArgumentError, match=f"\"{argument}\" is missing, and the provider's gcp:{argument} is '', but"):
        create(mocks=Google(**{argument: ""}))


# --- Pods of Kubernetes


def bindings(**args: Any) -> list[tuple[str, str, str]]:
    found = of_type(create(instance_name="portal-db", **args), POD_BINDING)
    return [(one.inputs["serviceAccountId"], one.inputs["role"], one.inputs["member"]) for one in found]


def test_pods_may_act_as_the_created_account_through_the_projects_own_pool() -> None:
    assert bindings(**PODS) == [
        (
            f"projects/{PROJECT}/serviceAccounts/portal-db@{PROJECT}.iam.gserviceaccount.com",
            "roles/iam.workloadIdentityUser",
            f"serviceAccount:{PROJECT}.svc.id.goog[portal/backstage]",
        )
    ]


def test_without_a_kubernetes_service_account_nobody_may_act_as_the_account() -> None:
    assert bindings() == []


def test_the_clusters_may_be_in_another_project() -> None:
    ((_, _, member),) = bindings(**PODS, workload_identity_pool="clusters-1.svc.id.goog")
    assert member == "serviceAccount:clusters-1.svc.id.goog[portal/backstage]"


def test_a_domain_scoped_project_has_its_whole_id_in_account_and_pool() -> None:
    ((account, _, member),) = bindings(**PODS, project="example.com:portal")
    assert account == (
        "projects/example.com:portal/serviceAccounts/portal-db@portal.example.com.iam.gserviceaccount.com"
    )
    assert member == "serviceAccount:example.com:portal.svc.id.goog[portal/backstage]"


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ("app@another-1.iam.gserviceaccount.com", "projects/another-1/serviceAccounts/{}"),
        ("app@one.example.com.iam.gserviceaccount.com", "projects/example.com:one/serviceAccounts/{}"),
        ("123-compute@developer.gserviceaccount.com", "projects/-/serviceAccounts/{}"),
    ],
)
def test_the_account_may_be_in_any_project(user: str, account: str) -> None:
    ((bound, _, _),) = bindings(**PODS, user=user)
    assert bound == account.format(user)


class NoBindingYet(Mocks):
    """A preview in which everything exists but the pods' right."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        stored = {"output": args.inputs["input"]} if args.typ == STASH else {}
        decided = {"email": EMAIL, "publicIpAddress": "203.0.113.7", "dnsName": "", "privateIpAddress": ""}
        decided |= {"pscServiceAttachmentLink": "", "serviceAccountEmailAddress": EMAIL, "selfLink": "link"}
        return "" if args.typ == POD_BINDING else f"{args.name}-id", {**decided, **args.inputs, **stored}


@pytest.mark.parametrize(("args", "known"), [({}, True), (PODS, False)], ids=["no pods", "pods"])
def test_the_block_waits_for_the_pods_right_and_so_does_the_guard(args: dict[str, Any], known: bool) -> None:
    results = create(preview=True, mocks=NoBindingYet(), instance_name="portal-db", user=EMAIL, **args)
    assert results["database_config"].known is results["host"].known is results["user"].known is known
    guarded = set(map(name_of, by_name(results)["db-deletion-protection"].options.dependencies))
    assert ("db-workload-identity" in guarded) is not known
