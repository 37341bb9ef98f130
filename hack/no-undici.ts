/** Stands in for undici in the bundle: see hack/build.ts. Whoever uses it was to be kept out of there. */
export function Agent(): never {
  throw new Error('undici is not part of the bundle; requests go through src/kube/transport.ts');
}

export { Agent as ProxyAgent, Agent as Socks5ProxyAgent, Agent as fetch };
