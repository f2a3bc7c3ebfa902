// Preloaded by NODE_OPTIONS=--import: the network that Backstage and a cloud's libraries see. The addresses in DETOURS, a
// JSON object of "host:port" → port on 127.0.0.1, are reached there; names stay as they are, for TLS to check. This
// machine is reached as usual; everything else is unreachable, so that nothing leaves it.
import { Socket } from 'node:net';

const detours = JSON.parse(process.env.DETOURS);
const connect = Socket.prototype.connect;

// The forms of its arguments: (options, callback), (port, host, callback), and net's own [[options, callback]].
Socket.prototype.connect = function detour(...args) {
  const [first, ...rest] = Array.isArray(args[0]) ? args[0] : args;
  const options = typeof first === 'object' ? first : { port: first, host: rest[0] };
  const callback = rest.findLast(argument => typeof argument === 'function');
  const address = `${options.host ?? 'localhost'}:${options.port}`;
  if (!options.path && !/^(127\.0\.0\.1|localhost):/.test(address)) {
    if (!(address in detours)) {
      process.nextTick(() => this.destroy(new Error(`${address} is not part of the fake network`)));
      return this;
    }
    return connect.call(this, { ...options, host: '127.0.0.1', port: detours[address] }, callback);
  }
  return connect.apply(this, args);
};
