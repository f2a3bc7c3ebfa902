"""Creates and returns what LocalPostgres does, written flat: no checks, no component, the guide's block by hand."""

import json
import secrets
from typing import Any

import pulumi
import pulumi_docker as docker

from components.local.checks import container_hooks, login_hooks
from components.local.component import DATA_DIR, ENTRYPOINT_SCRIPT, HEALTHCHECK_SCRIPT, PASSWORD_FILE


def program() -> dict[str, Any]:
    password = pulumi.Stash(
        "password",
        input=pulumi.Output.secret(secrets.token_hex(24)),
        opts=pulumi.ResourceOptions(ignore_changes=["input"]),
    ).output
    image = docker.RemoteImage("image", name="postgres:17-trixie", keep_locally=True)
    volume = docker.Volume("data")
    container = docker.Container(
        "postgres",
        image=image.name,
        entrypoints=["sh", "-c", ENTRYPOINT_SCRIPT, "entrypoint.sh"],
        envs=["POSTGRES_USER=postgres", f"POSTGRES_PASSWORD_FILE={PASSWORD_FILE}"],
        uploads=[docker.ContainerUploadArgs(file=PASSWORD_FILE, content=password, permissions="0444")],
        ports=[docker.ContainerPortArgs(internal=5432, external=5432, ip="127.0.0.1")],
        volumes=[docker.ContainerVolumeArgs(volume_name=volume.name, container_path=DATA_DIR)],
        healthcheck=docker.ContainerHealthcheckArgs(
            tests=["CMD", "sh", "-c", HEALTHCHECK_SCRIPT],
            interval="500ms",
            timeout="10s",
            retries=3,
            start_period="30s",
        ),
        wait=True,
        wait_timeout=120,
        restart="unless-stopped",
        destroy_grace_seconds=30,
        shm_size=128,
        opts=pulumi.ResourceOptions(
            delete_before_replace=True,
            replace_on_changes=["#initerror", "healthcheck.tests"],
            hooks=container_hooks("db", "the flat program", volume),
        ),
    )
    answered = pulumi.Stash(
        "answered",
        input={
            "host": "127.0.0.1",
            "port": 5432,
            "user": "postgres",
            "password": password,
            "container": container.id,
            "name": container.name,
            "network": False,
        },
        opts=pulumi.ResourceOptions(hooks=login_hooks("db", volume)),
    )
    values = pulumi.Output.all(answered.input, password)
    return {
        "databaseConfig": values.apply(
            lambda known: {
                "client": "pg",
                "connection": {"host": "127.0.0.1", "port": 5432, "user": "postgres", "password": known[1]},
            }
        ),
        "appConfig": values.apply(
            lambda known: (
                "backend:\n  database:\n    client: pg\n    connection:\n      host: 127.0.0.1\n      port: 5432\n"
                f"      user: postgres\n      password: {json.dumps(known[1])}\n"
            )
        ),
        "appConfigFromEnv": (
            "backend:\n  database:\n    client: pg\n    connection:\n      host: ${POSTGRES_HOST}\n"
            "      port: ${POSTGRES_PORT}\n      user: ${POSTGRES_USER}\n      password: ${POSTGRES_PASSWORD}\n"
        ),
        "environment": values.apply(
            lambda known: {
                "POSTGRES_HOST": "127.0.0.1",
                "POSTGRES_PORT": "5432",
                "POSTGRES_USER": "postgres",
                "POSTGRES_PASSWORD": known[1],
            }
        ),
        "host": "127.0.0.1",
        "port": 5432,
        "user": "postgres",
    }
