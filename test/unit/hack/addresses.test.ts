import { describe, expect, it } from 'vitest';
import { chooseAddresses } from '../../../hack/cluster/addresses.ts';

describe('chooseAddresses', () => {
  it('gives a folder the same ranges each time, and two folders different names', () => {
    expect(chooseAddresses('/a', [])).toEqual(chooseAddresses('/a', []));
    expect(chooseAddresses('/a', []).id).not.toBe(chooseAddresses('/b', []).id);
  });

  it('steps over a range in which the machine has an address', () => {
    const first = chooseAddresses('/a', []);
    const second = chooseAddresses('/a', [first.host]);
    expect(second.host).not.toBe(first.host);
    expect(second.services).not.toBe(first.services);
  });

  it('says so when all ranges are taken', () => {
    const all = Array.from({ length: 64 }, (_, n) => `10.${128 + n}.0.1`);
    expect(() => chooseAddresses('/a', all)).toThrow('in use on this machine');
  });
});
