import * as fc from 'fast-check';

// The same cases in every run, so that what fails is told by the change and not by the day. A failure names its seed; BATON_SEED is another
// one, and BATON_SEED=random one that nobody has seen.
const given = process.env['BATON_SEED'] ?? '20261121';
fc.configureGlobal({ seed: given === 'random' ? Date.now() : Number.parseInt(given, 10) });

export { fc };
