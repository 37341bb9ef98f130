// Preloaded into each replica: every request says when nothing but sending was left of it. On a busy machine it lies in sockets for a second and more
// before the harness reads it, and all of that it is on its way.
import http from 'node:http';
import { epochMs, SENT_AT } from './sent-at.ts';

// oxlint-disable-next-line typescript/unbound-method -- it is given its request below
http.ClientRequest.prototype.end = new Proxy(http.ClientRequest.prototype.end, {
  apply(end, request: http.ClientRequest, args) {
    if (!request.headersSent) request.setHeader(SENT_AT, String(epochMs()));
    return Reflect.apply(end, request, args) as http.ClientRequest;
  },
});
