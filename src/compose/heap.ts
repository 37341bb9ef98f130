import v8 from 'node:v8';

/**
 * Imported before everything else. V8 lets the young generation grow to 3 × 16 MiB on a busy start and keeps it; nearly all of what a watch event
 * leaves behind is garbage at once, so a small one does as well: measured with 10,000 pods, the same CPU and 50 MiB less.
 */
v8.setFlagsFromString('--max-semi-space-size=2');
v8.setFlagsFromString('--semi-space-growth-factor=1');
