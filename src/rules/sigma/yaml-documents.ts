/** The YAML documents of a file beside the rules (pipelines, rule tests): all of them, or none and the place of the error. */
import { loadAll, YAMLException } from 'js-yaml';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { diagnostic } from '../../errors/diagnostic.ts';
import type { SigmaFile } from './collection.ts';
import type { SourceLocator } from './source-locator.ts';
import { RULE_SCHEMA } from './yaml-schema.ts';

export function readYamlDocuments(
  file: SigmaFile,
  locator: SourceLocator,
  diagnostics: Diagnostic[],
): readonly unknown[] {
  try {
    return loadAll(file.text, { schema: RULE_SCHEMA, filename: file.path });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const span = locator.spanAt(error.mark?.position ?? 0, 1);
    diagnostics.push(diagnostic('SIGMA_BAD_YAML', 'error', `no valid YAML: ${error.reason}`, { span }));
    return [];
  }
}
