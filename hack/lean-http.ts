/**
 * Stands in for node:http in the bundle (hack/build.ts). An ES import of node:http reads every export, and some of those load Node's own
 * undici on first touch: 35 ms and several MiB for a WebSocket that nobody opens. This takes only what the bundle names.
 */
const http = process.getBuiltinModule('node:http');

export default http;
export const { Agent, createServer, get, IncomingMessage, METHODS, request, Server, ServerResponse, STATUS_CODES } =
  http;
