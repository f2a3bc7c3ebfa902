// Preloaded by NODE_OPTIONS=--import: Google's side of the network, seen from its Cloud SQL connector. Replaced are the
// two requests to the Admin API, the login that they are made with, and the TLS socket to the instance, which ends at a
// PostgreSQL on 127.0.0.1. Everything between is the connector's own code. CLOUD_SQL_EDGE is JSON: see fake_cloud_sql.py. It is
// read at each request, because one process may run several logins: see runner.mjs.
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import tls from 'node:tls';

const edge = () => JSON.parse(process.env.CLOUD_SQL_EDGE);
const note = what => appendFileSync(edge().log, `${JSON.stringify(what)}\n`);

const fromBackstage = createRequire(createRequire(import.meta.url).resolve('@backstage/backend-defaults/database'));
const fromConnector = createRequire(fromBackstage.resolve('@google-cloud/cloud-sql-connector'));
const { GoogleAuth } = fromConnector('google-auth-library');
const { sqladmin_v1beta4: api } = fromConnector('@googleapis/sqladmin');

GoogleAuth.prototype.getAccessToken = async () => 'ya29.token';
GoogleAuth.prototype.getClient = async () => ({ credentials: { expiry_date: Date.now() + 3600e3 } });

function allow(role, { project, instance }) {
  if (project !== edge().project || instance !== edge().instance) {
    throw new Error(`The Cloud SQL instance ${project}:${instance} does not exist.`);
  }
  if (!edge().roles.includes(role)) {
    throw new Error(`The client is not authorized to make this request: it lacks ${role}.`);
  }
}

const expirationTime = new Date(Date.now() + 864e5).toISOString();

api.Resource$Connect.prototype.get = async request => {
  note({ request: 'connectSettings', ...request });
  allow('roles/cloudsql.client', request);
  const { PSC, ...ipAddresses } = edge().addresses;
  return {
    data: {
      region: edge().region,
      ipAddresses: Object.entries(ipAddresses).map(([type, ipAddress]) => ({ type, ipAddress })),
      ...(PSC && { dnsName: PSC, pscEnabled: true }),
      serverCaCert: { cert: edge().certificate, expirationTime },
    },
  };
};

api.Resource$Connect.prototype.generateEphemeralCert = async ({ requestBody, ...request }) => {
  const iam = requestBody.access_token === 'ya29.token';
  note({ request: 'generateEphemeralCert', ...request, iam });
  allow('roles/cloudsql.client', request);
  if (iam) allow('roles/cloudsql.instanceUser', request);
  return { data: { ephemeralCert: { cert: edge().certificate, expirationTime } } };
};

const tlsConnect = tls.connect;
tls.connect = (...args) => {
  const [{ host, port, secureContext }] = args;
  if (!secureContext) return tlsConnect(...args);
  note({ reached: `${host}:${port}` });
  const socket = connect({ host: '127.0.0.1', port: edge().port });
  socket.once('connect', () => socket.emit('secureConnect'));
  return socket;
};
