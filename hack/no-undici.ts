/** Stands in for undici in the bundle: see hack/build.ts. Whoever makes one of these was to be kept out of it. */
class NotBundled {
  constructor() {
    throw new Error('undici is not part of the bundle; requests go through src/kube/transport.ts');
  }
}

export { NotBundled as Agent, NotBundled as ProxyAgent, NotBundled as Socks5ProxyAgent };
export const fetch = (): never => {
  throw new Error('undici is not part of the bundle; requests go through src/kube/transport.ts');
};
