"""Runs Backstage and its database on one Docker network; Backstage's container gets the block as a config file.

pulumi stack init dev && pulumi install
pulumi config set image <your Backstage's image, built by `yarn build-image`>
pulumi up
"""

import pulumi
import pulumi_docker as docker
from backstage_database import LocalPostgres

config = pulumi.Config()
port = config.get_int("port", 7007)

network = docker.Network("portal")
database = LocalPostgres("portal-database", {"network": network.name, "port": config.get_int("databasePort", 5432)})

backstage = docker.Container(
    "portal",
    image=config.require("image"),
    command=["node", "packages/backend", "--config", "app-config.yaml", "--config", "app-config.database.yaml"],
    # A file, because `docker inspect` shows a container's environment.
    uploads=[docker.ContainerUploadArgs(file="/app/app-config.database.yaml", content=database.app_config)],
    networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=network.name)],
    ports=[docker.ContainerPortArgs(internal=7007, external=port, ip="127.0.0.1")],
    restart="unless-stopped",
)

pulumi.export("url", f"http://localhost:{port}")
pulumi.export("container", backstage.name)
