/**
 * The folders that come with the package beside the program. The path is relative to a module two folders below the root, as this one
 * is in `src/engine/` and every bundled one is in `dist/cli/`: keep it there.
 */
import { fileURLToPath } from 'node:url';

/** Intelligence that a start without any of its own uses. */
export const SAMPLE_INTEL = fileURLToPath(new URL('../../samples/intel', import.meta.url));

/** Pipelines that are known by name. */
export const BUILT_IN_PIPELINES = fileURLToPath(new URL('../../pipelines', import.meta.url));
