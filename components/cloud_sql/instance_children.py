"""Creates the resources of an instance: database, users, their IAM roles, workload identity."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import pulumi
from pulumi_gcp import projects, serviceaccount, sql

from ..outputs import resolved_after
from ..persistence import protected
from .principals import Principal, account_resource

# IAM roles that a login needs: the first to reach the instance, the second to log in
# (hashicorp/terraform-provider-google#18405).
_IAM_ROLES = {"client": "roles/cloudsql.client", "login": "roles/cloudsql.instanceUser"}


class InstanceChildren:
    """Creates an instance's resources one after another: the provider creates only one at a time anyway."""

    def __init__(
        self,
        component: pulumi.Resource,
        name: str,
        instance: sql.DatabaseInstance,
        instance_name: pulumi.Output[str],
        project: pulumi.Output[str],
        endpoint: pulumi.Output[None],
        hooks: pulumi.ResourceHookBinding,
    ) -> None:
        self.login_prerequisites: list[pulumi.CustomResource] = []
        """Resources that must exist before anybody can log in."""
        self._component = component
        self._name = name
        self.instance = instance
        self._instance_name = instance_name
        self._project = project
        self._hooks = hooks
        self._previous: pulumi.CustomResource = instance
        self._endpoint = endpoint

    def add_database(self, database_name: pulumi.Output[str], *, protect: bool) -> None:
        """Adds the database.

        It comes before the users, which a new instance refuses for some seconds
        (hashicorp/terraform-provider-google#14233).
        """
        database = sql.Database(
            f"{self._name}-database",
            name=database_name,
            instance=self._instance_name,
            project=self._project,
            # The provider refuses a deletion too, because `--ignore-protect` overrides `protect`.
            deletion_policy="PREVENT" if protect else "DELETE",
            opts=self._child_opts(protect=protected(protect)),
        )
        self._previous = database

    def add_iam_roles(
        self, suffix: str, principal: pulumi.Output[Principal], condition_instance: pulumi.Output[str]
    ) -> None:
        """Grants a principal the IAM roles for a login. They apply to the project, so a condition limits them."""
        for purpose, iam_role in _IAM_ROLES.items():
            binding = projects.IAMMember(
                f"{self._name}-{purpose}{suffix}",
                project=self._project,
                role=iam_role,
                member=principal.apply(lambda v: v.member),
                condition=_instance_condition(self._project, condition_instance),
                opts=pulumi.ResourceOptions(parent=self._component, depends_on=[self._previous], hooks=self._hooks),
            )
            self.login_prerequisites.append(binding)

    def add_user(self, suffix: str, principal: pulumi.Output[Principal], role: pulumi.Output[str]) -> None:
        """Adds a user of the instance that is a member of a PostgreSQL role."""
        user = sql.User(
            f"{self._name}-user{suffix}",
            name=principal.apply(lambda v: v.role),
            type=principal.apply(lambda v: v.type),
            database_roles=[role],
            instance=self._instance_name,
            project=self._project,
            opts=self._child_opts(),
        )
        self.login_prerequisites.append(user)
        self._previous = user

    def add_workload_identity(
        self, user: pulumi.Output[Principal], service_account: pulumi.Output[str], pool: pulumi.Output[str] | None
    ) -> None:
        """Lets pods of a Kubernetes service account act as the service account that Backstage logs in as."""
        binding = serviceaccount.IAMMember(
            f"{self._name}-workload-identity",
            service_account_id=user.apply(lambda v: account_resource(v.email)),
            role="roles/iam.workloadIdentityUser",
            member=pulumi.Output.all(
                pool=pool or pulumi.Output.concat(self._project, ".svc.id.goog"), account=service_account
            ).apply(lambda v: f"serviceAccount:{v['pool']}[{v['account']}]"),
            # Does not wait for the instance, so that a missing pool is reported at once.
            opts=pulumi.ResourceOptions(parent=self._component, hooks=self._hooks),
        )
        self.login_prerequisites.append(binding)

    def ready(self, value: Any) -> pulumi.Output[Any]:
        """Returns an Output that resolves only when Backstage can log in."""
        return resolved_after(value, self._all_exist)

    @cached_property
    def _all_exist(self) -> pulumi.Output[None]:
        """Resolves when the endpoint exists, and all users and IAM roles that were added before the first use."""
        ids: Sequence[pulumi.Output[str]] = [resource.id for resource in self.login_prerequisites]
        return pulumi.Output.all(self._endpoint, *ids).apply(lambda _: None)

    def _child_opts(self, *, protect: bool | None = None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self._component,
            depends_on=[self._previous],
            deleted_with=self.instance,
            protect=protect,
            hooks=self._hooks,
        )


def _instance_condition(
    project: pulumi.Output[str], instance_name: pulumi.Output[str]
) -> projects.IAMMemberConditionArgs:
    """Returns the condition that limits an IAM role, which is granted in a project, to one instance."""
    return projects.IAMMemberConditionArgs(
        title=instance_name,
        expression=pulumi.Output.format(
            'resource.type == "sqladmin.googleapis.com/Instance" && resource.name == "projects/{0}/instances/{1}"',
            project,
            instance_name,
        ),
    )
