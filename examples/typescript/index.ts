// Backstage's database from a program in TypeScript.
//
//   pulumi stack init dev
//   pulumi install            # generates sdks/backstage-database from the components
//   pulumi up
//   pulumi stack output appConfig --show-secrets > app-config.local.yaml
import { LocalPostgres } from "@pulumi/backstage-database";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();

const database = new LocalPostgres("portal", {
    port: config.getNumber("port") ?? 5432,
    password: config.getSecret("password"),
});

// The block with literal values, as a file that Backstage reads next to app-config.yaml.
export const appConfig = database.appConfig;
// The value of backend.database, to use in this program; its keys are Backstage's own.
export const databaseConfig = database.databaseConfig;
export const address = pulumi.interpolate`${database.host}:${database.port}`;
